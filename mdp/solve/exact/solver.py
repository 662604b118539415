"""The certified optimum at slider speed: Lagrangian bound, slack window, Pareto merge.

docs/explanation/exact-solver.md says how.

Everything that depends on the problem alone (the tree, its lists, the hull) is kept with the Problem object.
"""

import dataclasses
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ...core.errors import Infeasible, MdpError, Unsupported
from ...core.pins import Pins
from ...core.plan import Plan, infeasible, make_plan, within
from ...core.problem import Problem
from ..precision import FORGIVEN, ROUNDING, carried, facts, latency_carried
from ..protocol import NO_LIMITS, Limits, OutOfTime
from . import rational
from .fallback import by_milp
from .message_passing import Choice
from .point_pool import TooMany
from .prepared import PreparedProblem, prepared


def solve(problem: Problem, budget: float, limits: Limits = NO_LIMITS) -> Plan:
    """The best plan, proven: `bound == importance`. Falls back on the MILP where the tree is too wide.

    Raises:
        Infeasible: nothing meets the budget.
        Cancelled: `limits.cancelled()` became true.
    """
    limits, start = limits.or_default(), time.perf_counter()
    clock, ready = limits.clock(), None
    try:
        ready = prepared(problem, limits.pins)
        return plan_of(ready, budget, limits)
    except (TooMany, Unsupported) as error:
        reason = str(error)
    plan = by_milp(problem, budget, limits, clock, ready, reason)
    return dataclasses.replace(
        plan, seconds=time.perf_counter() - start
    )  # the search that was given up took its time, too


def plan_of(ready: PreparedProblem, budget: float, limits: Limits = NO_LIMITS) -> Plan:
    """The best plan of a prepared problem, as `solve`. Its `seconds` leave the preparation out.

    Where float64 does not carry the problem's numbers, whole numbers decide; where that takes too long, the
    plan claims nothing.

    Raises:
        MdpError: it cannot be told whether anything meets the budget.
    """
    start = time.perf_counter()
    check = limits.clock()
    found = None
    try:
        with np.errstate(all="ignore"):
            found = _by_floats(ready, budget, check)
    except Infeasible:
        if _surely_infeasible(ready, budget):
            raise
    if found is None or not carried(ready.problem, budget, found.importance):
        found = _by_whole_numbers(ready, budget, found, check)
    proven = found.bound == found.importance
    return make_plan(
        ready.problem,
        budget,
        found.choices,
        found.removed,
        solver="exact",
        seconds=time.perf_counter() - start,
        # A bound is never below the importance, re-evaluated; none where nothing is known.
        bound=-math.inf if proven else found.bound,
        optimal=proven,
        shadow_price=found.multiplier,
        note=found.note or ("" if proven else f"stopped after {limits.time_limit:g} s"),
    )


@dataclass(frozen=True)
class _Answer:
    """A choice, and what is known of it; `bound` is None where nothing is."""

    choices: dict[str, int]
    removed: set[str]
    importance: float
    bound: float | None
    multiplier: float | None = None
    note: str = ""


def _by_floats(ready: PreparedProblem, budget: float, check) -> _Answer:
    """The answer of float64; where that carries too little, it may even break the budget."""
    best, bound, multiplier = optimum(ready, budget, check)
    choices, removed = ready.decisions(best.points)
    # The slope beside a step too small for float64 is infinite: no price, and no help.
    return _Answer(choices, removed, best.importance, bound, _finite(multiplier))


def _by_whole_numbers(ready: PreparedProblem, budget: float, found: _Answer | None, check) -> _Answer:
    """The answer without rounding; the answer of float64, claiming nothing, where that cannot be had."""
    room = Fraction(budget) + FORGIVEN * abs(Fraction(budget))
    problem, bound = ready.problem, None
    try:
        made = rational.of(problem, ready.only)
        known = None
        if found is not None:
            bound = _finite(_up(rational.bound(made, room, found.multiplier)))
            latency, known = rational.totals(problem, found.choices, found.removed)
            known = known if latency <= room else None
        best = rational.optimum(made, room, known, found and found.multiplier, check)
        if best is not None:
            importance = problem.evaluate(best.choices, best.removed)[1]
            return _Answer(best.choices, best.removed, importance, importance, found and found.multiplier)
        raise infeasible(problem, budget, float(rational.smallest(made)))
    except OutOfTime:
        reason = "Stopped at the time limit: its numbers span more than float64 carries."
    except (TooMany, Unsupported) as error:
        reason = str(error)
    if found is None or not within(problem.evaluate(found.choices, found.removed)[0], budget):
        found = _fastest_of(ready, budget)
    if found is None:
        raise MdpError(
            f"It cannot be told whether a choice meets {budget:g} {problem.latency_unit}. {reason} Give all "
            "tables numbers of one size, or ask for a larger budget."
        )
    if bound is not None and bound <= problem.evaluate(found.choices, found.removed)[1]:
        return dataclasses.replace(found, importance=bound, bound=bound)
    return dataclasses.replace(found, bound=bound, note=f"Not proven. {reason}")


def _fastest_of(ready: PreparedProblem, budget: float) -> _Answer | None:
    choices, removed = ready.decisions(ready.roots.vertex(ready.hulls.front[0]).points)
    latency, importance = ready.problem.evaluate(choices, removed)
    return _Answer(choices, removed, importance, None) if within(latency, budget) else None


def _surely_infeasible(ready: PreparedProblem, budget: float) -> bool:
    """Whether the smallest latency is over the budget by more than float64 may be wrong by."""
    spare = ROUNDING * facts(ready.problem)[0].largest
    return ready.hulls.front_latency[0] - spare > budget + 1e-9 * abs(budget)


def optimum(ready: PreparedProblem, budget: float, check: Callable[[], None]) -> tuple[Choice, float, float]:
    """The best choice within the budget, its bound, and the multiplier there (importance per latency).

    The hull of every point of the root says which of them can hold the optimum, and the windows of the
    closing step do the rest. Unless `check` raised OutOfTime, the bound is the choice's importance.

    Raises:
        Infeasible, TooMany, and whatever else `check` raises.
    """
    # Inside what `within` forgives, outside what float64 sums of one choice may differ by.
    capacity = budget + 0.5e-9 * abs(budget)
    with ready.lock:
        if ready.hulls.front_latency[0] > capacity:
            raise infeasible(ready.problem, budget, smallest(ready))
        _, slope = ready.hulls.edge(capacity)
        return *ready.roots.optimum(capacity, check), slope


def smallest(ready: PreparedProblem) -> float:
    """The smallest latency that any choice reaches, evaluated from the tables."""
    if not latency_carried(ready.problem, ready.hulls.front_latency[0]):
        try:
            return _up(rational.smallest(rational.of(ready.problem, ready.only)))
        except (TooMany, Unsupported):
            pass
    choices, removed = ready.decisions(ready.roots.vertex(ready.hulls.front[0]).points)
    return ready.problem.evaluate(choices, removed)[0]


def fastest(problem: Problem, pins: Pins | None = None, limits: Limits = NO_LIMITS) -> Plan:
    """The plan of the smallest latency possible, and the best of those; its budget is that latency.

    `limits` say how long the MILP may take where the tree is too wide.
    """
    try:
        ready = prepared(problem, pins)
        return plan_of(ready, smallest(ready))
    except (TooMany, Unsupported):
        from ..milp import solver as milp

        return milp.fastest(problem, pins, limits)


def _up(value: Fraction) -> float:
    """The nearest float64 that is not below, infinity above them all."""
    try:
        near = float(value)
    except OverflowError:
        return math.inf
    return near if near >= value else math.nextafter(near, math.inf)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
