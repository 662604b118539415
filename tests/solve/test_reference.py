"""The method's own ResNet problems, with optima proven by an independent MILP."""

from pathlib import Path

import pytest

from mdp.core.files import read_json
from mdp.core.problem import load_problem
from mdp.solve import solve

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "reference"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the reference instances are not here")


@pytest.fixture(scope="module")
def problems():
    return {p.stem: load_problem(p) for p in FOLDER.glob("resnet*.json")}


def test_same_optima(problems):
    for row in read_json(FOLDER / "optima.json")["optima"]:
        problem = problems[row["instance"]]
        plan = solve(problem, row["budget"])
        assert plan.importance == row["importance"], row
        assert plan.bound == row["importance"] and plan.optimal and plan.solver == "exact"
        assert problem.evaluate(plan.choices, plan.removed_blocks) == (plan.latency, plan.importance)
        assert plan.latency <= row["budget"]
