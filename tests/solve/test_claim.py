"""A plan file whose budget, limits or pins were changed by hand is not believed."""

import dataclasses
import json

import pytest

from mdp.cli import main
from mdp.core.errors import BadFile, MdpError
from mdp.core.pins import pins_of
from mdp.core.plan import check_plan_fits, load_plan, plan_from_json, plan_to_json, save_plan
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


def test_the_command_line_refuses_it_too(tmp_path, capsys):
    plan = solve(PROBLEM, HALF, most=MOST)
    save_plan(dataclasses.replace(plan, limits={}), tmp_path / "plan.json")
    assert load_plan(tmp_path / "plan.json").optimal
    asked = ["--plan", str(tmp_path / "plan.json"), "--out", str(tmp_path / "out")]
    assert main(["extract", "fmnist-vit-cpu", *asked]) == 2
    assert "more importance" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
