"""Several limits by the MILP: HiGHS with a row for each, its answer held against the tables."""

import math
import time
from dataclasses import replace

from ...core.errors import MdpError
from ...core.limits import broken, kept_to
from ...core.pins import pinned, removed_with
from ...core.plan import Plan, make_plan, within
from ...core.problem import Problem
from ..aside import aside
from ..milp.highs import Answer, Milp
from ..milp.solver import GRACE, RANGE, SPAN
from ..precision import sizes
from ..protocol import NO_LIMITS, Limits, OutOfTime
from .contradiction import contradiction


def solve(problem: Problem, budget: float, limits: Limits = NO_LIMITS, reason: str = "") -> Plan:
    """The best plan that HiGHS finds within the budget and all limits, with its bound.

    Args:
        reason: why it was asked, for the plan's note.

    Raises:
        Infeasible: nothing meets them all.
        Cancelled: `limits.cancelled()` became true.
        MdpError: no plan was found in time.
    """
    start = time.perf_counter()
    limits = limits.or_default()
    clock = limits.clock()

    def work(stop) -> Answer:
        model = Milp(pinned(problem, limits.pins), limits.most)
        if stop.is_set():
            return Answer("unknown")
        return model.solve(budget, time_limit=max(clock.end - time.monotonic(), 0.0), stop=stop)

    try:
        answer = aside(work, limits.longer(GRACE).clock())
    except OutOfTime:
        answer = Answer("unknown")
    if answer.status == "infeasible" and (wrong := contradiction(problem, budget, limits.longer(30.0))):
        raise wrong
    if answer.choices is None or not _fits(problem, budget, limits, answer):
        within_time = f" within {limits.time_limit:g} s" if limits.time_limit < math.inf else ""
        raise MdpError(
            f"No plan within the budget and all limits was found{within_time}. {reason} Give it more time, "
            "or larger limits.".replace("  ", " ")
        )
    removed = removed_with(answer.removed, limits.pins)
    if answer.optimal and not _carried(problem, budget, limits, answer, removed):
        note = "Not proven: its numbers span more than the tolerances of HiGHS carry."
        answer = replace(answer, bound=None, optimal=False, note=note)
    return make_plan(
        problem, budget, answer.choices, removed, solver="milp", seconds=time.perf_counter() - start,
        bound=answer.bound, optimal=answer.optimal, note="; ".join(filter(None, [reason, answer.note])),
        most=limits.most,
    )  # fmt: skip


def _fits(problem: Problem, budget: float, limits: Limits, answer: Answer) -> bool:
    removed = removed_with(answer.removed, limits.pins)
    latency = problem.total(problem.latency, answer.choices, removed)
    used = kept_to(problem, limits.most, answer.choices, removed)
    return within(latency, budget) and not broken(used, problem)


def _carried(problem: Problem, budget: float, limits: Limits, answer: Answer, removed) -> bool:
    """Whether the tolerances of HiGHS are too small to decide anything, for any of the rows."""
    importance = problem.total(problem.importance, answer.choices, removed)
    rows = [(problem.latency, budget), (problem.importance, importance)]
    rows += [(problem.resource[name].terms, most) for name, most in limits.most.items()]
    for terms, value in rows:
        own = sizes(terms)
        least = abs(value) if own.negative else max(abs(value), own.smallest)
        if own.largest > min(SPAN * max(least, own.step), RANGE * own.smallest):
            return False
    return True
