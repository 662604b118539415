"""milp, heuristics, pins, what-if, fronts, ablations and schedules, against brute force or exact."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.problems import DEIT_SMALL, synthetic
from mdp.core.errors import Cancelled, Infeasible, MdpError
from mdp.core.pins import pinned, removed_with
from mdp.core.plan import within
from mdp.core.progress import Reporter
from mdp.solve import (
    Limits,
    Pins,
    ablation,
    front,
    iterate,
    solve,
    what_if,
    with_few_removed,
    with_linear_latency,
)
from mdp.solve.analysis import whatif
from mdp.solve.analysis.schedule import budgets
from mdp.solve.exact import solver as exact
from mdp.solve.exact.point_pool import TooMany
from mdp.solve.milp import solver as milp
from mdp.solve.reference import mindtpy

from .brute import best, everything, random_problem

SEEDS = st.integers(0, 2**32)


def some_budget(problem, seed):
    latency, _ = everything(problem)
    return float(np.quantile(latency, np.random.default_rng(seed).uniform(0.05, 0.8)))


def middle_problem(seed):
    """A residual network in small: stages that blocks share, bottlenecks of three tables."""
    from benchmarks.problems import Transformer, synthetic

    return synthetic(Transformer("test", 4, 64, 3, head_width=16, embedding_step=16, mlp_step=64), seed)


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS)
def test_milp_finds_the_same(seed):
    problem = random_problem(seed)
    budget = some_budget(problem, seed)
    plan = milp.solve(problem, budget)
    if budget == 0 and any((t.values < 0).any() for t in problem.latency) and not plan.optimal:
        return  # sums that cancel to about nothing: a budget of 0 forgives nothing, HiGHS does
    assert plan.optimal and within(plan.latency, budget)
    assert plan.importance == pytest.approx(exact.solve(problem, budget).importance, rel=1e-6, abs=1e-6)
    assert plan.bound == pytest.approx(plan.importance, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.8])
def test_exact_and_milp_agree_on_middle_sizes(share):
    problem = middle_problem(1)
    budget = share * problem.dense_latency
    assert exact.solve(problem, budget).importance == pytest.approx(
        milp.solve(problem, budget).importance, rel=1e-7
    )


def test_milp_stops_on_request_and_on_time():
    problem = middle_problem(2)
    with pytest.raises(Cancelled):
        milp.solve(problem, 0.5 * problem.dense_latency, Limits(cancelled=lambda: True))
    large = synthetic(DEIT_SMALL, 7)  # takes half a minute without a limit
    with pytest.raises(MdpError, match="more time"):
        milp.solve(large, 0.6 * large.dense_latency, Limits(time_limit=0.01))


def random_pins(problem, rng):
    dims = {}
    for d in problem.dims:
        if rng.random() < 0.4:
            low, high = np.sort(rng.choice(d.options, 2))
            dims[d.name] = (int(low), int(high))
    blocks = {b.name: bool(rng.random() < 0.5) for b in problem.blocks if b.removable and rng.random() < 0.4}
    return Pins(dims, blocks)


@settings(max_examples=200, deadline=None)
@given(seed=SEEDS)
def test_pins(seed):
    problem = random_problem(seed)
    pins = random_pins(problem, np.random.default_rng(seed))
    smaller = pinned(problem, pins)
    latency, importance = everything(smaller)
    for solver in ("exact", "greedy", "random"):
        budget = float(np.median(latency))
        try:
            plan = solve(problem, budget, solver, pins=pins)
        except MdpError:
            assert solver != "exact"
            continue
        surely, perhaps = best(latency, importance, budget)
        assert plan.importance <= perhaps + 1e-9
        assert solver != "exact" or surely is None or plan.importance >= surely - 1e-9
        for name, (low, high) in pins.dims.items():
            assert plan.choices[name] is None or low <= plan.choices[name] <= high
        for name, kept in pins.blocks.items():
            assert (name in plan.removed_blocks) == (not kept)
    assert removed_with((), pins) == {n for n, k in pins.blocks.items() if not k}


def test_what_if_out_of_time_says_that_nothing_is_known():
    problem = random_problem(3)
    plan = solve(problem, some_budget(problem, 3))
    late = what_if(problem, plan, time_limit=1e-9)
    assert [a.name for a in late] == [a.name for a in what_if(problem, plan)]
    assert late and not any(a.known for a in late)
    assert all((a.plan, a.otherwise, a.smallest) == (None, None, None) for a in late)


def test_what_if_tells_what_is_proven_beside_what_is_too_wide(monkeypatch):
    problem = random_problem(3)
    plan = solve(problem, some_budget(problem, 3))
    answers = iter([TooMany()])

    def gives_up_once(*args):
        for stop in answers:
            raise stop
        return exact.plan_of(*args)

    monkeypatch.setattr(whatif, "exact", SimpleNamespace(plan_of=gives_up_once))
    assert [a.known for a in what_if(problem, plan)].count(False) == 1


@settings(max_examples=100, deadline=None)
@given(seed=SEEDS)
def test_what_if_is_the_best_with_the_opposite_decision(seed):
    problem = random_problem(seed)
    plan = solve(problem, some_budget(problem, seed))
    for other in what_if(problem, plan):
        if other.kind == "block":
            pins = Pins(blocks={other.name: other.now == "removed"})
            options = [pins]
        else:
            users = problem.dim_blocks[other.name]
            keep = {b: True for b in users if len(users) == 1 and b and problem.block[b].removable}
            options = [
                Pins({other.name: (o, o)}, keep) for o in problem.dim[other.name].options if o != other.now
            ]
        found = [v for v in (value(problem, plan.budget, p) for p in options) if v is not None]
        assert (other.plan is None) == (not found)
        if found:
            assert other.plan.importance == pytest.approx(max(found), abs=1e-9)
            assert other.importance_change <= 1e-9
            assert other.otherwise != other.now


def value(problem, budget, pins):
    try:
        return solve(problem, budget, pins=pins).importance
    except Infeasible:
        return None


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS)
def test_supported_points_are_the_concave_hull(seed):
    problem = random_problem(seed)
    latency, importance = everything(problem)
    result = front(problem, 7)
    found = [(s.plan.latency, s.plan.importance, s.multiplier) for s in result.supported]
    assert all(a[0] < b[0] and a[1] < b[1] and a[2] >= b[2] - 1e-9 for a, b in pairwise(found))
    scale = 1 + np.abs(latency).max() + np.abs(importance).max()
    for low, high in pairwise(found):
        # No choice lies above the line through two neighbours.
        slope = (high[1] - low[1]) / (high[0] - low[0])
        assert (importance - low[1] - slope * (latency - low[0])).max() <= 1e-9 * scale * (1 + slope)
    assert found[-1][1] == pytest.approx(importance.max(), abs=1e-9)
    assert found[0][0] == pytest.approx(latency.min(), abs=1e-9)
    assert len(result.points) == 7 and all(p.plan.optimal for p in result.points)


def test_front_leaves_out_what_nothing_meets():
    problem = middle_problem(0)
    result = front(problem, [0.0, 0.5 * problem.dense_latency])
    assert [p.budget for p in result.points] == [0.5 * problem.dense_latency]


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS)
def test_heuristics_fit_and_never_beat_the_optimum(seed):
    problem = random_problem(seed)
    budget = some_budget(problem, seed)
    top = exact.solve(problem, budget).importance
    for solver in ("greedy", "random"):
        try:
            plan = solve(problem, budget, solver)
        except MdpError:
            continue
        assert within(plan.latency, budget) and plan.importance <= top + 1e-9
        assert not plan.optimal and plan.bound is None


def test_ablation_corners():
    problem = middle_problem(3)
    shares = [0.3, 0.6]
    table = ablation(problem, [s * problem.dense_latency for s in shares])
    assert len(table) == 8 and table.corner.nunique() == 4
    full = table[table.blocks & table.multidimensional].set_index("budget").importance
    for _, row in table.iterrows():
        if row.within_budget:
            assert row.importance <= full[row.budget] + 1e-9
            assert row.plan.latency == row.latency
        if not row.blocks and not np.isnan(row.importance):
            assert row.removed_blocks == 0
        if row.multidimensional and not np.isnan(row.importance):
            assert row.latency == row.believed_latency


def test_linear_latency_is_right_at_dense_and_along_the_output():
    problem = middle_problem(3)
    linear = with_linear_latency(problem)
    dense = problem.dense_choices
    assert linear.evaluate(dense)[0] == pytest.approx(problem.dense_latency)
    narrow = {**dense, "block1.mlp": problem.dim["block1.mlp"].options[0]}
    assert linear.evaluate(narrow)[0] == pytest.approx(problem.evaluate(narrow)[0])


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, most=st.integers(0, 3))
def test_few_removed_blocks(seed, most):
    problem = random_problem(seed)
    budget = some_budget(problem, seed)
    names = [b.name for b in problem.blocks if b.removable]
    values = []
    for bits in range(2 ** len(names)):
        blocks = {n: not bits >> i & 1 for i, n in enumerate(names)}
        if sum(not k for k in blocks.values()) <= most:
            values.append(value(problem, budget, Pins(blocks=blocks)))
    values = [v for v in values if v is not None]
    if not values:
        with pytest.raises(Infeasible):
            with_few_removed(problem, budget, most)
    else:
        plan = with_few_removed(problem, budget, most)
        assert len(plan.removed_blocks) <= most
        assert plan.importance == pytest.approx(max(values), abs=1e-9)


def test_schedules():
    assert budgets(100, 25, 2).tolist() == pytest.approx([50, 25])
    assert budgets(100, 25, 3, "linear").tolist() == pytest.approx([75, 50, 25])
    assert budgets(100, 25, 1).tolist() == [25]
    for wrong in ((100, 25, 0), (100, 0, 2), (100, 25, 2, "cubic")):
        with pytest.raises(MdpError):
            budgets(*wrong)


def test_iterated_pruning_never_grows_back_and_scores_anew():
    problem, asked = middle_problem(4), []

    def rescore(plan):
        asked.append(plan)
        return middle_problem(4)

    plans = iterate(problem, 0.4 * problem.dense_latency, rescore, steps=3)
    assert len(plans) == 3 and asked == plans[:2]
    for before, after in pairwise(plans):
        assert set(before.removed_blocks) <= set(after.removed_blocks)
        assert all(k is None or before.choices[d] >= k for d, k in after.choices.items())
    assert within(plans[-1].latency, 0.4 * problem.dense_latency)
    with pytest.raises(MdpError, match="other dims"):
        iterate(problem, 0.4 * problem.dense_latency, lambda plan: random_problem(1), steps=2)
    scored: list = []
    with pytest.raises(Infeasible, match=r"budget of 1e-09"):  # the one asked for, and before any scoring
        iterate(problem, 1e-9, scored.append, steps=3)
    assert not scored
    with pytest.raises(Cancelled):
        iterate(problem, 0.4 * problem.dense_latency, rescore, report=Reporter(lambda: True))


@pytest.mark.slow
def test_mindtpy_is_checked_and_never_called_proven():
    problem = random_problem(3)
    budget = 0.6 * problem.dense_latency
    plan = mindtpy.solve(problem, budget, Limits(time_limit=60))
    assert within(plan.latency, budget) and not plan.optimal and plan.bound is None
    assert "ended as it should" in plan.note and "no proof" in plan.note and "NLP" in plan.note
    assert plan.importance <= exact.solve(problem, budget).importance + 1e-9


def test_mindtpy_stops_on_request():
    problem = random_problem(3)
    with pytest.raises(Cancelled):
        mindtpy.solve(problem, 0.6 * problem.dense_latency, Limits(cancelled=lambda: True))
    with pytest.raises(Infeasible):
        mindtpy.solve(problem, -100.0)
