"""The Pareto front: the best importance at every budget."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..plan import Plan
from ..problem import Problem


@dataclass(frozen=True)
class FrontPoint:
    """The best plan at one budget; `plan.optimal` and `plan.bound` are its guarantee."""

    budget: float
    plan: Plan


@dataclass(frozen=True)
class Supported:
    """A point of the front's concave hull: optimal at its own latency.

    `multiplier` is the importance per unit of latency on the hull's edge towards the next faster point.
    """

    plan: Plan
    multiplier: float


@dataclass(frozen=True)
class Front:
    """Points in increasing latency, and the supported points in increasing latency."""

    points: tuple[FrontPoint, ...]
    supported: tuple[Supported, ...]


def front(problem: Problem, budgets: int | Sequence[float] = 100) -> Front:
    """The exact optimum at each budget (or at that many, evenly spaced from the fastest plan to dense)."""
    from . import fastest, solve

    if isinstance(budgets, int):
        budgets = np.linspace(fastest(problem).latency, problem.dense_latency, budgets)
    points = tuple(FrontPoint(float(b), solve(problem, float(b))) for b in sorted(budgets))
    return Front(points, ())
