"""Behind `--no-long-work`, no message of a page writes a file, asks for a path, or ends a job."""

import pytest

from mdp import jobs
from mdp.core.errors import MdpError
from mdp.core.study import save_study
from mdp.solve import solve
from mdp_widgets.pages.explorer import Explorer
from mdp_widgets.state.saved_plans import delete_named, rename_named, save_named
from mdp_widgets.workflow.keep_budget import enforcing
from mdp_widgets.workflow.plans import plan_files
from mdp_widgets.workflow.study_draft import checked_data, checked_weights


@pytest.fixture
def page(vit, tmp_path, monkeypatch):
    monkeypatch.setenv("MDP_DATA", str(tmp_path))
    plan = solve(vit.problem, 0.5 * vit.problem.dense_latency)
    save_study(vit)
    shown = Explorer(vit)
    save_named(vit, "the host's", plan, shown.selection.pins)
    monkeypatch.setenv("MDP_LONG_WORK", "off")
    return shown


def files(folder):
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_messages_write_nothing(page, tmp_path):
    before = files(tmp_path)
    for kind in ("save", "rename", "delete", "choose", "compare", "list", "keep"):
        page.plans._receive(None, {"kind": kind, "name": "the host's", "to": "mine"}, [])
        page.plans._receive(None, {"kind": kind, "name": "new", "to": "mine"}, [])
    assert files(tmp_path) == before


def test_nothing_below_the_page_does(page, vit, tmp_path):
    before, selection = files(tmp_path), page.selection
    for act in (
        lambda: save_named(vit, "n", selection.plan, selection.pins),
        lambda: rename_named(vit, "the host's", "n"),
        lambda: delete_named(vit, "the host's"),
        lambda: plan_files(selection),
        lambda: enforcing(vit, 1.0, selection.pins),
        lambda: jobs.start(["studies"], "t"),
        lambda: jobs.cancel("20260101-000000-finetune-abcdef"),
    ):
        with pytest.raises(MdpError, match="switched off"):
            act()
    assert files(tmp_path) == before


def test_paths_that_are_there_and_others_are_answered_alike(page, tmp_path):
    (tmp_path / "there.safetensors").write_bytes(b"")
    said = set()
    for name in ("there", "nowhere"):
        for ask in (
            lambda n: checked_weights("resnet18", f"{tmp_path / n}.safetensors"),
            lambda n: checked_data(str(tmp_path if n == "there" else tmp_path / n)),
        ):
            with pytest.raises(MdpError) as error:
                ask(name)
            said.add(str(error.value))
    assert said == {jobs.refusal()}
