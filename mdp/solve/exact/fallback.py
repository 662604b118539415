"""Where the exact solver gives up: the MILP in the time that is left, and what is known without it."""

import dataclasses
import math
import time

import numpy as np

from ...core.errors import Cancelled, Infeasible, MdpError
from ...core.pins import pinned, removed_with
from ...core.plan import Plan, make_plan, within
from ...core.problem import Problem
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
    bound = None if ready is None or known is None else _bound(ready, budget, known)
    return in_time_left(problem, budget, clock, known, bound, reason)


def in_time_left(
    problem: Problem, budget: float, clock: Clock, known: Plan | None, bound: float | None, reason: str
) -> Plan:
    """The MILP's plan in the time that is left, or the one that is known where that is better.

    Args:
        known: a plan, `bound` what no plan exceeds; None where nothing is known.

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
        plan = known
    if plan is None:
        within_all = " within the budget and all limits" if limits.most else ""
        raise MdpError(
            f"No plan{within_all} was found within {limits.time_limit:g} s. {reason} Give it more time, or "
            f"{'larger limits' if limits.most else 'a larger budget'}."
        )
    if not plan.optimal:
        plan = _better(plan, known, bound, limits)
    return dataclasses.replace(plan, note="; ".join(filter(None, [reason, plan.note])))


def _better(plan: Plan, known: Plan | None, bound: float | None, limits: Limits) -> Plan:
    """The more important of two plans, with the lower bound and how far it is from there."""
    best = plan if known is None or plan.importance >= known.importance else known
    bounds = [b for b in (plan.bound, bound) if b is not None]
    least = max(min(bounds), best.importance) if bounds else None
    note = plan.note if best is plan and plan is not known else f"stopped after {limits.time_limit:g} s"
    note += how_far(least, best.importance)
    return dataclasses.replace(best, bound=least, note=note)


def how_far(bound: float | None, importance: float) -> str:
    """What a note says of the gap: `, at most 0.2 % below the optimum`; "" where nothing is known."""
    if bound is None or bound == 0 or not math.isfinite(bound):
        return ""
    return f", at most {100 * max(bound - importance, 0.0) / abs(bound):.2g} % below the optimum"


def _bound(ready: PreparedProblem, budget: float, known: Plan) -> float | None:
    """What the hulls say that nothing within the budget exceeds; None where float64 does not carry that."""
    if not carried(ready.problem, budget, known.importance):
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
    for name, search, limit in (("greedy", greedy.search, seconds), ("uniform", uniform.search, math.inf)):
        try:
            found = search(smaller, budget, dataclasses.replace(clock.limits, time_limit=limit).clock())
        except OutOfTime:
            continue
        removed = removed_with(found.removed, pins)
        if within(problem.evaluate(found.choices, removed)[0], budget):
            seconds = time.perf_counter() - start
            return make_plan(problem, budget, found.choices, removed, solver=name, seconds=seconds)
    return None
