"""Shapes and numbers that are easily got wrong, one by one."""

import numpy as np
import pytest

from mdp.core.errors import Infeasible, MdpError
from mdp.core.problem import Block, Dim, Problem, Term, check
from mdp.solve import SOLVERS, Pins, fastest, solve
from mdp.solve.exact import clusters, point_pool
from mdp.solve.exact import solver as exact

from .brute import best, everything


def problem_of(dims, blocks, latency, importance) -> Problem:
    """dims: name -> options; blocks: name -> removable; terms: (block, dims, values)."""
    terms = [
        tuple(Term(f"t{i}", b, tuple(d), np.array(v, dtype=float)) for i, (b, d, v) in enumerate(side))
        for side in (latency, importance)
    ]
    return check(
        Problem(
            "p",
            "ms",
            tuple(Dim(n, "channels", tuple(o)) for n, o in dims.items()),
            tuple(Block(n, r) for n, r in blocks.items()),
            *terms,
        )
    )


def test_nothing_to_choose():
    plan = solve(problem_of({}, {}, [(None, [], 2.0)], [(None, [], 3.0)]), 2.0)
    assert (plan.latency, plan.importance, plan.optimal) == (2.0, 3.0, True)
    assert solve(problem_of({}, {}, [], []), 0.0).importance == 0.0


def test_a_dim_without_terms_and_a_block_without_terms_stay():
    problem = problem_of(
        {"a": [1, 2], "idle": [1, 2]},
        {"b": True, "empty": True},
        [("b", ["a"], [1, 2])],
        [("b", ["a"], [1, 5])],
    )
    plan = solve(problem, 2.0)
    assert dict(plan.choices) == {"a": 2, "idle": 2} and plan.removed_blocks == ()


def test_a_removed_block_takes_its_own_dims_along_but_not_the_shared_one():
    problem = problem_of(
        {"own": [1, 2], "shared": [1, 2]},
        {"b": True, "c": False},
        [("b", ["own", "shared"], [[5, 6], [7, 8]]), ("c", ["shared"], [1, 2])],
        [("b", ["own"], [1, 1]), ("c", ["shared"], [3, 4])],
    )
    plan = solve(problem, 2.0)
    assert dict(plan.choices) == {"own": None, "shared": 2} and plan.removed_blocks == ("b",)


def test_fixed_costs_count_with_their_block():
    problem = problem_of(
        {"a": [1]}, {"b": True}, [(None, [], 10.0), ("b", [], 5.0), ("b", ["a"], [1.0])], [("b", [], 2.0)]
    )
    assert solve(problem, 15.9).removed_blocks == ("b",)
    assert solve(problem, 16.0).removed_blocks == ()
    with pytest.raises(Infeasible, match="10 ms") as stop:
        solve(problem, 9.0)
    assert stop.value.smallest == 10.0


def test_less_may_be_worth_more_and_cost_more():
    problem = problem_of({"a": [1, 2, 3]}, {}, [(None, ["a"], [5, 1, 9])], [(None, ["a"], [7, -2, 3])])
    assert solve(problem, 100).choices["a"] == 1
    assert solve(problem, 4).choices["a"] == 2
    assert fastest(problem).choices["a"] == 2


def test_among_the_fastest_the_best():
    problem = problem_of({"a": [1, 2]}, {}, [(None, ["a"], [1, 1])], [(None, ["a"], [1, 2])])
    assert fastest(problem).choices["a"] == 2


def test_a_budget_met_to_the_last_digit():
    values = [0.1, 0.2, 0.3]
    dims = {f"d{i}": [1, 2] for i in range(3)}
    problem = problem_of(
        dims,
        {},
        [(None, [d], [0, v]) for d, v in zip(dims, values, strict=True)],
        [(None, [d], [0, 1]) for d in dims],
    )
    assert solve(problem, 0.6).importance == 3
    assert solve(problem, 0.1 + 0.2 + 0.3).importance == 3


def test_four_dims_in_one_table():
    rng = np.random.default_rng(0)
    dims = {d: [1, 2, 3] for d in "abcde"}
    problem = problem_of(
        dims,
        {"x": True},
        [(None, "abcd", rng.random((3,) * 4)), ("x", "eb", rng.random((3, 3)))],
        [("x", "cbde", rng.random((3,) * 4)), (None, "a", rng.random(3))],
    )
    latency, importance = everything(problem)
    for budget in np.quantile(latency, [0.01, 0.3, 0.7, 1]):
        assert solve(problem, budget).importance == pytest.approx(best(latency, importance, budget)[0])


def test_many_equal_blocks_do_not_explode():
    dims = {f"d{i}": list(range(1, 9)) for i in range(60)}
    blocks = {f"b{i}": True for i in range(60)}
    steps = np.arange(1.0, 9.0)
    problem = problem_of(
        dims,
        blocks,
        [(f"b{i}", [f"d{i}"], steps) for i in range(60)],
        [(f"b{i}", [f"d{i}"], np.sqrt(steps)) for i in range(60)],
    )
    plan = solve(problem, 201)
    assert plan.optimal and plan.solver == "exact" and plan.latency == 201


def test_too_wide_goes_to_the_milp_and_says_so(monkeypatch):
    names = [f"d{i}" for i in range(5)]
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]

    def problem():
        r = np.random.default_rng(1)
        return problem_of(
            {n: [1, 2, 3] for n in names},
            {"b": True},
            [(None, p, r.random((3, 3))) for p in pairs],
            [("b", p, r.random((3, 3))) for p in pairs],
        )

    narrow = problem()
    budget = 0.7 * narrow.dense_latency
    expected = solve(narrow, budget)
    assert expected.solver == "exact"
    monkeypatch.setattr(clusters, "WIDEST", 50)
    wide = problem()
    plan = solve(wide, budget)
    assert plan.solver == "milp" and plan.optimal and "decided together" in plan.note
    assert plan.importance == pytest.approx(expected.importance)
    with pytest.raises(Infeasible):
        solve(wide, -1.0)
    assert fastest(wide).latency == pytest.approx(fastest(narrow).latency)


def test_a_window_with_too_much_goes_to_the_milp(monkeypatch):
    problem = problem_of(
        {"a": [1, 2, 3], "b": [1, 2, 3]},
        {},
        [(None, ["a"], [1, 2, 4]), (None, ["b"], [1, 3, 4])],
        [(None, ["a"], [1, 1.5, 4]), (None, ["b"], [1, 2, 4])],
    )
    monkeypatch.setattr(point_pool, "MOST_POINTS", -1)
    plan = solve(problem, 6.0)
    assert plan.optimal and plan.importance == 5.5


@pytest.mark.parametrize("budget", [float("nan"), float("inf"), -float("inf")])
def test_budgets_that_are_no_numbers(budget):
    with pytest.raises(MdpError, match="finite"):
        solve(problem_of({}, {}, [], []), budget)


def test_an_unknown_solver_names_the_known():
    with pytest.raises(MdpError, match="exact, milp"):
        solve(problem_of({}, {}, [], []), 1.0, "simplex")
    assert {"exact", "milp", "mindtpy", "mindtpy-fp", "greedy", "random"} < set(SOLVERS)
    assert {"halp", "nvit", "isomorphic", "uniform", "blocks-only"} < set(SOLVERS)


def test_pins_that_the_problem_does_not_have():
    problem = problem_of({"a": [1, 2]}, {"b": False}, [], [])
    for pins in (
        Pins({"z": (1, 1)}),
        Pins({"a": (3, 9)}),
        Pins(blocks={"z": True}),
        Pins(blocks={"b": False}),
    ):
        with pytest.raises(MdpError):
            solve(problem, 1.0, pins=pins)


def test_a_problem_can_be_forgotten():
    import gc
    import weakref

    problem = problem_of({"a": [1, 2]}, {}, [(None, ["a"], [1, 2])], [(None, ["a"], [1, 2])])
    exact.solve(problem, 1.0)
    gone = weakref.ref(problem)
    del problem
    gc.collect()
    assert gone() is None
