"""The exact linearisation as a mixed-integer linear program: built in Pyomo, solved by HiGHS.

Variables are marginals. For every dim, option and block a share y (the block is kept and the dim takes the
option); for every set of dims that a table spans, one joint variable per entry whose sums over all axes but
one are those shares. Where two tables of a block span two or more dims in common, their joint marginals over
these must agree as well: without blocks and budget, on a tree of tables, the relaxation is then integral.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import replace

from ...core.errors import MdpError
from ...core.limits import broken, kept_to
from ...core.pins import Pins, pinned, removed_with
from ...core.plan import Plan, infeasible, make_plan, within
from ...core.problem import Problem
from ..aside import aside
from ..last_resort import in_time
from ..precision import facts, least_importance, least_latency, sizes
from ..protocol import NO_LIMITS, Limits, OutOfTime
from .highs import Answer, Milp

# Entries this many times the budget, or the importance found, are more than those tolerances are good for.
SPAN = 5e3
# Seconds that HiGHS may take beyond its time limit to come to an end.
GRACE = 0.7
# Coefficients of one row further apart than this make HiGHS lose digits on the way, whatever the tolerances.
RANGE = 1e10


def solve(problem: Problem, budget: float, limits: Limits = NO_LIMITS) -> Plan:
    """The best plan that HiGHS finds within the budget and `limits.most`, with its bound; optimal unless a
    time limit stops it.

    Raises:
        Infeasible: nothing meets the budget and all limits.
        Cancelled: `limits.cancelled()` became true.
        MdpError: the time limit passed before any plan was found.
    """
    start = time.perf_counter()
    limits = limits.or_default()
    pins = limits.pins
    try:
        answer = _asked(problem, budget, limits)
    except OutOfTime:
        answer = Answer("unknown")
    if answer.choices is None:
        limit = f" within {limits.time_limit:g} s" if limits.time_limit < math.inf else ""
        if limits.most:
            raise MdpError(
                f"milp found no plan within the budget and all limits{limit}. Give it more time, or larger "
                "limits."
            )
        raise MdpError(f"milp found no plan{limit}. Give it more time, or use exact.")
    removed = removed_with(answer.removed, pins)
    if answer.optimal and not _carried(problem, budget, limits.most, answer, removed):
        note = "Not proven: its numbers span more than the tolerances of HiGHS carry."
        answer = replace(answer, bound=None, optimal=False, note=note)
    return make_plan(
        problem,
        budget,
        answer.choices,
        removed,
        solver="milp",
        seconds=time.perf_counter() - start,
        bound=answer.bound,
        optimal=answer.optimal,
        note=answer.note,
        most=limits.most,
    )


def _asked(problem: Problem, budget: float, limits: Limits) -> Answer:
    """The answer of HiGHS, which runs aside; it ends at the time limit by itself, or is left soon after."""
    pins, clock = limits.pins, limits.clock()

    def work(stop) -> Answer:
        kept = not pins and not limits.most  # the model of one budget is kept for the next
        model = problem.__dict__.get("_milp") if kept else None
        if model is None:
            model = Milp(pinned(problem, pins), limits.most)
        if kept:
            problem.__dict__.pop("_milp", None)  # nobody else asks it meanwhile
        if stop.is_set():
            return Answer("unknown")
        answer = model.solve(budget, time_limit=max(clock.end - time.monotonic(), 0.0), stop=stop)
        fits = answer.choices is None or _fits(problem, budget, limits, answer)
        if limits.most:
            return answer if fits else Answer("unknown")
        if answer.status == "infeasible" or not fits:
            answer = _perhaps(problem, budget, pins, model.fastest(stop))
        if kept and not stop.is_set():
            problem.__dict__["_milp"] = model
        return answer

    answer = aside(work, limits.longer(GRACE).clock())
    if answer.status == "infeasible":  # under several limits
        from ..limited.contradiction import contradiction

        if wrong := contradiction(problem, budget, limits.longer(30.0)):
            raise wrong
    return answer


def _fits(problem: Problem, budget: float, limits: Limits, answer: "Answer") -> bool:
    removed = removed_with(answer.removed, limits.pins)
    used = kept_to(problem, limits.most, answer.choices, removed)
    return within(problem.total(problem.latency, answer.choices, removed), budget) and not broken(
        used, problem
    )


def _perhaps(problem: Problem, budget: float, pins: Pins | None, fastest: "Answer") -> "Answer":
    """What is true where HiGHS finds nothing within the budget: the fastest choice may meet it after all.

    Raises:
        Infeasible: nothing does.
    """
    if fastest.choices is None:
        raise MdpError("milp could not find the smallest latency. Use exact.")
    latency = problem.total(problem.latency, fastest.choices, removed_with(fastest.removed, pins))
    if not within(latency, budget) and facts(problem)[0].largest > SPAN * abs(latency):
        from ..exact import solver as exact

        plan = exact.fastest(problem, pins)
        latency, fastest = plan.latency, Answer("feasible", dict(plan.choices), set(plan.removed_blocks))
        # A dim of removed blocks alone may have any width.
        for dim in problem.dims:
            fastest.choices[dim.name] = fastest.choices[dim.name] or dim.dense
    if not within(latency, budget):
        raise infeasible(problem, budget, latency)
    note = "Not proven: its numbers span more than the tolerances of HiGHS carry; this is the fastest choice."
    return replace(fastest, bound=None, optimal=False, note=note)


def _carried(problem: Problem, budget: float, most: Mapping[str, float], answer: "Answer", removed) -> bool:
    """Whether the tolerances of HiGHS, shares of the largest entries, are too small to decide anything."""
    importance = problem.total(problem.importance, answer.choices, removed)
    rows = list(
        zip(
            (sizes(problem.latency), sizes(problem.importance)),
            (least_latency(problem, budget), least_importance(problem, importance)),
            strict=True,
        )
    )
    for name, limit in most.items():
        own = sizes(problem.resource[name].terms)
        rows.append((own, abs(limit) if own.negative else max(abs(limit), own.smallest)))
    return all(own.largest <= min(SPAN * max(least, own.step), RANGE * own.smallest) for own, least in rows)


def fastest(problem: Problem, pins: Pins | None = None, limits: Limits = NO_LIMITS) -> Plan:
    """The plan of the smallest latency possible; its budget is that latency.

    Raises:
        Cancelled: on request.
        MdpError: it was not found in time.
    """
    start = time.perf_counter()
    limits = limits.or_default()
    try:
        answer = aside(lambda stop: Milp(pinned(problem, pins)).fastest(stop), limits.clock())
    except OutOfTime:
        answer = Answer("unknown")
    if answer.choices is None:
        raise MdpError(
            f"The smallest latency was not found{in_time(limits)}: the dims of this problem hang "
            "together too closely."
        )
    removed = removed_with(answer.removed, pins)
    latency = problem.total(problem.latency, answer.choices, removed)
    seconds = time.perf_counter() - start
    return make_plan(problem, latency, answer.choices, removed, solver="milp", seconds=seconds)
