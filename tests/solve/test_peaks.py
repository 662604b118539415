"""Limits of a peak against brute force: forbidden entries, alone and beside limits of sums."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdp.core.errors import Infeasible, MdpError
from mdp.core.plan import within
from mdp.core.problem import Problem, problem_from_json, problem_to_json
from mdp.core.terms import Block, Dim, Resource, Term
from mdp.solve import SOLVERS, Limits, Pins, candidates, front, solve, what_if
from mdp.solve.limited.contradiction import smallest_latency
from mdp.solve.peaks import capped

from .brute import everything
from .test_several_limits import all_uses, best, with_resources


def with_peak(seed: int, count: int) -> Problem:
    """A random problem with `count` resources that add up and one peak, over scopes of its own."""
    problem = with_resources(seed, count)
    rng = np.random.default_rng(seed + 2)
    terms = []
    for i in range(int(rng.integers(1, 5))):
        scope = [problem.dims[j] for j in rng.permutation(len(problem.dims))[: int(rng.integers(0, 3))]]
        block = rng.choice([None, *(b.name for b in problem.blocks)])
        values = rng.integers(0, 40, [len(d.options) for d in scope]).astype(float)
        terms.append(Term(f"p{i}", block, tuple(d.name for d in scope), values))
    return replace(problem, resources=(*problem.resources, Resource("peak", "bytes", tuple(terms), True)))


def peaks(problem: Problem) -> np.ndarray:
    """The largest entry that counts, of every choice, as `everything` orders them."""
    found = None
    for term in problem.resource["peak"].terms:
        own = everything(replace(problem, latency=(term,), resources=()))[0]
        found = own if found is None else np.maximum(found, own)
    return found


def by_hand(seed: int, count: int) -> tuple[Problem, np.ndarray, np.ndarray, np.ndarray]:
    """A problem with a peak and `count` sums, and of each of its choices: sums, importance, peak."""
    problem = with_peak(seed, count)
    uses, importance = all_uses(replace(problem, resources=problem.resources[:-1]))
    return problem, uses, importance, peaks(problem)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(0, 2))
def test_same_optimum_as_brute_force(seed, count):
    problem, uses, importance, peak = by_hand(seed, count)
    rng = np.random.default_rng(seed)
    for _ in range(3):
        room = uses.min(axis=0) + rng.random(count + 1) * np.ptp(uses, axis=0)
        limit = float(rng.choice(peak))
        most = {f"r{i}": float(room[i + 1]) for i in range(count)} | {"peak": limit}
        left = peak <= limit
        surely, perhaps = best(uses[left], importance[left], room) if left.any() else (None, None)
        for solver in ("exact", "milp"):
            try:
                plan = solve(problem, float(room[0]), solver, most=most)
            except Infeasible:
                assert surely is None
                continue
            assert perhaps is not None and (plan.optimal or solver == "milp")
            assert plan.fingerprint == problem.fingerprint and plan.budget == room[0]
            assert plan.limits["peak"].used <= limit and set(plan.limits) == set(most)
            low = perhaps if surely is None else surely
            close = 1e-6 * max(1.0, abs(perhaps)) if solver == "milp" else 1e-9 * max(1.0, abs(perhaps))
            assert plan.importance <= perhaps + close
            assert low - close <= plan.importance or not plan.optimal


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_no_rival_breaks_a_peak(seed):
    problem = with_peak(seed, 0)
    latency, _ = everything(problem)
    peak = peaks(problem)
    rng = np.random.default_rng(seed)
    limit, budget = float(rng.choice(peak)), float(latency.min() + rng.random() * np.ptp(latency))
    for name in set(SOLVERS) - {"mindtpy", "mindtpy-fp", "exact", "milp"}:
        try:
            plan = solve(problem, budget, name, most={"peak": limit})
        except Infeasible as error:
            assert "over the limit" not in str(error)
            continue
        assert within(plan.latency, budget) and plan.limits["peak"].used <= limit
        assert problem.evaluate(plan.choices, plan.removed_blocks) == (plan.latency, plan.importance)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(0, 1))
def test_the_least_that_is_said_is_what_brute_force_finds(seed, count):
    problem, uses, _, peak = by_hand(seed, count)
    limit = float(np.random.default_rng(seed).choice(peak))
    found = smallest_latency(problem, Limits(most={"peak": limit}))
    assert found == pytest.approx(uses[peak <= limit, 0].min(), abs=1e-9)
    if peak.min() > 0:
        with pytest.raises(Infeasible, match=r"peak"):
            solve(problem, float(uses[:, 0].max()), most={"peak": float(peak.min()) - 0.5})


def tiny() -> Problem:
    """A block that is fast, important and large; its width is the only choice."""
    dims = (Dim("width", "channels", (1, 2, 3)),)
    time = Term("time", "b", ("width",), np.array([1.0, 2.0, 3.0]))
    worth = Term("worth", "b", ("width",), np.array([2.0, 5.0, 9.0]))
    size = Term("size", "b", ("width",), np.array([10.0, 20.0, 30.0]))
    rest = Term("rest", None, (), np.array(1.0))
    peak = Resource("peak", "bytes", (size, replace(rest, values=np.array(5.0))), peak=True)
    return Problem("tiny", "ms", dims, (Block("b"),), (time, rest), (worth,), resources=(peak,))


def test_a_block_that_goes_forbids_nothing():
    plan = solve(tiny(), 4.0, most={"peak": 7.0})
    assert plan.removed_blocks == ("b",) and plan.limits["peak"].used == 5.0 and plan.optimal
    assert solve(tiny(), 4.0, most={"peak": 20.0}).choices == {"width": 2}
    assert solve(tiny(), 400.0, most={"peak": 20.0}).choices == {"width": 2}  # whatever the budget


def test_of_what_a_peak_forbids_no_smallest_latency_is_said():
    plan = solve(tiny(), 4.0, most={"peak": 7.0})  # no width of the block has a peak so small
    assert [(a.now, a.plan, a.smallest) for a in what_if(tiny(), plan)] == [("removed", None, None)]
    plan = solve(tiny(), 1.5, most={"peak": 20.0})  # its smallest width takes 1 ms beside the rest
    assert [a.smallest for a in what_if(tiny(), plan)] == [2.0]
    with pytest.raises(Infeasible) as stop:
        solve(tiny(), 4.0, most={"peak": 4.0})
    assert stop.value.smallest is None  # the smallest peak is no latency


def test_what_contradicts_is_said_with_the_least_possible():
    with pytest.raises(Infeasible, match=r"No choice keeps peak to 4 B: the smallest possible is 5 B\."):
        solve(tiny(), 4.0, most={"peak": 4.0})
    with pytest.raises(Infeasible, match=r"the smallest possible is 10 B"):
        solve(tiny(), 4.0, most={"peak": 9.0}, pins=Pins({}, {"b": True}))
    kept = replace(tiny(), blocks=(Block("b", False),))
    slow = replace(
        kept, latency=(replace(kept.latency[0], values=np.array([3.0, 2.0, 1.0])), kept.latency[1])
    )
    with pytest.raises(
        Infeasible, match=r"latency of 3 ms and peak of 10 B together.*from 4 ms; peak from 20 B"
    ):
        solve(slow, 3.0, most={"peak": 10.0})


def test_fronts_what_ifs_and_candidates_keep_to_it():
    problem = tiny()
    found = front(problem, [1.0, 2.0, 3.0, 4.0], most={"peak": 20.0})
    assert [p.plan.importance for p in found.points] == [0.0, 2.0, 5.0, 5.0]
    plan = solve(problem, 4.0, most={"peak": 20.0})
    other = {a.name: a for a in what_if(problem, plan)}
    assert other["width"].plan.choices == {"width": 1} and other["width"].plan.limits["peak"].used == 10.0
    assert all(
        p.limits["peak"].used <= 20.0 for p in candidates(problem, 4.0, 3, 1.0, most={"peak": 20.0}).plans
    )


def test_a_problem_file_can_bring_a_peak():
    problem = tiny()
    data = problem_to_json(problem)
    assert data["resources"][0]["peak"] is True
    assert problem_from_json(data).uses({"width": 2}) == {"peak": 20.0}
    data["resources"][0]["peak"] = "yes"
    with pytest.raises(MdpError, match=r"peak must be true or false"):
        problem_from_json(data)


def test_what_is_forbidden_costs_no_digits():
    """Tables of many blocks, each with forbidden entries: small budgets are still compared in float64."""
    problem = tiny()
    inside = capped(problem, {"peak": 7.0}).inside
    assert inside.__dict__["_sizes"][0].largest == 4.0
