"""Where the exact solver gives up: the MILP in the time that is left, and what is known without it."""

import dataclasses
import math
import time

import numpy as np

from ...core.errors import Cancelled, Infeasible, MdpError
from ...core.pins import pinned, removed_with
from ...core.plan import Plan, make_plan, within
from ...core.problem import Problem
from ...core.resources import amount, budgeted
from ..last_resort import BY_STEPS, extra, in_time, search
from ..loose_bound import loose_bound
from ..precision import carried
from ..protocol import Clock, Limits, OutOfTime
from .prepared import PreparedProblem


def by_milp(
    problem: Problem, budget: float, limits: Limits, clock: Clock, ready: PreparedProblem | None, reason: str
) -> Plan:
    """The MILP's plan, or a heuristic's where that is better; `reason` says why the exact solver gave up.

    Args:
        limits, clock: of the whole solve; the clock has run for a while.
        ready: the problem as prepared by the exact solver, for its bound; None where it is too wide for that.

    Raises:
        Infeasible: nothing meets the budget.
        Cancelled: on request.
        MdpError: no plan was found in time.
    """
    known = _known(problem, budget, clock)
    bound = None if ready is None else _bound(ready, budget, 0.0 if known is None else known.importance)
    return in_time_left(problem, budget, clock, known, bound, reason)


def in_time_left(
    problem: Problem,
    budget: float,
    clock: Clock,
    known: Plan | None,
    bound: float | None,
    reason: str,
    near: Plan | None = None,
) -> Plan:
    """The MILP's plan in the time that is left, or the one known where that is better; where time runs
    out, what single steps make of them.

    Args:
        known: a plan, `bound` what no plan exceeds; None where nothing is known.
        near: a plan that only breaks limits, to step from.

    Raises:
        Infeasible, Cancelled, MdpError: as `by_milp`.
    """
    from ..milp import solver as milp

    limits = clock.limits
    try:
        plan = milp.solve(problem, budget, clock.rest(limits.pins))
    except (Cancelled, Infeasible):
        raise
    except (MdpError, OutOfTime):
        plan = None
    if plan is None or (not plan.optimal and time.monotonic() >= clock.end):
        known, smallest = _stepped(problem, budget, limits, [p for p in (plan, known) if p is not None], near)
        if known is None:
            raise _no_plan(problem, limits, reason, smallest)
        plan = known if plan is None else plan
        if bound is None:
            bound = loose_bound(pinned(problem, limits.pins), budget, known.importance, extra(limits).clock())
    if not plan.optimal:
        plan = _better(plan, known, bound, limits)
    return dataclasses.replace(plan, note="; ".join(filter(None, [reason.rstrip("."), plan.note])))


def _stepped(
    problem: Problem, budget: float, limits: Limits, plans: list[Plan], near: Plan | None
) -> tuple[Plan | None, float]:
    """The best of the plans known and of what single steps make of them, and the smallest latency seen."""
    pins, start = limits.pins, time.perf_counter()
    starts = [(p.choices, frozenset(p.removed_blocks)) for p in (*plans, *([near] if near else []))]
    found = search(pinned(problem, pins), budget, limits.most, starts, extra(limits).clock())
    best = max(plans, key=lambda plan: plan.importance, default=None)
    if found.choices is None:
        return best, found.smallest
    removed, seconds = removed_with(found.removed, pins), time.perf_counter() - start
    made = make_plan(
        problem, budget, found.choices, removed, solver="exact", seconds=seconds, note=BY_STEPS,
        most=limits.most,
    )  # fmt: skip
    return (made if best is None or made.importance > best.importance else best), found.smallest


def _no_plan(problem: Problem, limits: Limits, reason: str, smallest: float) -> MdpError:
    unit, dense = problem.latency_unit, problem.dense_latency
    if limits.most:
        said = f"No plan within the budget and all limits was found{in_time(limits)}. {reason}".strip()
        return MdpError(f"{said} Give it more time, or larger limits.")
    share = f" ({100 * smallest / dense:.1f} % of dense)" if dense > 0 else ""
    return MdpError(
        f"No plan was found{in_time(limits)}. The least {budgeted(unit)} found is "
        f"{amount(smallest, unit)}{share}; whether less is possible is not known. {reason} Give it more "
        "time, or a larger budget."
    )


def _better(plan: Plan, known: Plan | None, bound: float | None, limits: Limits) -> Plan:
    """The more important of two plans, with the lower bound and how far it is from there."""
    best = plan if known is None or plan.importance >= known.importance else known
    bounds = [b for b in (plan.bound, bound) if b is not None]
    least = max(min(bounds), best.importance) if bounds else None
    note = plan.note
    if best is known:
        how = BY_STEPS if known.note == BY_STEPS else ""
        note = "; ".join(filter(None, [how, f"stopped after {limits.time_limit:g} s"]))
    note += how_far(least, best.importance)
    return dataclasses.replace(best, bound=least, note=note)


def how_far(bound: float | None, importance: float) -> str:
    """What a note says of the gap: `, at most 0.2 % below the optimum`; "" where nothing is known."""
    if bound is None or bound == 0 or not math.isfinite(bound):
        return ""
    return f", at most {100 * max(bound - importance, 0.0) / abs(bound):.2g} % below the optimum"


def _bound(ready: PreparedProblem, budget: float, importance: float) -> float | None:
    """What the hulls say that nothing within the budget exceeds; None where float64 does not carry that."""
    if not carried(ready.problem, budget, importance):
        return None
    capacity = budget + 0.5e-9 * abs(budget)
    with ready.lock, np.errstate(all="ignore"):
        _, bounds = ready.hulls.at(capacity)
        _, slope = ready.hulls.edge(capacity)
        bound = float(np.max(bounds)) + ready.roots.program.rounding(slope)
    return bound if np.isfinite(bound) else None


def _known(problem: Problem, budget: float, clock: Clock) -> Plan | None:
    """A plan within the budget by a quick heuristic, None if those find none.

    Greedy may take a third of the time that is left, and half a second where none is: a plan is owed.
    """
    from ..baselines import greedy, uniform

    pins, start = clock.limits.pins, time.perf_counter()
    smaller, seconds = pinned(problem, pins), max((clock.end - time.monotonic()) / 3, 0.5)
    for name, way, limit in (("greedy", greedy.search, seconds), ("uniform", uniform.search, math.inf)):
        try:
            found = way(smaller, budget, dataclasses.replace(clock.limits, time_limit=limit).clock())
        except OutOfTime:
            continue
        removed = removed_with(found.removed, pins)
        if within(problem.evaluate(found.choices, removed)[0], budget):
            seconds = time.perf_counter() - start
            return make_plan(problem, budget, found.choices, removed, solver=name, seconds=seconds)
    return None
