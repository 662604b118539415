"""Where time runs out without a plan: what single steps find and a bound of it, or a sentence."""

import numpy as np
import pytest

from mdp.core.errors import Cancelled, MdpError
from mdp.core.pins import Pins, pins_of
from mdp.core.plan import check_plan_fits, within
from mdp.core.problem import Dim, Problem, Resource, Term, check
from mdp.solve import last_resort, solve
from mdp.solve.last_resort import search
from mdp.solve.loose_bound import loose_bound
from mdp.solve.protocol import Limits

from .brute import best, everything, random_problem
from .test_several_limits import all_uses, with_resources
from .test_several_limits import best as best_of_all


def clique(dims: int = 22, options: int = 8) -> Problem:
    """Every pair of dims has a table of its own, and a narrower dim is as often slower as faster."""
    rng = np.random.default_rng(5)
    names = [f"d{i}" for i in range(dims)]
    pairs = [(a, b) for i, b in enumerate(names) for a in names[i + 1 :]]
    latency = [Term("t", None, p, rng.integers(2, 18, (options, options)).astype(float)) for p in pairs]
    worth = [Term("i", None, (n,), rng.permutation(options) + 1.0) for n in names]
    some = tuple(Term("r", None, (n,), np.arange(1.0, options + 1)) for n in names)
    made = tuple(Dim(n, "channels", tuple(range(1, options + 1))) for n in names)
    resource = (Resource("memory", "units", some),)
    return check(Problem("clique", "ms", made, (), tuple(latency), tuple(worth), resources=resource))


@pytest.fixture(scope="module")
def tangled() -> Problem:
    return clique()


def test_where_the_heuristics_find_nothing_there_is_a_plan_with_its_gap(tangled):
    plan = solve(tangled, 0.82 * tangled.dense_latency, time_limit=0.7)
    check_plan_fits(plan, tangled)
    assert not plan.optimal and plan.bound is not None and plan.importance <= plan.bound
    assert "stopped after 0.7 s" in plan.note and "% below the optimum" in plan.note
    assert "and 16 more have to be decided together" in plan.note


def test_where_there_is_none_the_least_latency_is_said(tangled):
    with pytest.raises(MdpError, match=r"within 0.7 s. The least latency found is \d+ ms \("):
        solve(tangled, 0.5 * tangled.dense_latency, time_limit=0.7)


@pytest.mark.parametrize("solver", ["uniform", "greedy"])
def test_a_heuristic_says_what_it_reaches_without_a_minute_more(tangled, solver):
    with pytest.raises(MdpError, match=r"whether others do is not known|found no plan within"):
        solve(tangled, 0.6 * tangled.dense_latency, solver, time_limit=1.0)


def test_pins_and_limits_hold(tangled):
    pins = pins_of(Pins({"d3": (2, 4), "d5": (7, 7)}), tangled)
    most = {"memory": 0.7 * tangled.dense_use("memory")}
    plan = solve(tangled, 0.87 * tangled.dense_latency, pins=pins, most=most, time_limit=0.7)
    check_plan_fits(plan, tangled)
    assert 2 <= plan.choices["d3"] <= 4 and plan.choices["d5"] == 7 and not plan.optimal
    assert plan.limits["memory"].used <= most["memory"] and plan.importance <= plan.bound


def test_never_more_than_there_is_and_never_a_bound_below_it(monkeypatch):
    monkeypatch.setattr(last_resort, "STARTS", 20)
    there = seen = 0
    for seed in range(40):
        problem = random_problem(seed)
        latency, importance = everything(problem)
        budget = float(np.quantile(latency, 0.3))
        surely, perhaps = best(latency, importance, budget)
        found = search(problem, budget, {}, [], Limits(time_limit=20.0).clock())
        there += surely is not None
        if found.choices is None or surely is None:
            continue
        seen += 1
        used, value = problem.evaluate(found.choices, found.removed)
        assert within(used, budget) and value <= perhaps + 1e-9 * (1 + abs(perhaps))
        bound = loose_bound(problem, budget, value, Limits().clock())
        assert bound is None or bound >= surely - 1e-12 * (1 + abs(surely)), seed
    assert seen >= 0.9 * there > 30


def test_several_limits_by_single_steps(monkeypatch):
    monkeypatch.setattr(last_resort, "STARTS", 20)
    seen = 0
    for seed in range(15):
        problem = with_resources(seed, 2)
        uses, importance = all_uses(problem)
        limits = np.quantile(uses, 0.6, axis=0)
        most = {f"r{i}": float(limits[i + 1]) for i in range(2)}
        found = search(problem, float(limits[0]), most, [], Limits(time_limit=20.0).clock())
        if found.choices is not None:
            _, perhaps = best_of_all(uses, importance, limits)
            assert perhaps is not None
            assert problem.evaluate(found.choices, found.removed)[1] <= perhaps + 1e-9 * (1 + abs(perhaps))
            seen += 1
    assert seen > 10


def test_it_can_be_cancelled(tangled):
    with pytest.raises(Cancelled):
        search(tangled, 1.0, {}, [], Limits(time_limit=5.0, cancelled=lambda: True).clock())
