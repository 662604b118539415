"""The authors' solver, as faithfully as it runs here: Pyomo's MindtPy on the bilinear or trilinear program.

`solve` is outer approximation started by the feasibility pump (strategy OA, init_strategy FP), `solve_pump`
the feasibility pump alone. Outer approximation proves nothing on a program that is not convex, whatever its
status says: plans are never `optimal`, and their numbers come from the tables.
"""

import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from ...core.errors import Cancelled, MdpError
from ...core.files import read_json, write_json
from ...core.pins import pinned, removed_with
from ...core.plan import Plan, infeasible, make_plan, within
from ...core.problem import Problem, problem_to_json
from ..exact import solver as exact
from ..protocol import NO_LIMITS, Limits

TIME_LIMIT = 300.0  # seconds, where none is given
MOST_SECONDS = 1e6
# How MindtPy ended, by its own word for it.
ENDS = {
    "optimal": "as it should",
    "feasible": "with a point that it has not proven",
    "infeasible": "without a feasible point",
    "maxTimeLimit": "out of time",
    "maxIterations": "after its last iteration",
    "None": "without a word",
}
GRACE = 10.0  # more seconds for MindtPy to end by itself


def solve(problem: Problem, budget: float, limits: Limits = NO_LIMITS) -> Plan:
    """Outer approximation from the feasibility pump; see `_solve`."""
    return _solve(problem, budget, "mindtpy", "OA", limits)


def solve_pump(problem: Problem, budget: float, limits: Limits = NO_LIMITS) -> Plan:
    """The feasibility pump alone; see `_solve`."""
    return _solve(problem, budget, "mindtpy-fp", "FP", limits)


def _solve(problem: Problem, budget: float, solver: str, strategy: str, limits: Limits) -> Plan:
    """A plan that MindtPy found, re-evaluated and checked; its `note` names status and sub-solvers.

    Raises:
        Infeasible: nothing meets the budget.
        MdpError: MindtPy failed, or left no point that meets the budget; the text says its status.
        Cancelled: `limits.cancelled()` became true; the process is gone within a second.
    """
    pins = limits.pins
    smallest = exact.fastest(problem, pins).latency
    if not within(smallest, budget):
        raise infeasible(problem, budget, smallest)
    smaller = pinned(problem, pins)
    if not any(b.removable for b in smaller.blocks) and all(len(d.options) == 1 for d in smaller.dims):
        choices, removed = {d.name: d.dense for d in smaller.dims}, removed_with((), pins)
        note = "There is nothing to choose here; MindtPy was not asked."
        return make_plan(problem, budget, choices, removed, solver=solver, seconds=0.0, note=note)
    # MindtPy takes whole seconds, of a size that its solvers can count.
    limit = math.ceil(min(TIME_LIMIT if limits.time_limit is None else limits.time_limit, MOST_SECONDS))
    task = {
        "problem": problem_to_json(smaller),
        "budget": budget,
        "strategy": strategy,
        "time_limit": limit,
    }
    answer = _run(task, limit + GRACE, solver, limits.cancelled)
    status = ENDS.get(answer["status"], "for a reason of its own")
    removed = removed_with(answer["removed"], pins)
    latency, _ = problem.evaluate(answer["choices"], removed)
    if not within(latency, budget):
        raise MdpError(
            f"{solver} ended {status}, without a plan within the budget: its last point takes "
            f"{latency:.6g} of {budget:.6g} {problem.latency_unit}. The exact solver finds one."
        )
    rounded = f", rounded by up to {answer['fraction']:.1g}" if answer["fraction"] > 1e-6 else ""
    note = f"MindtPy {strategy} ended {status}{rounded}; MIP {answer['mip']}, NLP {answer['nlp']}; no proof"
    seconds = answer["seconds"]
    return make_plan(problem, budget, answer["choices"], removed, solver=solver, seconds=seconds, note=note)


def _run(task: dict[str, Any], limit: float, solver: str, cancelled) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        question, answer, log = (Path(folder) / name for name in ("task.json", "answer.json", "log.txt"))
        write_json(question, task)
        command = [sys.executable, "-m", "mdp.solve.reference.mindtpy_worker", str(question), str(answer)]
        # A session of its own: stopping it stops the solvers that MindtPy started, too.
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                cwd=Path(__file__).resolve().parents[3],
            )
        try:
            _wait(process, time.monotonic() + limit, solver, cancelled)
        finally:
            _stop(process)
        if not answer.exists():
            raise MdpError(
                f"{solver} stopped without an answer: its process ended with {process.returncode}. It may "
                "have run out of memory. The exact solver does not need it."
            )
        result = read_json(answer, "answer of MindtPy")
    if "error" in result:
        raise MdpError(
            f"{solver} failed on this problem, as MindtPy may ({result['error']} inside it). The exact "
            "solver does not need it."
        )
    return result


def _wait(process: subprocess.Popen, end: float, solver: str, cancelled) -> None:
    while process.poll() is None:
        if cancelled is not None and cancelled():
            raise Cancelled("Stopped on request.")
        if time.monotonic() > end:
            raise MdpError(f"{solver} found no answer within its time limit. Give it more, or use exact.")
        time.sleep(0.05)


def _stop(process: subprocess.Popen) -> None:
    """End the worker and whatever it started; nothing is left to save."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    process.wait()
