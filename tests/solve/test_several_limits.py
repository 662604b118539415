"""Several limits against brute force: the same optimum, proven, or a contradiction that there is."""

import contextlib
import itertools
from dataclasses import replace
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdp.core.errors import Infeasible, MdpError
from mdp.core.plan import within
from mdp.core.problem import Problem
from mdp.core.terms import Dim, Resource, Term
from mdp.solve import Pins, front, solve
from mdp.solve.analysis.front import without_repeats
from mdp.solve.limited import last_pair, lists, pairing, search, windows

from .brute import everything, random_problem


def with_resources(seed: int, count: int) -> Problem:
    """A random problem with `count` resources: correlated with latency, or not, or whole numbers."""
    problem = random_problem(seed)
    rng = np.random.default_rng(seed + 1)
    found = []
    for i in range(count):
        kind = rng.integers(3)
        terms = []
        for t in (*problem.latency, *problem.importance):
            if rng.random() < 0.7:
                noise = rng.random(t.values.shape)
                values = t.values + noise if kind == 0 else 50 * noise if kind == 1 else np.round(9 * noise)
                terms.append(Term(t.name, t.block, t.dims, values))
        found.append(Resource(f"r{i}", "units", tuple(terms)))
    return replace(problem, resources=tuple(found))


def all_uses(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Latency and resources (choices, 1 + resources), and importance, of every choice."""
    latency, importance = everything(problem)
    columns = [latency]
    for resource in problem.resources:
        columns.append(everything(replace(problem, latency=resource.terms))[0])
    return np.stack(columns, axis=1), importance


def best(uses, importance, limits) -> tuple[float | None, float | None]:
    """By choices that surely fit, and by those that perhaps do: the last digit of a sum is not sure."""
    hair = 1e-12 * (np.abs(uses).max(axis=0) + 1)
    answers = []
    for room in (limits + 0.4e-9 * np.abs(limits) - hair, limits + 1e-9 * np.abs(limits) + hair):
        fits = (uses <= room).all(axis=1)
        answers.append(float(importance[fits].max()) if fits.any() else None)
    return answers[0], answers[1]


def as_large(really: bool):
    """Small problems fit into one list; this keeps them a tree, with small windows and many splits."""
    stack = contextlib.ExitStack()
    if really:
        stack.enter_context(mock.patch.multiple(lists, SMALL=0, GROWTH=0))
        stack.enter_context(mock.patch.object(search, "SUMS", 4))
        stack.enter_context(mock.patch.object(windows, "FIRST", 2))
        stack.enter_context(mock.patch.object(pairing, "FEW", 2))
        stack.enter_context(mock.patch.object(last_pair, "CHUNK", 50))
    return stack


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_front_is_the_best_plan_at_each_budget(seed):
    problem = with_resources(seed, 1)
    uses, importance = all_uses(problem)
    limit = float(np.quantile(uses[:, 1], 0.6))
    fits = uses[:, 1] <= limit + 1e-9 * abs(limit)
    low, dense = uses[fits, 0].min(), problem.dense_latency
    budgets = [float(b) for b in np.linspace(low, max(low, dense), 12)]
    every = front(problem, budgets, most={"r0": limit}).points
    for point in every:
        surely, perhaps = best(uses, importance, np.array([point.budget, limit]))
        least = perhaps if surely is None else surely
        assert least - 1e-9 * max(1, abs(least)) <= point.plan.importance and point.plan.optimal
        assert within(point.plan.latency, point.budget) and point.plan.budget == point.budget
    kept = without_repeats(every)
    plans = [(dict(p.plan.choices), p.plan.removed_blocks) for p in kept]
    assert all(a != b for a, b in itertools.pairwise(plans))
    assert {p.plan.importance for p in kept} == {p.plan.importance for p in every}


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 3), large=st.booleans())
def test_same_optimum_as_brute_force(seed, count, large):
    problem = with_resources(seed, count)
    uses, importance = all_uses(problem)
    rng = np.random.default_rng(seed)
    with as_large(large):
        for _ in range(3):
            # Limits that some choice meets to the last digit, or a place between the least and the most.
            at = uses[rng.integers(len(uses), size=count + 1), np.arange(count + 1)]
            between = uses.min(axis=0) + rng.random(count + 1) * np.ptp(uses, axis=0)
            same_as_brute_force(problem, uses, importance, np.where(rng.random(count + 1) < 0.5, at, between))


def same_as_brute_force(problem, uses, importance, limits):
    surely, perhaps = best(uses, importance, limits)
    most = {r.name: limit for r, limit in zip(problem.resources, limits[1:].tolist(), strict=True)}
    try:
        plan = solve(problem, limits[0], most=most)
    except Infeasible:
        assert surely is None
        return
    assert perhaps is not None
    # Where rounding could decide, as beside an importance of 0, nothing is claimed.
    assert plan.optimal or "float64" in plan.note
    assert not plan.optimal or plan.bound == pytest.approx(plan.importance, rel=1e-9, abs=1e-9)
    assert plan.importance <= perhaps + 1e-9
    assert surely is None or plan.importance >= surely - 1e-9
    assert within(plan.latency, limits[0])
    used = problem.uses(plan.choices, plan.removed_blocks)
    for name, limit in most.items():
        assert within(used[name], limit)
        assert plan.limits[name].used == used[name] and plan.limits[name].most == limit


@pytest.mark.parametrize("seed", range(6))
def test_milp_finds_the_same(seed):
    problem = with_resources(seed, 2)
    uses, _ = all_uses(problem)
    limits = np.quantile(uses, 0.4, axis=0)
    most = {"r0": limits[1], "r1": limits[2]}
    try:
        plan = solve(problem, limits[0], most=most)
    except Infeasible:
        with pytest.raises(Infeasible):
            solve(problem, limits[0], "milp", most=most)
        return
    other = solve(problem, limits[0], "milp", most=most)
    assert other.importance == pytest.approx(plan.importance, rel=1e-7, abs=1e-7)


def test_pins_hold_beside_limits():
    tried = 0
    for seed in range(40):
        problem = with_resources(seed, 1)
        names = [b.name for b in problem.blocks if b.removable]
        if not names:
            continue
        uses, _ = all_uses(problem)
        limits = np.quantile(uses, 0.6, axis=0)
        with contextlib.suppress(Infeasible):
            plan = solve(problem, limits[0], pins=Pins(blocks={names[0]: True}), most={"r0": limits[1]})
            assert names[0] not in plan.removed_blocks and plan.optimal
            tried += 1
    assert tried > 5


def test_all_limits_that_nothing_meets_are_named():
    problem = with_resources(4, 2)
    uses, _ = all_uses(problem)
    low = uses.min(axis=0) - 1
    with pytest.raises(Infeasible) as stop:
        solve(problem, float(low[0]), most={"r0": float(low[1]), "r1": float(low[2])})
    assert (
        str(stop.value).count("No choice") == 3 and "r0 to" in str(stop.value) and "r1 to" in str(stop.value)
    )
    assert stop.value.smallest == pytest.approx(uses[:, 0].min())


def test_contradiction_says_what_would_do():
    told = 0
    for seed in range(60):
        problem = with_resources(seed, 1)
        uses, _ = all_uses(problem)
        # Both can be met alone; together perhaps not.
        limits = uses.min(axis=0) + 0.02 * np.ptp(uses, axis=0)
        try:
            solve(problem, limits[0], most={"r0": limits[1]})
        except Infeasible as stop:
            assert best(uses, uses[:, 0], limits)[0] is None
            assert "contradict each other" in str(stop) and "latency" in str(stop) and "r0" in str(stop)
            nearest = uses[uses[:, 1] <= limits[1] * (1 + 1e-9), 0].min()
            assert stop.smallest == pytest.approx(nearest, rel=1e-9, abs=1e-9)
            told += 1
    assert told > 3


def test_who_knows_latency_only_says_so():
    from mdp.core.study import load_study

    problem = load_study("fmnist-resnet-cpu").problem
    dense = problem.dense_use("parameters")
    for name in ("greedy", "uniform", "halp", "random"):
        with pytest.raises(MdpError, match=f"{name} knows latency only"):
            solve(problem, 0.9 * problem.dense_latency, name, most={"parameters": 0.2 * dense})
        plan = solve(problem, 0.5 * problem.dense_latency, name, most={"parameters": dense})
        assert plan.limits["parameters"].used <= dense
    with pytest.raises(MdpError, match="cannot limit 'weight'"):
        solve(problem, 1.0, most={"weight": 3.0})


@pytest.mark.filterwarnings("error")
def test_numbers_of_any_size_give_no_warning():
    dims = (Dim("a", 2, (1, 2)), Dim("b", 2, (1, 2)))
    size = Term("s", None, ("a", "b"), np.array([[1e-300, 2e-300], [3e-300, 5e-300]]))
    worth = Term("i", None, ("a", "b"), np.array([[1e9, 3e9], [2e9, 9e9]]))
    time = Term("t", None, ("a", "b"), np.array([[1.0, 2.0], [3.0, 4.0]]))
    problem = Problem(
        "tiny", "ms", dims, (), (time,), (worth,), resources=(Resource("size", "units", (size,)),)
    )
    plan = solve(problem, 4.0, most={"size": 4e-300})
    assert plan.importance == 3e9
