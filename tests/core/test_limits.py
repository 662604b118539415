"""No file uses up memory or patience, and no number in one leads to a false answer."""

import copy
import dataclasses
import json
import os

import numpy as np
import pytest

from mdp.core import study as studies
from mdp.core.errors import BadFile, MdpError
from mdp.core.files import MOST_BYTES, parse_json, read_json
from mdp.core.plan import check_plan_fits, plan_from_json, plan_to_json
from mdp.core.problem import problem_from_json, problem_to_json
from mdp.core.scores import read_scores
from mdp.core.study import list_studies, save_study, study_from_json, study_to_json
from mdp.core.study_record import without_counts
from mdp.solve import solve

from ..synthetic import synthetic_vit

STUDY = synthetic_vit(blocks=2, embed=96, heads=2)
PROBLEM = problem_to_json(without_counts(STUDY.problem))


def problem(**changes):
    return problem_from_json({**copy.deepcopy(PROBLEM), **changes})


def dims(count, **more):
    return [{"name": f"d{i}", "kind": "c", "options": [1, 2], **more} for i in range(count)]


@pytest.mark.parametrize("changes", [
    {"dims": dims(60_000)},
    {"blocks": [{"name": f"b{i}"} for i in range(60_000)]},
    {"latency": [{"name": "t", "block": None, "dims": [], "values": 1}] * 60_000},
    {"dims": dims(1, options=[1, 3_000_000_000])},
    {"dims": dims(1, options=[1, 10**18])},
    {"dims": dims(30), "latency": [{"name": "t", "block": None, "dims": [d["name"] for d in dims(30)]}]},
])  # fmt: skip
def test_more_than_any_network_has(changes):
    with pytest.raises(BadFile, match=r"more than|has more units"):
        problem(**{"latency": [], "importance": [], "blocks": [], **changes})


def test_a_list_of_some_thousand_names_is_no_quadratic_work():
    assert len(problem(dims=dims(9000), blocks=[], latency=[], importance=[]).dims) == 9000


@pytest.mark.parametrize("text", [
    '{"a": 1' + "0" * 400 + "}", '{"a": 1' + "0" * 400 + ".0}", '{"a": -1e400}', '{"a": 1e+0400}',
    "[" * 600 + "]" * 600, '{"a":' * 600 + "1" + "}" * 600, "[" + "[]," * 1_000_001 + "1]",
    '{"a": "\\ud800"}', '{"\\udfff": 1}', '{"a": "b\\u0000"}',
])  # fmt: skip
def test_what_json_allows_and_nothing_here_uses(text):
    with pytest.raises(BadFile, match=r"cannot be used: .*\.$"):
        parse_json(text, "file")


def test_characters_beyond_the_first_plane_are_text():
    assert parse_json('{"a": "\\ud83d\\ude00", "b": "\\\\u0000 \\\\ud800"}', "file")["a"] == "😀"


def test_a_file_larger_than_any_of_ours_is_not_read(tmp_path):
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(100 * MOST_BYTES)  # takes no room
    with pytest.raises(BadFile, match="larger than"):
        read_json(path)
    if os.path.exists("/dev/zero"):
        with pytest.raises(BadFile, match="larger than"):
            read_json("/dev/zero")
    for odd in ("a\0b", tmp_path, "x" * 5000):
        with pytest.raises(BadFile):
            read_json(odd)


def test_the_list_of_studies_reads_heads_only(monkeypatch):
    path = save_study(STUDY)
    real = studies.load_study
    load = lambda p: pytest.fail(f"{p} was read") if p == path else real(p)  # noqa: E731
    monkeypatch.setattr(studies, "load_study", load)
    told = next(s for s in list_studies() if s["path"] == str(path))
    assert told["dataset"] == STUDY.scores.provenance.get("dataset") and told["measured"] is False
    save_study(dataclasses.replace(STUDY, accuracy={"dense": 0.5, "plans": [{}]}))
    assert next(s for s in list_studies() if s["path"] == str(path))["measured"] is True
    # Much after the head, that no list needs, and a FIFO that nobody writes.
    path.write_text(path.read_text().rstrip()[:-1] + ', "more": [' + "1," * 10**6 + "1]}")
    assert str(path) in [s["path"] for s in list_studies()]


def test_a_fifo_among_the_studies_stops_nobody():
    path = save_study(STUDY).with_name("fifo.json")
    os.mkfifo(path)
    assert any("fifo" in s["path"] and "error" in s for s in list_studies())


@pytest.mark.parametrize("value", [1.7e308, 5e-324, 1e-310, -1.7e308, 2**70])
@pytest.mark.parametrize("kind", ["latency", "importance"])
def test_numbers_that_sums_cannot_take_in(kind, value):
    terms = copy.deepcopy(PROBLEM[kind])
    flat = terms[0]["values"]
    while isinstance(flat[0], list):
        flat = flat[0]
    flat[0] = value
    if value == 2**70:
        assert solve(problem(**{kind: terms}), 1e30).latency > 0
    else:
        with pytest.raises(BadFile, match="sums cannot take in"):
            problem(**{kind: terms})


def test_importance_that_its_shares_do_not_make():
    data = json.loads(json.dumps(study_to_json(STUDY)))
    assert study_from_json(data)
    for change in (
        lambda p: p["importance"][0]["values"].__setitem__(-1, 1e6),
        lambda p: p["importance"].pop(),
        lambda p: p["importance"].reverse(),
        lambda p: p["importance"][0].update(block="blocks.0"),
    ):
        forged = copy.deepcopy(data)
        change(forged["problem"])
        with pytest.raises(BadFile, match="is not the sum of the shares"):
            study_from_json(forged)


def test_what_blocks_are_worth_as_a_whole_counts_in_the_importance():
    block = STUDY.problem.blocks[0].name
    scores = dataclasses.replace(STUDY.scores, blocks={block: -0.25})
    terms = scores.terms(STUDY.problem.dim)
    study = dataclasses.replace(
        STUDY, scores=scores, problem=dataclasses.replace(STUDY.problem, importance=terms)
    )
    data = json.loads(json.dumps(study_to_json(study)))
    assert study_from_json(data).scores.blocks == {block: -0.25}
    assert study_from_json(data).problem.importance[-1].dims == ()
    for value, words in (
        (-0.5, "is not the sum of the shares"), ("x", "damaged"), (None, "damaged"), (True, "damaged"),
    ):  # fmt: skip
        data["importance"]["blocks"] = {block: value}
        with pytest.raises(BadFile, match=words):
            study_from_json(data)
    for blocks in ({}, {"elsewhere": -0.25}, {block: -0.25, "elsewhere": 1.0}, [], 3):
        data["importance"]["blocks"] = blocks
        with pytest.raises(BadFile):
            study_from_json(data)


def forged(**changes):
    plan = solve(STUDY.problem, 0.5 * STUDY.problem.dense_latency)
    check_plan_fits(plan, STUDY.problem)
    return plan_from_json({**plan_to_json(plan), **changes})


@pytest.mark.parametrize("changes", [
    {"budget": 1.0}, {"budget": 1e9}, {"bound": 1e9}, {"bound": None}, {"bound": 0.0}, {"latency_unit": "s"},
    {"importance": 1e6, "bound": 1e6}, {"latency": 0.5},
])  # fmt: skip
def test_a_plan_that_claims_what_cannot_be(changes):
    with pytest.raises(MdpError, match="changed after it was made"):
        check_plan_fits(forged(**changes), STUDY.problem)


def test_scores_of_odd_orders(tmp_path):
    path = tmp_path / "scores.json"
    model = study_to_json(STUDY)["model"]
    for order in ([2**63], [2**64 - 1], [[0]], 0, {}, [0.5], ["0"], [True, False]):
        share = {"name": "a", "block": None, "dim": "d", "values": [1.0]}
        body = {"model": model, "provenance": {}, "order": {"d": order}, "shares": [share]}
        path.write_text(json.dumps({"format": "mdp-scores/1", **body}))
        with pytest.raises(BadFile):
            read_scores(path)


def test_tables_and_scores_of_other_widths_make_no_study():
    from mdp.core.space import Space, SpaceDim
    from mdp.core.study import Scores, build_study

    space = Space("m", "f", tuple(SpaceDim(d.name, d.kind, d.dense, d.options) for d in STUDY.problem.dims),
                  STUDY.problem.blocks)  # fmt: skip
    short = {d: np.arange(3) for d in STUDY.scores.order}
    shares = tuple((n, b, d, np.ones(3)) for n, b, d, _ in STUDY.scores.shares)
    with pytest.raises(MdpError, match="units"):
        build_study("x", STUDY.model, space, STUDY.tables, Scores(short, shares, {}))
