"""The rivals, each against a small case worked out by hand, and all against random problems."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdp.__main__ import main
from mdp.core.errors import Infeasible
from mdp.core.pins import pinned
from mdp.core.plan import within
from mdp.core.problem import Block, Dim, Problem, Term, save_problem
from mdp.core.study import load_study
from mdp.solve import SOLVERS, Pins, solve
from mdp.solve.baselines import halp, isomorphic, nvit
from mdp.solve.baselines.knapsack import pick

from ..synthetic import synthetic_resnet, synthetic_vit
from .brute import best, everything, random_problem

SEEDS = st.integers(0, 2**32)
RIVALS = ("halp", "nvit", "isomorphic", "uniform", "blocks-only", "greedy", "random")


def table(name, block, dims, values) -> Term:
    return Term(name, block, tuple(dims), np.array(values, dtype=float))


def chain() -> Problem:
    """Two convolutions, x feeds y: y's table is output x input, so that narrowing x makes y cheaper too."""
    x, y = Dim("x", "channels", (1, 2, 3)), Dim("y", "channels", (1, 2, 3))
    return Problem(
        "chain",
        "ms",
        (x, y),
        (Block("b"),),
        (
            table("x", None, ["x"], [1, 2, 3]),
            table("y", None, ["y", "x"], [[1, 2, 3], [2, 4, 6], [3, 6, 9]]),
            table("b", "b", [], 2),
        ),
        (table("x", None, ["x"], [5, 9, 10]), table("y", None, ["y"], [10, 14, 16]), table("b", "b", [], 1)),
    )


def test_knapsack_by_hand():
    costs = [np.array([0.0, 2.0, 3.0]), np.array([1.0, 3.0])]
    worths = [np.array([0.0, 5.0, 6.0]), np.array([1.0, 4.0])]
    # 1 is the least; with 4 either 3 more on the first (7) or 2 there or 2 on the second (6, 4).
    assert pick(costs, worths, 4.0) == [2, 0]
    assert pick(costs, worths, 5.0) == [1, 1]
    assert pick(costs, worths, 1.0) == [0, 0]
    assert pick(costs, worths, 0.5) is None


def test_halp_by_hand(monkeypatch):
    """In one step x costs 1 an option and y, at the full input, 3; in two steps y costs what x leaves it."""
    problem = chain()
    assert halp.targets(16.0, 4.0, 2) == pytest.approx([8.0, 4.0])
    assert halp.targets(0.0, -1.0, 2) == [-0.5, -1.0]
    # Dense is 14 (3 + 9 + 2). To 11 in one step: one option of y saves 3; both of x save 2 only.
    monkeypatch.setattr(halp, "STEPS", 1)
    plan = solve(problem, 11.0, "halp")
    assert (plan.choices, plan.removed_blocks) == ({"x": 3, "y": 2}, ())
    # To 7: y at 1 and x at 2 save 6 and 1. By the tables it is 2 + 2 + 2 = 6; y at 2, x at 1 would be 5.
    plan = solve(problem, 7.0, "halp")
    assert plan.choices == {"x": 2, "y": 1} and plan.latency == 6.0
    # Steps of their own let it see the smaller input: from x at 2, an option of y is 2.
    assert solve(problem, 6.0, "halp").importance <= solve(problem, 6.0).importance


def test_halp_reads_latency_anew_at_the_widths_of_now():
    layers = halp._layers(chain())
    worth = {"x": np.array([5.0, 9.0, 10.0]), "y": np.array([10.0, 14.0, 16.0])}
    # At x = 3, an option of y saves 3 and is enough; at x = 1 it saves 1, and two are needed.
    assert halp._step(layers, worth, {"x": 2, "y": 2}, -3.0, lambda: None) == {"x": 2, "y": 1}
    assert halp._step(layers, worth, {"x": 0, "y": 2}, -2.0, lambda: None) == {"x": 0, "y": 0}


def test_nvit_by_hand():
    """eta = (5 + 6) / (2 + 6 + 6): the steps count x 1 - 4 eta, y 2 - 3 eta; then at x = 2 both anew."""
    problem = chain()
    eta = nvit.rate(problem)
    assert eta == pytest.approx((5 + 6) / (2 + 6 + 6))  # x is in its own table (2) and in y's (6)
    # First: x saves 1 + 3 for 1, y saves 3 for 2. x counts -2.1, y -0.36: x goes.
    assert solve(problem, 10.0, "nvit").choices == {"x": 2, "y": 3}
    # Then: x saves 1 + 3 for 4 (0.86), y saves 2 for 2 (0.43): y goes.
    assert solve(problem, 8.0, "nvit").choices == {"x": 2, "y": 2}
    floors = {"heads": (2, 1), "qk": (8, 1), "v": (8, 1), "mlp": (16, 1), "embedding": (4, 0)}
    for kind, (units, index) in floors.items():
        assert (
            nvit.floor(
                Dim("d", kind, (units // 2 or 1, units, 2 * units)) if index else Dim("d", kind, (4, 8))
            )
            == index
        )
    assert nvit.floor(Dim("d", "qk", (2, 4))) == 1  # below its floor already: it stays


def test_isomorphic_by_hand():
    """Two MLPs in one scope: scores over each dim's mean decide, whatever the dims' own sizes of score."""
    a, b, e = Dim("a", "mlp", (1, 2, 3, 4)), Dim("b", "mlp", (1, 2, 3, 4)), Dim("e", "embedding", (2, 4))
    problem = Problem(
        "mlps",
        "ms",
        (a, b, e),
        (),
        (
            table("a", None, ["a"], [1, 2, 3, 4]),
            table("b", None, ["b"], [1, 2, 3, 4]),
            table("e", None, ["e"], [4, 8]),
        ),
        # Steps of a: 1.2, 0.6, 0.2 (mean 1); of b, in hundreds: 1, 1, 1 (mean 1). Of e: one.
        (
            table("a", None, ["a"], [2.0, 3.2, 3.8, 4.0]),
            table("b", None, ["b"], [100, 200, 300, 400]),
            table("e", None, ["e"], [5, 6]),
        ),
    )
    shares = {(r.dim, r.index): r.share for r in isomorphic.rows(problem)}
    assert shares == {
        ("a", 3): 1 / 8,
        ("a", 2): 2 / 8,
        ("b", 3): 3 / 8,
        ("b", 2): 4 / 8,
        ("b", 1): 5 / 8,
        ("a", 1): 6 / 8,
        ("e", 1): 1 / 2,
    }
    # 16 dense. 14: a quarter of the MLPs' units. 13: 3/8. 12: half would go of either
    # scope; the embedding's has the lower score over its mean (1/3, not 1), and 9 is enough.
    assert solve(problem, 14.0, "isomorphic").choices == {"a": 2, "b": 4, "e": 4}
    assert solve(problem, 13.0, "isomorphic").choices == {"a": 2, "b": 3, "e": 4}
    assert solve(problem, 12.0, "isomorphic").choices == {"a": 2, "b": 3, "e": 2}
    assert solve(problem, 8.0, "isomorphic").choices == {"a": 2, "b": 2, "e": 2}


def test_scopes():
    resnet, vit = synthetic_resnet((2, 2, 1, 1)).problem, synthetic_vit(2, 96, 2).problem
    scope = {d.name: isomorphic.scope(resnet, d) for d in resnet.dims}
    assert scope["layer1.0.conv1"] == scope["layer1.1.conv1"] != scope["layer1.0.conv2"]
    assert len({scope["layer1"], scope["layer2"], scope["layer1.0.conv1"], scope["layer2.0.conv1"]}) == 4
    assert len({isomorphic.scope(vit, d) for d in vit.dims}) == 4  # embedding, heads, their widths, MLP


def test_uniform_and_blocks_only_by_hand():
    problem = chain()
    # A third: 1 + 1 + 2 = 4; two thirds: 2 + 4 + 2 = 8; the block stays.
    assert solve(problem, 9.0, "uniform").choices == {"x": 2, "y": 2}
    assert solve(problem, 7.9, "uniform").choices == {"x": 1, "y": 1}
    plan = solve(problem, 13.0, "blocks-only")
    assert (plan.choices, plan.removed_blocks) == ({"x": 3, "y": 3}, ("b",))
    with pytest.raises(Infeasible, match=r"blocks-only .* smallest latency that it reaches is 12 ms") as stop:
        solve(problem, 11.0, "blocks-only")
    assert stop.value.smallest == 12.0


@pytest.mark.parametrize("rival", [r for r in RIVALS if r not in ("greedy", "random", "blocks-only")])
def test_rivals_that_remove_no_block_say_what_they_reach(rival):
    with pytest.raises(Infeasible, match=rf"{rival} .* reaches is 4 ms. Plans exist from 2 ms") as stop:
        solve(chain(), 3.0, rival)
    assert stop.value.smallest == 4.0
    assert within(solve(chain(), 4.0, rival).latency, 4.0)
    with pytest.raises(Infeasible, match="No choice meets"):
        solve(chain(), 1.0, rival)


@settings(max_examples=100, deadline=None)
@given(seed=SEEDS, rival=st.sampled_from(RIVALS))
def test_rivals_fit_never_beat_the_optimum_and_answer_alike_twice(seed, rival):
    rng = np.random.default_rng(seed)
    problem = random_problem(seed)
    pins = Pins()
    if rng.random() < 0.5:
        pins = Pins(
            {
                d.name: tuple(map(int, np.sort(rng.choice(d.options, 2))))
                for d in problem.dims
                if rng.random() < 0.4
            },
            {b.name: bool(rng.random() < 0.5) for b in problem.blocks if b.removable and rng.random() < 0.4},
        )
    latency, importance = everything(pinned(problem, pins))
    budget = float(np.quantile(latency, rng.random()))
    _, top = best(latency, importance, budget)
    try:
        plan = solve(problem, budget, rival, pins=pins)
    except Infeasible as stop:
        assert stop.smallest > budget  # and no MdpError of another kind
        return
    assert within(plan.latency, budget) and plan.importance <= top + 1e-9
    assert (plan.solver, plan.optimal, plan.bound) == (rival, False, None)
    again = solve(problem, budget, rival, pins=pins)
    assert (again.choices, again.removed_blocks) == (plan.choices, plan.removed_blocks)
    for name, (low, high) in pins.dims.items():
        assert plan.choices[name] is None or low <= plan.choices[name] <= high
    for name, kept in pins.blocks.items():
        assert (name in plan.removed_blocks) == (not kept)
    if rival not in ("greedy", "random", "blocks-only"):
        assert set(plan.removed_blocks) == {name for name, kept in pins.blocks.items() if not kept}


def test_re_linearised_halp_on_the_shipped_resnet():
    """Near the optimum without block removal; the corner with dense inputs keeps far less."""
    problem = load_study("fmnist-resnet-cpu").problem
    budget = 0.55 * problem.dense_latency
    keep = Pins(blocks={b.name: True for b in problem.blocks if b.removable})
    top = solve(problem, budget, pins=keep)
    assert 0.93 * top.importance < solve(problem, budget, "halp").importance <= top.importance


@pytest.mark.parametrize("solver", ["halp", "nvit", "isomorphic", "uniform", "greedy", "blocks-only"])
def test_the_command_line_offers_them(solver, capsys, tmp_path):
    save_problem(synthetic_vit(2, 96, 2).problem, tmp_path / "p.json")
    main(["solve", str(tmp_path / "p.json"), "--budget", "70%", "--solver", solver, "--json"])
    said = json.loads(capsys.readouterr().out)
    assert (said["solver"], said["optimal"]) == (solver, False)
    assert said["latency"] <= said["budget"] and math.isfinite(said["importance"])


def test_every_solver_is_known_by_its_own_name():
    for name in RIVALS:
        assert solve(chain(), 14.0, name).solver == name
    assert set(RIVALS) < set(SOLVERS)


@pytest.mark.parametrize("name", ["resnet50-h200-b256", "deit-base-h200-b1"])
def test_halp_finds_a_plan_where_it_finds_one_for_less(name):
    """At 99 % its own steps stop a hair above the budget: their latencies are rounded."""
    problem = load_study(name).problem
    budget = 0.99 * problem.dense_latency
    plan = solve(problem, budget, "halp")
    assert solve(problem, 0.9 * budget, "halp").latency <= plan.latency <= budget


@pytest.mark.parametrize("solver", [name for name in RIVALS if name != "random"])
def test_all_of_the_budget_is_the_dense_network(solver):
    problem = load_study("cifar-resnet20-cpu").problem  # some narrower networks are slower
    plan = solve(problem, problem.dense_latency, solver)
    assert plan.choices == {d.name: d.dense for d in problem.dims} and not plan.removed_blocks
