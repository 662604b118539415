"""Numbers of very different sizes in one problem: what is called optimal is optimal, in exact arithmetic."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mdp.core.errors import BadFile, Infeasible, MdpError
from mdp.core.plan import within
from mdp.core.problem import Block, Dim, Problem, Term, check, problem_from_json
from mdp.solve import fastest, solve, what_if
from mdp.solve import precision as digits
from mdp.solve.exact import rational
from mdp.solve.exact import solver as exact
from mdp.solve.milp import solver as milp

from .brute import random_problem

SIZES = (1e-300, 1e-12, 1e-9, 1e-5, 1e-3, 1.0, 1e3, 1e6, 1e9, 1e12, 1e200)


def wild(seed: int) -> Problem:
    """A random problem whose entries, or whose tables, are of any size."""
    problem, rng = random_problem(seed), np.random.default_rng(seed)
    few = rng.choice(SIZES, size=int(rng.integers(1, 5)))

    def stretched(term: Term) -> Term:
        shape = term.values.shape if rng.random() < 0.6 else ()
        return Term(term.name, term.block, term.dims, term.values * rng.choice(few, size=shape))

    sides = [tuple(stretched(t) for t in side) for side in (problem.latency, problem.importance)]
    return check(Problem(problem.name, "ms", problem.dims, problem.blocks, *sides))


def exactly_everything(problem: Problem):
    """(latency, importance) of every choice, as fractions."""
    removable = [b.name for b in problem.blocks if b.removable]
    made = []
    for options in itertools.product(*(d.options for d in problem.dims)):
        choices = dict(zip(problem.dim, options, strict=True))
        for gone in itertools.product((False, True), repeat=len(removable)):
            removed = [b for b, g in zip(removable, gone, strict=True) if g]
            made.append(rational.totals(problem, choices, removed))
    return made


def budgets_of(made, rng):
    """On a choice, between two, and far below or above all."""
    latencies = sorted({lat for lat, _ in made})
    some = [latencies[int(i)] for i in rng.integers(0, len(latencies), 3)]
    return [float(b) for b in (*some, latencies[0], (some[0] + some[1]) / 2, latencies[-1])]


def truth(made, budget: float):
    """The most importance within the budget: of what surely fits, and of what is perhaps forgiven."""
    found = []
    for share in (Fraction(0), Fraction(1, 10**9)):
        room = Fraction(budget) + share * abs(Fraction(budget))
        found.append(max((imp for lat, imp in made if lat <= room), default=None))
    return found


def holds(problem: Problem, made, budget: float, solver) -> None:
    surely, perhaps = truth(made, budget)
    try:
        plan = solver(problem, budget)
    except Infeasible as error:
        # A heuristic may say that it alone finds nothing, and then says that plans exist.
        assert surely is None or "Plans exist from" in str(error), "there is a choice within the budget"
        return
    except MdpError as error:
        assert "cannot be told" in str(error) or "heuristic" in str(error) or "milp" in str(error)
        return
    assert within(plan.latency, budget)
    if plan.optimal and surely is not None:
        full = {d.name: plan.choices[d.name] or d.dense for d in problem.dims}
        worth = rational.totals(problem, full, plan.removed_blocks)[1]
        spare = Fraction(digits.DIGITS) * max(abs(worth), abs(surely))
        assert surely - spare <= worth <= perhaps + spare


@settings(max_examples=120, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_exact_never_claims_what_is_not_so(seed):
    problem = wild(seed)
    made = exactly_everything(problem)
    for budget in budgets_of(made, np.random.default_rng(seed)):
        holds(problem, made, budget, exact.solve)
        plan = exact.solve(problem, budget) if truth(made, budget)[0] is not None else None
        assert plan is None or plan.optimal, "small problems are always solved to the end"


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_fastest_is_the_fastest(seed):
    problem = wild(seed)
    low = min(lat for lat, _ in exactly_everything(problem))
    assert within(fastest(problem).latency, float(low)) and fastest(problem).latency >= float(low) * (
        1 - 1e-12 if low > 0 else 1 + 1e-12
    )


@settings(max_examples=60, deadline=None)
@example(seed=2334331, solver="milp")
@example(seed=9999999, solver="greedy")
@given(seed=st.integers(0, 2**32), solver=st.sampled_from(["milp", "greedy", "random"]))
def test_the_others_claim_nothing_wrong(seed, solver):
    problem = wild(seed)
    made = exactly_everything(problem)
    for budget in budgets_of(made, np.random.default_rng(seed))[:3]:
        holds(problem, made, budget, lambda p, b: solve(p, b, solver))


def small(latency, importance) -> Problem:
    dims = (Dim("a", "channels", (1, 2)), Dim("b", "channels", (1, 2, 3)))
    sides = ((Term("t", None, ("a", "b"), np.array(v, dtype=float)),) for v in (latency, importance))
    return Problem("spread", "ms", dims, (), *sides)


@pytest.mark.parametrize("dear", [5.0, 0.0])  # the entry that makes the range may be dominated, or not
def test_one_entry_of_another_size_decides_nothing(dear):
    problem = small([[1e-5, 2e-5, 1e12], [1e-5, 6e-5, 1e12]], [[0.0, 1.0, dear], [0.5, 2.0, dear]])
    plan = exact.solve(problem, 2.5e-5)
    assert (plan.importance, plan.optimal, plan.bound) == (1.0, True, 1.0)
    assert not solve(problem, 2.5e-5, "milp").optimal


def test_what_is_too_large_for_whole_numbers_claims_nothing(monkeypatch):
    problem = small([[1e-5, 2e-5, 1e12], [1e-5, 6e-5, 1e12]], [[0.0, 1.0, 5.0], [0.5, 2.0, 5.0]])
    monkeypatch.setattr(rational, "MOST_ENTRIES", 1)
    plan = exact.solve(problem, 2.5e-5)
    assert not plan.optimal and plan.bound is None
    assert "more than float64 carries" in plan.note


def test_what_if_of_wild_numbers():
    problem = small([[1e-5, 2e-5, 1e12], [1e-5, 6e-5, 1e12]], [[0.0, 1.0, 5.0], [0.5, 2.0, 5.0]])
    other = next(a for a in what_if(problem, exact.solve(problem, 2.5e-5)) if a.name == "a")
    assert (other.otherwise, other.plan.importance) == (2, 0.5)


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32), where=st.floats(0, 1))
def test_whole_numbers_agree_with_floats_on_ordinary_problems(seed, where):
    problem = random_problem(seed)
    made = exactly_everything(problem)
    latencies = [lat for lat, _ in made]
    room = min(latencies) + Fraction(where) * (max(latencies) - min(latencies))
    best = rational.optimum(rational.of(problem), room, None, 0.0)
    assert best.importance == max(imp for lat, imp in made if lat <= room)
    assert rational.smallest(rational.of(problem)) == min(latencies)
    again = rational.optimum(rational.of(problem), room, best.importance, 0.37)
    assert again.importance == best.importance


def test_blocks_alone():
    """Removable blocks without dims, at both ends of what float64 holds."""
    blocks = tuple(Block(f"b{i}", True) for i in range(3))
    cost = tuple(Term(f"l{i}", f"b{i}", (), np.array(v)) for i, v in enumerate((1e-9, 1e12, 1.0)))
    worth = tuple(Term(f"i{i}", f"b{i}", (), np.array(v)) for i, v in enumerate((1e-9, 1e12, 1.0)))
    problem = Problem("blocks", "ms", (), blocks, cost, worth)
    for budget, best in ((1e-9, 1e-9), (1.0, 1.0), (2.0, 1.0 + 1e-9), (1e13, 1e12 + 1.0 + 1e-9)):
        plan = exact.solve(problem, budget)
        assert plan.optimal and plan.importance == pytest.approx(best, rel=1e-12)
    assert milp.solve(problem, 1e13).importance == pytest.approx(1e12, rel=1e-9)


def test_milp_says_infeasible_where_the_only_choice_is_over_the_budget():
    nothing = Problem("empty", "ms", (), (), (), ())
    for solver in ("exact", "milp", "mindtpy", "greedy", "random"):
        with pytest.raises(Infeasible, match="smallest latency possible is 0 ms"):
            solve(nothing, -1.0, solver)


def test_where_nothing_is_to_be_chosen_mindtpy_is_not_asked():
    nothing = Problem("empty", "ms", (), (), (), ())
    for solver in ("mindtpy", "mindtpy-fp"):
        plan = solve(nothing, 1.0, solver)
        assert (plan.latency, plan.choices, plan.optimal) == (0.0, {}, False)
        assert "nothing to choose" in plan.note


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("-inf")])
@pytest.mark.parametrize("solver", ["exact", "milp", "mindtpy", "greedy"])
def test_a_time_limit_that_is_none(solver, seconds):
    with pytest.raises(MdpError, match="Give seconds above 0"):
        solve(random_problem(12), 100.0, solver, time_limit=seconds)


@pytest.mark.parametrize("seconds", [2.5, float("inf"), 1e308])
def test_mindtpy_takes_any_time_limit(seconds):
    plan = solve(random_problem(12), 100.0, "mindtpy", time_limit=seconds)
    assert plan.solver == "mindtpy" and within(plan.latency, 100.0)


@pytest.mark.parametrize("seed", [335, 5749561])
def test_milp_is_right_where_its_presolve_was_not(seed):
    """The middle of what can be had: HiGHS with its presolve proved less than the optimum."""
    problem = random_problem(seed)
    made = exactly_everything(problem)
    latencies = sorted({float(lat) for lat, _ in made})
    for budget in latencies:
        plan = milp.solve(problem, budget)
        assert plan.optimal and plan.importance == pytest.approx(float(truth(made, budget)[0]), abs=1e-6)


@pytest.mark.parametrize(
    ("latency", "importance", "words"),
    [
        ([1.0, 2.0], [9e299, 9e299], "importance adds up beyond 1e\\+300"),
        ([9e299, 9e299], [1.0, 2.0], "latency adds up beyond"),
        ([1.0, 2.0], [1.7e308, 1.7e308], "importance.*larger unit"),
        ([1.7e308, 1.7e308], [1.0, 2.0], "latency.*larger unit"),
        ([5e-324, 1e-310], [1.0, 2.0], "smaller unit"),
        ([1.0, 2.0], [1e-310, 1.0], "smaller unit"),
    ],
)
def test_numbers_that_float64_cannot_add_up_are_refused_in_words(latency, importance, words):
    dims = [{"name": "d", "kind": "channels", "options": [1, 2]}]
    data = {"format": "mdp-problem/1", "name": "x", "latency_unit": "ms", "dims": dims, "blocks": []}
    for side, values in (("latency", latency), ("importance", importance)):
        data[side] = [{"name": "t", "block": None, "dims": ["d"], "values": values}] * 2
    with pytest.raises(BadFile, match=words):
        problem_from_json(data)


def test_the_smallest_and_largest_that_are_read_are_solved():
    d = Dim("d", "channels", (1, 2))
    for small in (1e-300, 1e290):
        tables = (Term("t", None, ("d",), np.array([small, 3 * small])),)
        problem = check(Problem("extreme", "ms", (d,), (), tables, tables))
        for name in ("exact", "greedy", "halp", "nvit", "isomorphic", "uniform"):
            assert solve(problem, 2 * small, name).importance == small
            with pytest.raises(Infeasible):
                solve(problem, small / 2, name)
