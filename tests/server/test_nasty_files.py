"""A study or plan from a stranger can at worst be refused: one value changed to something nasty, anywhere."""

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdp.core.errors import BadFile, MdpError
from mdp.core.plan import load_plan, plan_to_json
from mdp.core.study import load_study, save_study, study_to_json
from mdp.solve import solve
from mdp_widgets.state.explorer_state import ExplorerState
from mdp_widgets.widgets.budget import plan_facts
from mdp_widgets.widgets.header import study_facts

from ..synthetic import synthetic_vit

STUDY = synthetic_vit(blocks=2, embed=96, heads=2)
GOOD = study_to_json(STUDY)
PLAN = plan_to_json(solve(STUDY.problem, 0.6 * STUDY.problem.dense_latency))
HUGE = "HUGE"  # written as 1e999, which JSON allows and which no number can hold
NASTY = [
    None, True, -1, 0, 10**40, 1e308, HUGE, "", "x", "../../../etc/passwd", "a/b\\c\0d",
    "<script>alert(1)</script>", [], {}, [[]], [None], {"a": {"b": []}}, [1e308] * 9,
]  # fmt: skip


def places(value, at=()):
    """Every path into nested dicts and lists; of long lists the first two and the last."""
    yield at
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*at, key))
    elif isinstance(value, list):
        for i in {0, 1, len(value) - 1} & set(range(len(value))):
            yield from places(value[i], (*at, i))


def changed(value, at, to):
    value = copy.deepcopy(value)
    if not at:
        return to
    inner = value
    for key in at[:-1]:
        inner = inner[key]
    inner[at[-1]] = to
    return value


def write(path, value):
    path.write_text(json.dumps(value).replace(f'"{HUGE}"', "1e999"))
    return path


@settings(deadline=None, max_examples=150)
@given(at=st.sampled_from(list(places(GOOD))), to=st.sampled_from(NASTY))
def test_a_study_opens_or_is_refused_with_a_sentence(tmp_path_factory, at, to):
    path = write(tmp_path_factory.mktemp("nasty") / "study.json", changed(GOOD, at, to))
    selection = ExplorerState()
    if selection.open(path):
        assert selection.plan.latency <= selection.budget
        assert study_facts(selection.study) and plan_facts(selection.study, selection.plan)
        saved = save_study(selection.study, path.parent / "again.json")
        assert saved.parent == path.parent
    else:
        assert selection.error.endswith((".", "!")) and selection.study is None


@settings(deadline=None, max_examples=100)
@given(at=st.sampled_from(list(places(PLAN))), to=st.sampled_from(NASTY))
def test_a_plan_is_read_or_refused_with_a_sentence(tmp_path_factory, at, to):
    path = write(tmp_path_factory.mktemp("nasty") / "plan.json", changed(PLAN, at, to))
    try:
        load_plan(path)
    except MdpError as error:
        assert str(error).endswith((".", "!"))


@pytest.mark.parametrize("text", [
    "", "[", "null", '{"format": NaN}', "[" * 100_000, '{"a":' * 100_000, "\ufeff{}", "1" * 10_000, '"x"',
    '{"format": "mdp-study/1"}', '{"format": "mdp-study/99", "name": "x"}',
])  # fmt: skip
@pytest.mark.parametrize("load", [load_study, load_plan])
def test_what_is_no_such_file_is_said(tmp_path, text, load):
    path = tmp_path / "file.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadFile, match=r"\.$"):
        load(path)


def test_names_lead_nowhere_else(tmp_path, monkeypatch):
    monkeypatch.setenv("MDP_DATA", str(tmp_path))
    for name in ("../../outside", "/etc/passwd", "a\\..\\b", ".."):
        for named in (changed(GOOD, ("name",), name), changed(GOOD, ("model", "name"), name)):
            path = write(tmp_path / "study.json", named)
            try:
                study = load_study(path)
            except MdpError:
                continue
            saved = save_study(study)
            assert saved.resolve().parent == (tmp_path / "user" / "studies").resolve()
