"""The exact solver against brute force, and against optima proven elsewhere."""

import contextlib
from unittest import mock

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mdp.core.errors import Infeasible
from mdp.core.plan import within
from mdp.solve import Limits, fastest
from mdp.solve.analysis.front import supported
from mdp.solve.exact import pareto_lists as lists
from mdp.solve.exact import root_search as roots
from mdp.solve.exact import solver as exact

from .brute import best, everything, random_problem


def as_large(really: bool):
    """Small problems fit into one list; this keeps them a tree, with windows that start small, as large
    problems are."""
    if not really:
        return contextlib.nullcontext()
    stack = contextlib.ExitStack()
    stack.enter_context(mock.patch.multiple(lists, SMALL=0, GROWTH=0))
    stack.enter_context(mock.patch.object(roots, "FIRST", 2))
    return stack


@settings(max_examples=400, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    where=st.lists(st.integers(-10, 110), min_size=1, max_size=4),
    large=st.booleans(),
)
def test_same_optimum_as_brute_force(seed, where, large):
    problem = random_problem(seed)
    with as_large(large):
        same_as_brute_force(problem, seed, where)


def same_as_brute_force(problem, seed, where):
    latency, importance = everything(problem)
    low, high = latency.min(), latency.max()
    # Budgets between points, and budgets that some choice meets to the last digit.
    budgets = [low + f / 100 * (high - low) for f in where] + list(
        np.random.default_rng(seed).choice(latency, 3)
    )
    for budget in budgets:
        surely, perhaps = best(latency, importance, budget)
        try:
            plan = exact.solve(problem, budget)
        except Infeasible as stop:
            assert surely is None
            assert stop.smallest == pytest.approx(low, abs=1e-9)
            continue
        assert perhaps is not None
        assert plan.importance <= perhaps + 1e-9
        assert surely is None or plan.importance >= surely - 1e-9
        assert plan.bound == pytest.approx(plan.importance, rel=1e-9, abs=1e-9)
        assert plan.optimal and plan.solver == "exact"
        assert within(plan.latency, budget)
        assert problem.evaluate(plan.choices, plan.removed_blocks) == (plan.latency, plan.importance)


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_fastest(seed):
    problem = random_problem(seed)
    latency, _ = everything(problem)
    plan = fastest(problem)
    assert plan.latency == pytest.approx(latency.min(), abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_neighbouring_budgets_from_what_is_kept(seed):
    """Many budgets for one object: kept closings answer as a fresh one would."""
    problem = random_problem(seed)
    with as_large(True):
        exact.prepared(problem)
    latency, importance = everything(problem)
    for budget in np.random.default_rng(seed).choice(np.linspace(latency.min(), latency.max() + 1, 60), 25):
        surely, perhaps = best(latency, importance, budget)
        plan = exact.solve(problem, budget)
        assert plan.importance <= perhaps + 1e-9
        assert surely is None or plan.importance >= surely - 1e-9


@example(seed=649264562)  # two choices as important but for rounding
@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_hull_holds_every_choice(seed):
    problem = random_problem(seed)
    with as_large(seed % 3 > 0):
        exact.prepared(problem)
    latency, importance = everything(problem)
    points = supported(problem)
    x = np.array([p.plan.latency for p in points])
    y = np.array([p.plan.importance for p in points])
    assert (np.diff(x) > 0).all() and (np.diff(y) > 0).all()
    inside = latency >= x[0]
    assert (importance[inside] <= np.interp(latency[inside], x, y) + 1e-9).all()
    for point in points:
        assert point.plan.importance <= best(latency, importance, point.plan.latency)[1] + 1e-9


def test_out_of_time_says_what_is_known():
    stopped = 0
    for seed in range(60):
        problem = random_problem(seed)
        latency, importance = everything(problem)
        with as_large(True):
            exact.prepared(problem)
        for budget in np.quantile(latency, np.linspace(0.05, 0.95, 7)):
            plan = exact.solve(problem, budget, Limits(time_limit=-1.0))
            surely, perhaps = best(latency, importance, budget)
            assert within(plan.latency, budget) and plan.optimal == (plan.note == "")
            assert plan.importance <= perhaps + 1e-9
            assert surely is None or plan.bound >= surely - 1e-9
            if plan.optimal and surely is not None:
                assert plan.importance >= surely - 1e-9
            stopped += not plan.optimal
    assert stopped
