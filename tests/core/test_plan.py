"""The plan: re-evaluated from the tables, frozen, refused where it does not fit."""

import copy
import dataclasses

import pytest

from mdp.core.errors import BadFile, MdpError
from mdp.core.plan import (
    check_plan_fits,
    infeasible,
    load_plan,
    make_plan,
    parse_budget,
    plan_from_json,
    plan_to_json,
    save_plan,
)
from mdp.core.problem import problem_from_json

from .test_problem import SMALL


@pytest.fixture
def small():
    return problem_from_json(copy.deepcopy(SMALL))


def plan_of(problem, **changes):
    arguments = {
        "budget": 2,
        "choices": {"stem": 4, "a": 3},
        "removed": ["one"],
        "solver": "by hand",
        "seconds": 0,
    }
    arguments |= changes
    budget, choices, removed = (arguments.pop(k) for k in ("budget", "choices", "removed"))
    return make_plan(problem, budget, choices, removed, **arguments)


def test_a_plan_is_evaluated_from_the_tables(small):
    plan = plan_of(small)
    assert (plan.latency, plan.importance) == (1.5, 10)
    assert plan.choices == {"stem": 4, "a": None}  # no kept block uses dim a
    assert plan.removed_blocks == ("one",)


def test_an_answer_over_the_budget_is_refused(small):
    with pytest.raises(MdpError, match=r"over the budget of 1\.4"):
        plan_of(small, budget=1.4)


def test_a_bound_is_never_below_what_was_found(small):
    assert plan_of(small, bound=10 - 1e-12).bound == 10


def test_round_trip(small, tmp_path):
    plan = plan_of(small, bound=12.0, shadow_price=0.25, note="a note")
    save_plan(plan, tmp_path / "plan.json")
    assert load_plan(tmp_path / "plan.json") == plan
    with pytest.raises(dataclasses.FrozenInstanceError):
        plan.budget = 3


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", "x"),
        ("latency", "fast"),
        ("bound", []),
        ("optimal", 1),
        ("choices", {"a": 1.5}),
        ("removed_blocks", "one"),
        ("removed_blocks", ["one", "one"]),
        ("solver", None),
        ("surprise", 1),
    ],
)
def test_a_damaged_plan_is_refused(small, key, value):
    with pytest.raises(BadFile):
        plan_from_json({**plan_to_json(plan_of(small)), key: value})


def test_a_plan_for_another_problem_is_refused(small):
    data = copy.deepcopy(SMALL)
    data["latency"][1]["values"] = [1, 3]
    with pytest.raises(MdpError, match=f"for another '{small.name}' and does not fit this one: their dims"):
        check_plan_fits(plan_of(small), problem_from_json(data))  # measured anew, under the same name
    with pytest.raises(MdpError, match="does not fit 'of another name'"):
        check_plan_fits(plan_of(small), problem_from_json({**data, "name": "of another name"}))
    check_plan_fits(plan_of(small), small)


@pytest.mark.parametrize("change", [{"latency": 0.5}, {"importance": 1e6}])
def test_a_plan_whose_numbers_are_not_the_tables_is_refused(small, change):
    with pytest.raises(MdpError, match="changed after it was made"):
        check_plan_fits(dataclasses.replace(plan_of(small), **change), small)


@pytest.mark.parametrize(
    ("text", "value"), [("2.5", 2.5), ("50%", 4.25), (" 100 % ", 8.5), (3, 3.0), ("1e9", 1e9)]
)
def test_budgets(small, text, value):
    assert parse_budget(text, small) == value


@pytest.mark.parametrize("text", ["abc", "", "%", "nan", "inf", "1,5", "1e999"])
def test_budgets_that_are_no_numbers(small, text):
    with pytest.raises(MdpError, match="not a number"):
        parse_budget(text, small)


def test_infeasible_says_what_is_possible(small):
    error = infeasible(small, 1, 1.5)
    assert error.smallest == 1.5
    assert "1.5 ms (17.6 % of dense)" in str(error)
