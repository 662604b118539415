"""Several limits where time ran out without a plan: what single steps find, and the bound of the budget."""

import time

from ...core.errors import MdpError
from ...core.pins import pinned, removed_with
from ...core.plan import Plan, make_plan
from ...core.problem import Problem
from ..last_resort import BY_STEPS, extra, gap, in_time, search
from ..protocol import Limits


def when_late(
    problem: Problem, budget: float, limits: Limits, alone: Plan, reason: str, start: float
) -> Plan:
    """The best plan that single steps find from `alone`, the plan for latency alone, whose bound holds here.

    Args:
        reason: why the exact solver gave up, for the note; "" where only time did.
        start: when the solve began, of `time.perf_counter`.

    Raises:
        Cancelled: on request.
        MdpError: none was found.
    """
    smaller, starts = pinned(problem, limits.pins), [(alone.choices, frozenset(alone.removed_blocks))]
    found = search(smaller, budget, limits.most, starts, extra(limits).clock())
    if found.choices is None:
        said = f"No plan within the budget and all limits was found{in_time(limits)}. {reason}".strip()
        raise MdpError(f"{said} Give it more time, or larger limits.")
    removed = removed_with(found.removed, limits.pins)
    importance = problem.evaluate(found.choices, removed)[1]
    note = "; ".join(filter(None, [reason, BY_STEPS, f"stopped after {limits.time_limit:g} s"]))
    return make_plan(
        problem, budget, found.choices, removed, solver="exact", seconds=time.perf_counter() - start,
        bound=alone.bound, note=note + gap(importance, alone.bound), most=limits.most,
    )  # fmt: skip
