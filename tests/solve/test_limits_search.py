"""Inside the search under several limits: views, exchanges, and what is said where it ends early."""

from dataclasses import replace

import numpy as np
import pytest

from mdp.core.errors import Infeasible, MdpError
from mdp.core.plan import within
from mdp.core.problem import Problem
from mdp.core.terms import Dim, Resource, Term
from mdp.solve import solve
from mdp.solve.exact.point_pool import TooMany
from mdp.solve.limited import closing, search, views, windows
from mdp.solve.limited import solver as limited
from mdp.solve.limited.state import priced
from mdp.solve.milp import solver as milp
from mdp.solve.protocol import Limits, OutOfTime

from .test_several_limits import all_uses, as_large, best, same_as_brute_force, with_resources


def lists(groups: int, options: int = 6, seed: int = 0) -> Problem:
    """Dims that each share tables with one hub only: latency and two resources, none like the other."""
    rng = np.random.default_rng(seed)
    names = [f"d{i}" for i in range(groups)]
    dims = (Dim("hub", 1, (1, 2)), *(Dim(n, 1, tuple(range(1, options + 1))) for n in names))

    def terms(rise: float) -> tuple[Term, ...]:
        return tuple(
            Term(n, None, ("hub", n), np.sort(rng.random((2, options)), axis=1).cumsum(axis=1) * rise)
            for n in names
        )

    resources = tuple(Resource(name, "units", terms(2.0)) for name in ("size", "work"))
    return Problem("lists", "ms", dims, (), terms(1.0), terms(3.0), resources=resources)


def limits_of(problem: Problem, share: float = 0.5) -> tuple[float, dict[str, float]]:
    """Limits that all bind."""
    return share * problem.dense_latency, {
        r.name: share * problem.dense_use(r.name) for r in problem.resources
    }


def test_where_nothing_is_important_a_plan_is_found():
    problem = lists(3)
    flat = tuple(replace(t, values=np.zeros_like(t.values)) for t in problem.importance)
    problem = replace(problem, importance=flat)
    budget, most = limits_of(problem)
    # Of plans of equal importance the one for latency alone may fit; here none is asked.
    most["size"] = 1.02 * min(all_uses(problem)[0][:, 1])
    with as_large(True):
        plan = solve(problem, budget, most=most)
    assert plan.importance == 0 and plan.limits["size"].used <= most["size"]


def test_the_gap_is_said_where_time_runs_out():
    problem = lists(12)
    budget, most = limits_of(problem)
    alone = limited.exact.solve(problem, budget)
    ready = limited.prepared(problem, ("size", "work"))
    best_known = solve(problem, budget, most=most)
    told = set()
    for after in range(5, 45, 8):
        asked = iter(range(after))

        def clock(asked=asked):
            if next(asked, None) is None:
                raise OutOfTime

        try:
            plan = limited._plan_of(ready, problem, budget, Limits(None, 7.0, most=most), alone, clock, 0.0)
        except OutOfTime:
            told.add("nothing")
            continue
        told.add("proven" if plan.optimal else "gap")
        if not plan.optimal:
            assert "stopped after 7 s, at most" in plan.note and "% below the optimum" in plan.note
            assert plan.bound >= best_known.importance >= plan.importance
    assert "gap" in told


def never(*arguments, **more):
    raise TooMany("More than 0 sums of choices are near the bound.")


def test_what_the_search_knows_is_kept_where_the_milp_finds_nothing(monkeypatch):
    problem = lists(6)
    budget, most = limits_of(problem)
    right = solve(problem, budget, most=most)
    monkeypatch.setattr(windows, "WideWindow", never)
    monkeypatch.setattr(search, "apart", lambda *of: None)
    by_milp = solve(replace(problem), budget, most=most)
    assert by_milp.importance == pytest.approx(right.importance, rel=1e-7)
    assert "near the bound" in by_milp.note
    monkeypatch.setattr(milp, "solve", lambda *of: (_ for _ in ()).throw(MdpError("nothing")))
    plan = solve(replace(problem), budget, most=most)
    assert not plan.optimal and "near the bound" in plan.note and "% below the optimum" in plan.note
    assert plan.importance <= right.importance <= plan.bound
    assert all(within(limit.used, limit.most) for limit in plan.limits.values())


def test_views_are_other_prices_of_at_least_zero():
    prices, room = np.array([2.0, 0.0, 1.0]), np.array([10.0, 5.0, 0.0])
    found = views.ways(prices, room)
    assert 3 < len(found) <= views.MOST
    for way in found:
        moved = np.maximum(prices + way, 0.0)
        assert np.isfinite(moved).all() and (moved >= 0).all() and not np.array_equal(moved, prices)


def test_few_sums_are_left_and_the_optimum_is_the_same(monkeypatch):
    """Without views beside the first, and without exchanges: the same optimum, of more sums."""
    problem = lists(20, options=8, seed=1)
    budget, most = limits_of(problem, 0.55)
    sums, made = [0], closing.pairs_within

    def counted(*of):
        found = made(*of)
        sums[0] += len(found[0])
        return found

    monkeypatch.setattr(closing, "pairs_within", counted)
    plan = solve(replace(problem), budget, most=most)
    few, sums[0] = sums[0], 0
    monkeypatch.setattr(windows, "ways", lambda *of: [])
    monkeypatch.setattr(windows.Windows, "_exchange", lambda self: None)
    other = solve(replace(problem), budget, most=most)
    assert plan.optimal and other.optimal and plan.importance == pytest.approx(other.importance, rel=1e-12)
    assert 0 < 2 * few < sums[0]


@pytest.mark.parametrize("rise", [0.1, 0.5, 6.0])
@pytest.mark.parametrize("exchanges", [True, False])
def test_views_leave_no_better_choice_out(rise, exchanges, monkeypatch):
    monkeypatch.setattr(windows, "RISE", rise)
    if not exchanges:
        monkeypatch.setattr(windows.Windows, "_exchange", lambda self: None)
    rng = np.random.default_rng(int(10 * rise))
    for seed in range(4):
        problem = lists(5, options=4, seed=seed)
        uses, importance = all_uses(problem)
        with as_large(True):
            for _ in range(3):
                limits = uses.min(axis=0) + rng.uniform(0.2, 0.8, 3) * np.ptp(uses, axis=0)
                same_as_brute_force(problem, uses, importance, limits)


@pytest.mark.parametrize("seed", [0, 4, 6, 8, 9])
def test_a_list_that_a_view_empties_takes_its_readers_with_it(seed):
    """A point that reads a list of which nothing is left must not pass for one that reads nothing."""
    problem = with_resources(seed, 1)
    with as_large(True):
        ready = limited._prepare(problem, ("r0",), None)
    part = ready.search._root(0).part
    levels, prices = part.program.levels, np.zeros(2)
    views_ = [views.View(priced(part, prices), 1e9)]
    whole = views.seen(views_)
    for number in range(len(levels) - 1):
        for slot in np.unique(whole[number].slot):
            left = [*whole]
            left[number] = whole[number].only(whole[number].slot != slot)
            window = closing.WideWindow(part, views_, left, 1e9, lambda: None)
            found = window.best(np.full(2, 1e9), prices, -1e9)
            if found is None:
                continue
            choices, removed = ready.decisions(found.points)
            assert problem.evaluate(choices, removed)[1] == pytest.approx(found.importance)
            first, ends = levels[number].first, levels[number].starts
            gone = levels[number].origin[ends[slot - first] : ends[slot - first + 1]].tolist()
            assert not {(number, point) for point in gone} & set(found.points)


def test_exchanges_stay_within_the_limits(monkeypatch):
    """Each choice that exchanges lead to is one of the problem's, and as important as it says."""
    offered = []
    made = windows.improved

    def noted(part, choice, prices, limits):
        found = made(part, choice, prices, limits)
        if found is not None:
            offered.append((found, limits))
        return found

    monkeypatch.setattr(windows, "improved", noted)
    problem = lists(5, options=4, seed=1)
    uses, importance = all_uses(problem)
    with as_large(True):
        for share in (0.4, 0.55, 0.7):
            budget, most = limits_of(problem, share)
            plan = solve(problem, budget, most=most)
            surely, _ = best(uses, importance, np.array([budget, *most.values()]))
            assert plan.importance == pytest.approx(surely, rel=1e-9)
    assert offered
    for found, limits in offered:
        assert (found.uses <= limits).all()
        assert np.isclose(uses, found.uses, rtol=1e-9).all(axis=1).any()
        assert np.isclose(importance, found.importance, rtol=1e-9).any()


def test_milp_says_that_limits_are_many_where_it_finds_nothing():
    problem = with_resources(3, 1)
    with pytest.raises(MdpError, match="within the budget and all limits"):
        solve(
            problem, problem.dense_latency, "milp", most={"r0": problem.dense_use("r0") + 1}, time_limit=1e-6
        )


def test_which_limits_clash_is_said_where_one_clashes_with_two():
    """Latency with size, and latency with work: the sentence names a pair, and what raising one would do."""
    choice = Dim("c", 1, (1, 2, 3))

    def term(*values):
        return (Term("t", None, ("c",), np.array(values, dtype=float)),)

    resources = (Resource("size", "units", term(9, 3, 2)), Resource("work", "units", term(8, 4, 1)))
    problem = Problem("three", "ms", (choice,), (), term(1, 5, 6), term(1, 2, 3), resources=resources)
    with pytest.raises(Infeasible) as stop:
        solve(problem, 2.0, most={"size": 4.0, "work": 5.0})
    text = str(stop.value)
    assert "no choice has a latency of 2 ms and work of 5 units together" in text
    assert "a latency from 5 ms" in text and "Raising work alone is not enough" in text
    with pytest.raises(Infeasible, match="a latency of 2 ms and size of 4 units together"):
        solve(problem, 2.0, most={"size": 4.0, "work": 8.0})
    # Two pairs that clash and have nothing in common: no single one helps.
    other = Resource("heat", "units", term(3, 9, 9))
    with pytest.raises(Infeasible, match="alone is not enough"):
        solve(
            replace(problem, resources=(*resources, other)), 2.0, most={"size": 4.0, "work": 5.0, "heat": 4.0}
        )
