"""The exact solver against brute force, and against optima proven elsewhere."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdp.errors import Infeasible
from mdp.plan import within
from mdp.solve import exact, fastest
from tests.solve.brute import best, everything, random_problem


@settings(max_examples=400, deadline=None)
@given(seed=st.integers(0, 2**32), where=st.lists(st.integers(-10, 110), min_size=1, max_size=4))
def test_same_optimum_as_brute_force(seed, where):
    problem = random_problem(seed)
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
