"""The Pareto front: the best importance at every budget."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ...core.errors import Infeasible, Unsupported
from ...core.pins import Pins
from ...core.plan import Plan, make_plan
from ...core.problem import Problem
from ..exact import solver as exact
from ..exact.prepared import PreparedProblem, prepared
from ..protocol import Limits


@dataclass(frozen=True)
class FrontPoint:
    """The best plan at one budget; `plan.optimal` and `plan.bound` are its guarantee."""

    budget: float
    plan: Plan


@dataclass(frozen=True, eq=False)
class Supported:
    """A point of the front's concave hull: no choice as fast has more importance (`plan.optimal`).

    `multiplier` is the importance per unit of latency on the hull's edge to the next slower point: what a
    little more latency is worth there. It is 0 at the last point. A large problem has thousands of these
    points and few of them are looked at, so a plan is made when it is first asked for.
    """

    latency: float
    importance: float
    multiplier: float
    _vertex: int = field(repr=False)
    _ready: PreparedProblem = field(repr=False)

    @cached_property
    def plan(self) -> Plan:
        """The choice behind the point, re-evaluated from the tables."""
        start = time.perf_counter()
        with self._ready.lock:
            points = self._ready.roots.vertex(self._vertex).points
        return make_plan(
            self._ready.problem,
            None,
            *self._ready.decisions(points),
            solver="exact",
            seconds=time.perf_counter() - start,
            bound=-math.inf,  # optimal: the importance as re-evaluated is the bound
            optimal=True,
            shadow_price=self.multiplier,
        )


@dataclass(frozen=True)
class Front:
    """`points` at the budgets asked for, `supported` the whole hull; both in increasing latency."""

    points: tuple[FrontPoint, ...]
    supported: tuple[Supported, ...]


def front(
    problem: Problem,
    budgets: int | Sequence[float] = 100,
    *,
    pins: Pins | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Front:
    """The exact optimum at each budget, or at that many from the fastest plan to dense, evenly spaced.

    Budgets that nothing meets are left out. Where the problem is too wide for the exact solver, the MILP
    solves each budget and there are no supported points.

    Raises:
        Cancelled: `cancelled()` became true.
    """
    if isinstance(budgets, int):
        low = exact.fastest(problem, pins).latency
        budgets = np.linspace(low, max(low, problem.dense_latency), budgets)
    points = []
    for budget in sorted(float(b) for b in budgets):
        try:
            plan = exact.solve(problem, budget, Limits(pins, cancelled=cancelled))
        except Infeasible:
            continue
        points.append(FrontPoint(budget, plan))
    return Front(tuple(points), supported(problem, pins))


def supported(problem: Problem, pins: Pins | None = None) -> tuple[Supported, ...]:
    """All supported points; none where the problem is too wide for the exact solver."""
    try:
        ready = prepared(problem, pins)
    except Unsupported:
        return ()
    hulls = ready.hulls
    return tuple(
        Supported(float(hulls.latency[vertex]), float(hulls.importance[vertex]), slope, vertex, ready)
        for vertex, slope in zip(hulls.front, hulls.front_slope, strict=True)
    )
