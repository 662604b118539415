"""Problems that no solver here finishes: they end at a time limit, or on request, with what is known."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from mdp.core.errors import Cancelled
from mdp.core.plan import within
from mdp.core.problem import Block, Dim, Problem, Term, save_problem
from mdp.solve import solve
from mdp.solve.protocol import SECONDS, Limits


def hard(seed: int = 0, dims: int = 40, options: int = 40) -> Problem:
    """A knapsack whose importance follows latency closely, so that nearly every choice is nearly the best."""
    rng = np.random.default_rng(seed)
    names = [f"d{i}" for i in range(dims)]
    made = [np.cumsum(rng.integers(1000, 2000, options)).astype(float) for _ in names]
    latency = tuple(Term(n, f"b{n}", (n,), v) for n, v in zip(names, made, strict=True))
    worth = tuple(
        Term(n, f"b{n}", (n,), v + rng.integers(0, 3, options)) for n, v in zip(names, made, strict=True)
    )
    return Problem(
        "hard",
        "ms",
        tuple(Dim(n, "channels", tuple(range(1, options + 1))) for n in names),
        tuple(Block(f"b{n}") for n in names),
        latency,
        worth,
    )


@pytest.mark.parametrize("solver", ["exact", "milp"])
def test_at_the_time_limit_the_best_plan_and_its_gap(solver):
    problem = hard()
    budget = 0.5 * problem.dense_latency + 0.25
    plan = solve(problem, budget, solver, time_limit=2.0) if solver == "exact" else None
    if plan is not None:
        assert within(plan.latency, budget) and not plan.optimal
        assert plan.importance <= plan.bound < 1.2 * plan.importance and "stopped" in plan.note
    with pytest.raises(Cancelled):
        asked = time.monotonic() + 1.0
        solve(problem, budget, solver, cancelled=lambda: time.monotonic() > asked)


def test_a_limit_is_the_default_and_can_be_lifted():
    assert Limits().or_default().time_limit == SECONDS
    assert Limits(time_limit=float("inf")).or_default().time_limit == float("inf")


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_sigterm_ends_the_command(tmp_path):
    save_problem(hard(), tmp_path / "hard.json")
    command = [sys.executable, "-m", "mdp", "solve", str(tmp_path / "hard.json"), "--budget", "50%"]
    process = subprocess.Popen(
        command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        time.sleep(4.0)  # in the middle of the solve, on a machine that is not too busy
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=30)  # SECONDS is longer
    finally:
        process.kill()
    assert process.returncode != 0 and b"Traceback" not in said
