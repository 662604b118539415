"""Optima of real sizes, proven by an independent MILP: synthetic ones, and the method's own where at hand."""

from pathlib import Path

import pytest

from benchmarks.problems import DEIT_SMALL, DEIT_TINY, synthetic
from mdp.core.files import read_json
from mdp.core.problem import load_problem
from mdp.solve import solve

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "reference"


@pytest.mark.parametrize(
    ("net", "budget", "importance"),
    [  # `solve(synthetic(net, 7), budget, "milp")`: HiGHS, proven with zero gap, 12 to 39 s each
        (DEIT_TINY, 0.437622, 57.80272),
        (DEIT_TINY, 1.050294, 90.885356),
        (DEIT_SMALL, 1.328802, 78.894316),
        (DEIT_SMALL, 3.189126, 91.482385),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_same_optima_as_a_milp_of_real_size(net, budget, importance):
    problem = synthetic(net, 7)
    plan = solve(problem, budget)
    assert plan.importance == pytest.approx(importance, rel=1e-9)
    assert plan.optimal and plan.latency <= budget and plan.solver == "exact"
    assert problem.evaluate(plan.choices, plan.removed_blocks) == (plan.latency, plan.importance)


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the reference instances are not here")
def test_same_optima_on_the_methods_own_problems():
    problems = {p.stem: load_problem(p) for p in FOLDER.glob("resnet*.json")}
    for row in read_json(FOLDER / "optima.json")["optima"]:
        problem = problems[row["instance"]]
        plan = solve(problem, row["budget"])
        assert plan.importance == row["importance"], row
        assert plan.bound == row["importance"] and plan.optimal and plan.solver == "exact"
        assert problem.evaluate(plan.choices, plan.removed_blocks) == (plan.latency, plan.importance)
        assert plan.latency <= row["budget"]
