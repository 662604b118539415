"""Other ways to choose, each at several budgets, to compare the front with: ablations, greedy, random."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ...core.errors import Cancelled, MdpError
from ...core.plan import Plan
from ...core.problem import Problem
from ..baselines.random_plan import seeded
from ..exact.solver import fastest
from ..heuristic import Heuristic
from ..protocol import Limits
from ..solvers import SOLVERS
from .ablation import CORNERS, ablation

BUDGETS = 20
SEEDS = 3


@dataclass(frozen=True)
class Spot:
    """One choice. `latency` is by the true tables, whatever was believed when choosing; `plan` is None where
    that breaks its budget."""

    budget: float
    latency: float
    importance: float
    removed: int
    plan: Plan | None


@dataclass(frozen=True)
class Line:
    """One way to choose, at several budgets."""

    name: str
    spots: tuple[Spot, ...]


def corner_line(problem: Problem, corner, budgets: list[float], cancelled: Callable[[], bool]) -> Line:
    table = ablation(problem, budgets, corners=[corner], cancelled=cancelled)
    rows = [r for r in table.to_dict("records") if math.isfinite(r["latency"])]
    spots = (
        Spot(r["budget"], r["latency"], r["importance"], int(r["removed_blocks"]), r["plan"]) for r in rows
    )
    return Line(corner.name, tuple(spots))


def solver_line(
    problem: Problem, solver: str, budgets: list[float], cancelled: Callable[[], bool], seeds: int = 1
) -> Line:
    ways = [SOLVERS[solver]] if seeds == 1 else [Heuristic(solver, seeded(seed)) for seed in range(seeds)]
    spots = []
    for budget in budgets:
        for way in ways:
            try:
                plan = way(problem, budget, Limits(cancelled=cancelled))
            except Cancelled:
                raise
            except MdpError:  # this heuristic found nothing here; the exact solver may
                continue
            spots.append(Spot(budget, plan.latency, plan.importance, len(plan.removed_blocks), plan))
    return Line(solver, tuple(spots))


def lines(problem: Problem, what: str, cancelled: Callable[[], bool]) -> Iterator[Line]:
    """The lines of one of WHAT, each as soon as it is there. Raises Cancelled."""
    budgets = np.linspace(fastest(problem).latency, problem.dense_latency, BUDGETS).tolist()
    if what == "ablations":
        for corner in CORNERS[:-1]:  # the last one is the front itself
            yield corner_line(problem, corner, budgets, cancelled)
    elif what == "greedy":
        yield solver_line(problem, "greedy", budgets, cancelled)
    else:
        yield solver_line(problem, "random", budgets, cancelled, SEEDS)
