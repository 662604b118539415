"""A plan file whose budget, limits or pins were changed by hand is not believed."""

import dataclasses
import json
from types import SimpleNamespace

import pytest

from mdp.cli import main
from mdp.cli.extract import read_plan
from mdp.core.errors import BadFile, MdpError
from mdp.core.pins import pins_of
from mdp.core.plan import check_plan_fits, load_plan, plan_from_json, plan_to_json, save_plan
from mdp.core.plan_accuracy import PlanAccuracy, as_measured, with_accuracy, with_plans
from mdp.core.study import load_study
from mdp.solve import SOLVERS, candidates, check_claim, front, solve

STUDY = load_study("fmnist-vit-cpu")
PROBLEM = STUDY.problem
HALF = 0.5 * PROBLEM.dense_latency
MOST = {"parameters": 0.2 * PROBLEM.dense_use("parameters")}
PINS = pins_of({"blocks.2": "keep", "blocks.0.mlp": (64, 128)}, PROBLEM)


def again(plan):
    return plan_from_json(json.loads(json.dumps(plan_to_json(plan))))


@pytest.mark.parametrize("pins", [None, PINS])
@pytest.mark.parametrize("most", [None, MOST])
def test_what_a_solver_says_is_believed(pins, most):
    plan = again(solve(PROBLEM, HALF, pins=pins, most=most))
    assert plan.optimal and bool(plan.pins) == bool(pins)
    check_claim(plan, PROBLEM)


@pytest.mark.parametrize("name", sorted(set(SOLVERS) - {"mindtpy", "mindtpy-fp"}))
def test_whichever_solver_it_is(name):
    check_claim(again(solve(PROBLEM, HALF, name)), PROBLEM)


def test_candidates_and_fronts_note_their_pins():
    for plan in candidates(PROBLEM, HALF, 4, pins=PINS).plans:
        check_claim(again(plan), PROBLEM)
    found = front(PROBLEM, [HALF], pins=PINS)
    for plan in (found.points[0].plan, found.supported[len(found.supported) // 2].plan):
        assert plan.pins
        check_claim(again(plan), PROBLEM)


def raised(limit):
    return {"limits": {"parameters": {**limit, "most": 2 * limit["most"]}}}


@pytest.mark.parametrize("change", [
    lambda data: {"budget": 1.5 * data["budget"], "limits": {}},
    lambda data: raised(data["limits"]["parameters"]),
    lambda data: {"limits": {}},
    lambda data: {"pins": ""},
    lambda data: {"pins": "blocks.2=kept"},
])  # fmt: skip
def test_a_budget_a_limit_or_a_pin_that_was_changed(change):
    data = plan_to_json(solve(PROBLEM, HALF, pins=PINS, most=MOST))
    forged = plan_from_json({**data, **change(data)})
    check_plan_fits(forged, PROBLEM)  # every sum is right
    with pytest.raises(MdpError, match="were changed after it was made"):
        check_claim(forged, PROBLEM)


@pytest.mark.parametrize(("pins", "words"), [
    ("blocks.2=removed", "breaks its own pin"), ("blocks.0.mlp=384", "breaks its own pin"),
    ("blocks.77=kept", "cannot be pinned"), ("<b>", "cannot be pinned"),
    ("embedding=48..x", "cannot be pinned"), ("embedding=" + "9" * 5000, "cannot be pinned"),
    ("embedding=1.." + "9" * 5000, "cannot be pinned"),
])  # fmt: skip
def test_pins_that_are_not_the_plans(pins, words):
    plan = dataclasses.replace(solve(PROBLEM, HALF, pins=PINS), pins=pins)
    with pytest.raises(MdpError, match=words):
        check_claim(plan, PROBLEM)


@pytest.mark.parametrize("pins", [3, None, ["blocks.2=kept"], {}])
def test_pins_that_are_no_text(pins):
    with pytest.raises(BadFile, match="pins must be a text"):
        plan_from_json({**plan_to_json(solve(PROBLEM, HALF)), "pins": pins})


@pytest.mark.parametrize(("change", "words"), [
    ({"shadow_price": -0.1}, "shadow price"), ({"seconds": -1}, "solving took"),
    ({"solver": "oracle"}, "no solver here"), ({"solver": "<b>exact</b>"}, "no solver here"),
    ({"note": "x" * 6000}, "note has 6,000 letters"),
])  # fmt: skip
def test_what_is_said_of_how_it_was_found(change, words):
    plan = plan_from_json({**plan_to_json(solve(PROBLEM, HALF, most=MOST)), **change})
    with pytest.raises(MdpError, match=words):
        check_claim(plan, PROBLEM)
    limits = {"parameters": dataclasses.replace(plan.limits["parameters"], shadow_price=-1.0)}
    with pytest.raises(MdpError, match="shadow price of parameters"):
        check_claim(dataclasses.replace(plan, limits=limits, **{**change, "shadow_price": 1}), PROBLEM)


@pytest.mark.parametrize("solver", ["by hand", "other rates", "block alone", "mindtpy"])
def test_others_that_find_plans(solver):
    check_claim(dataclasses.replace(solve(PROBLEM, HALF), solver=solver), PROBLEM)


GOOD = {"share": 0.8, "images": 500, "stage": "cut", "estimate": False, "interval": [0.75, 0.85]}


@pytest.mark.parametrize("change", [
    {"share": 1.5}, {"share": True}, {"share": "0.8"}, {"stage": "best"}, {"stage": None}, {"images": -3},
    {"images": 2.5}, {"images": True}, {"estimate": 1}, {"measure": 3}, {"measure": "m" * 999}, {"more": 1},
    {"interval": 0.8}, {"interval": [0.8]}, {"interval": [0.9, 0.95]}, {"interval": [0.1, 2]},
    {"interval": ["a", "b"]},
])  # fmt: skip
def test_accuracy_of_other_kinds_and_ranges(change):
    data = plan_to_json(solve(PROBLEM, HALF))
    assert plan_from_json({**data, "accuracy": GOOD}).accuracy == GOOD
    with pytest.raises(BadFile, match="accuracy must"):
        plan_from_json({**data, "accuracy": {**GOOD, **change}})


def test_an_accuracy_that_the_study_measured_otherwise_is_said(tmp_path):
    plan = solve(PROBLEM, HALF)
    one = PlanAccuracy(plan.choices, plan.removed_blocks, plan.latency, plan.importance, 2000, 0.5, 0.7)
    study = dataclasses.replace(STUDY, accuracy=with_plans(STUDY, [one]))
    true = with_accuracy(study, plan)
    assert true.accuracy["share"] == 0.7 and as_measured(study, again(true)) == true
    assert as_measured(study, plan).accuracy is None  # a file that says nothing stays so
    forged = dataclasses.replace(true, accuracy={**true.accuracy, "share": 0.99, "interval": None})
    held = as_measured(study, again(forged))
    assert held.accuracy == true.accuracy
    assert "says 99.00 % repaired" in held.note and "measured 70.00 % repaired" in held.note
    tuned = {"share": 0.9, "stage": "tuned"}  # of this the study knows nothing
    assert as_measured(study, dataclasses.replace(plan, accuracy=tuned)).accuracy == tuned
    save_plan(forged, tmp_path / "plan.json")
    told = []
    report = SimpleNamespace(message=told.append)
    assert read_plan(study, str(tmp_path / "plan.json"), None, report).accuracy == true.accuracy
    assert "its study measured 70.00 %" in told[0]


def test_the_command_line_refuses_it_too(tmp_path, capsys):
    plan = solve(PROBLEM, HALF, most=MOST)
    save_plan(dataclasses.replace(plan, limits={}), tmp_path / "plan.json")
    assert load_plan(tmp_path / "plan.json").optimal
    asked = ["--plan", str(tmp_path / "plan.json"), "--out", str(tmp_path / "out")]
    assert main(["extract", "fmnist-vit-cpu", *asked]) == 2
    assert "more importance" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
