"""The Pareto front: the best importance at every budget."""

import contextlib
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from ...core.errors import Infeasible, Unsupported
from ...core.pins import Pins, pins_text
from ...core.plan import Plan, make_plan, within
from ...core.problem import Problem
from ..exact import solver as exact
from ..exact.prepared import PreparedProblem, prepared
from ..limited import solver as limited
from ..limited.contradiction import smallest_latency
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
    _pins: str = field(default="", repr=False)

    @cached_property
    def plan(self) -> Plan:
        """The choice behind the point, re-evaluated from the tables."""
        start = time.perf_counter()
        with self._ready.lock:
            points = self._ready.roots.vertex(self._vertex).points
        plan = make_plan(
            self._ready.problem,
            None,
            *self._ready.decisions(points),
            solver="exact",
            seconds=time.perf_counter() - start,
            bound=-math.inf,  # optimal: the importance as re-evaluated is the bound
            optimal=True,
            shadow_price=self.multiplier,
        )
        return replace(plan, pins=self._pins)


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
    most: Mapping[str, float] | None = None,
) -> Front:
    """The exact optimum at each budget, or at that many from the fastest plan to dense, evenly spaced.

    With `most`, limits of other resources by name, it is the front while these hold; it has no supported
    points then. `without_repeats` leaves out budgets that change nothing.

    Budgets that nothing meets are left out. Where the problem is too wide for the exact solver, the MILP
    solves each budget and there are no supported points.

    Raises:
        Infeasible: no choice meets the limits of other resources.
        Cancelled: `cancelled()` became true.
    """
    if most:
        return _limited_front(problem, budgets, Limits(pins, cancelled=cancelled, most=most))
    held = _text(pins)
    if isinstance(budgets, int):
        low = exact.fastest(problem, pins).latency
        budgets = np.linspace(low, max(low, problem.dense_latency), budgets)
    points = []
    for budget in sorted(float(b) for b in budgets):
        try:
            plan = exact.solve(problem, budget, Limits(pins, cancelled=cancelled))
        except Infeasible:
            continue
        points.append(FrontPoint(budget, replace(plan, pins=held)))
    return Front(tuple(points), supported(problem, pins))


def _text(pins: Pins | None) -> str:
    return pins_text(pins) if pins else ""


def _limited_front(problem: Problem, budgets: int | Sequence[float], limits: Limits) -> Front:
    """The front while limits of other resources hold."""
    if isinstance(budgets, int):
        low = smallest_latency(problem, limits)
        budgets = np.linspace(low, max(low, problem.dense_latency), budgets)
    points: dict[float, FrontPoint] = {}
    for budget in sorted((float(b) for b in budgets), reverse=True):
        plan = settled(points, budget)
        if plan is None:
            with contextlib.suppress(Infeasible):
                plan = limited.solve(problem, budget, limits, explain=False)
        if plan is not None:
            points[budget] = FrontPoint(budget, replace(plan, pins=_text(limits.pins)))
    return Front(tuple(points[budget] for budget in sorted(points)), ())


def settled(points: Mapping[float, FrontPoint], budget: float) -> Plan | None:
    """The best plan within a budget where points at others settle it: the optimum of a larger budget fits, or
    that of a smaller one is worth as much. None where it has to be solved."""
    above = min((b for b in points if b >= budget), default=None)
    if above is None or not points[above].plan.optimal:
        return None
    most = points[above].plan
    if within(most.latency, budget):
        return replace(most, budget=budget)
    below = max((b for b in points if b < budget), default=None)
    if below is not None and points[below].plan.importance >= most.importance:
        return replace(points[below].plan, budget=budget, bound=points[below].plan.importance, optimal=True)
    return None


def without_repeats(points: Sequence[FrontPoint]) -> list[FrontPoint]:
    """Points in increasing budget without those whose plan the one before has already."""
    found: list[FrontPoint] = []
    for point in points:
        if not found or _decided(point.plan) != _decided(found[-1].plan):
            found.append(point)
    return found


def _decided(plan: Plan) -> tuple:
    return dict(plan.choices), plan.removed_blocks


def supported(problem: Problem, pins: Pins | None = None) -> tuple[Supported, ...]:
    """All supported points; none where the problem is too wide for the exact solver."""
    try:
        ready = prepared(problem, pins)
    except Unsupported:
        return ()
    hulls = ready.hulls
    return tuple(
        Supported(
            float(hulls.latency[vertex]), float(hulls.importance[vertex]), slope, vertex, ready, _text(pins)
        )
        for vertex, slope in zip(hulls.front, hulls.front_slope, strict=True)
    )
