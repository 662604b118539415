"""What if one decision were taken otherwise? Each is solved anew, and told where the optimum is proven."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...core.errors import Infeasible, Unsupported
from ...core.pins import Pins, allowed_options
from ...core.plan import Plan, check_plan_fits
from ...core.problem import Problem
from ..exact import solver as exact
from ..exact.elimination import Restriction
from ..exact.point_pool import TooMany
from ..exact.prepared import restricted
from ..limited import solver as limited
from ..protocol import Clock, Limits, OutOfTime, checked_time_limit


@dataclass(frozen=True)
class Alternative:
    """The best plan within the same budget in which one decision is the opposite of the given plan's.

    Attributes:
        kind, name: "block" or "dim", and which.
        now: what the plan does: "kept", "removed" or a number of units.
        otherwise: what the best plan with another decision does there; None if none fits the budget.
        plan: that plan, None if none fits the budget.
        importance_change: what it gains over the given plan; an optimal plan's alternatives never gain.
        latency_change: of the whole plan.
        own_latency: what the block, or the tables that the dim is in, cost in the given plan now.
        smallest: where nothing fits, the smallest latency possible with the opposite decision.
        known: False where neither the best such plan nor that none fits could be proven; of the opposite
            nothing is said then.
    """

    kind: str
    name: str
    now: str | int
    otherwise: str | int | None
    plan: Plan | None
    importance_change: float | None
    latency_change: float | None
    own_latency: float
    smallest: float | None = None
    known: bool = True


def what_if(
    problem: Problem,
    plan: Plan,
    pins: Pins | None = None,
    *,
    time_limit: float | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[Alternative]:
    """One Alternative for every block and dim of the plan that has one: removable blocks the other way round,
    and dims at any other option than the plan's. Other pins stay in force, and so do the plan's limits of
    other resources; the decision itself is free.

    Args:
        time_limit: of all together, in seconds, 60 by default, infinity for none; what is not proven by then
            is not `known`.

    Raises:
        MdpError: the plan is not one of this problem.
        Cancelled: `cancelled()` became true.
    """
    check_plan_fits(plan, problem)
    limits = Limits(time_limit=checked_time_limit(time_limit), cancelled=cancelled, most=plan.most)
    clock = limits.or_default().clock()
    pins = pins or Pins()
    allowed = allowed_options(problem, pins)
    found = []
    for block in problem.blocks:
        if block.removable:
            is_kept = block.name not in plan.removed_blocks
            only = Restriction(allowed, {**pins.blocks, block.name: not is_kept})
            found.append(_alternative(problem, plan, "block", block.name, only, clock))
    for dim in problem.dims:
        now = plan.choices.get(dim.name)
        if now is not None and len(dim.options) > 1:
            others = np.flatnonzero(np.array(dim.options) != now)
            keep = _blocks_kept(problem, dim.name, pins)
            only = Restriction({**allowed, dim.name: others}, {**pins.blocks, **keep})
            found.append(_alternative(problem, plan, "dim", dim.name, only, clock))
    return found


def _blocks_kept(problem: Problem, dim: str, pins: Pins) -> dict[str, bool]:
    """The block that alone uses a dim stays: removing it would not be another width, but none."""
    users = problem.dim_blocks[dim]
    block = next(iter(users)) if len(users) == 1 else None
    if block is None or not problem.block[block].removable or block in pins.blocks:
        return {}
    return {block: True}


def _alternative(
    problem: Problem, plan: Plan, kind: str, name: str, only: Restriction, clock: Clock
) -> Alternative:
    now = _decision(kind, name, plan)
    own = _own_latency(problem, plan, kind, name)
    unknown = Alternative(kind, name, now, None, None, None, None, own, known=False)
    try:
        other = _best(problem, plan, only, clock.rest())
    except Infeasible as stop:
        return Alternative(kind, name, now, None, None, None, None, own, stop.smallest)
    except (Unsupported, TooMany, OutOfTime):
        return unknown
    if not other.optimal:
        return unknown
    return Alternative(
        kind,
        name,
        now,
        _decision(kind, name, other),
        other,
        other.importance - plan.importance,
        other.latency - plan.latency,
        own,
    )


def _best(problem: Problem, plan: Plan, only: Restriction, limits: Limits) -> Plan:
    if plan.limits:
        return limited.solve_restricted(problem, plan.budget, limits, only)
    return exact.plan_of(restricted(problem, only), plan.budget, limits)


def _decision(kind: str, name: str, plan: Plan) -> str | int | None:
    if kind == "block":
        return "removed" if name in plan.removed_blocks else "kept"
    return plan.choices[name]


def _own_latency(problem: Problem, plan: Plan, kind: str, name: str) -> float:
    """Latency of the block's terms, or of the terms that the dim is in, under the plan."""
    terms = [t for t in problem.latency if (t.block == name if kind == "block" else name in t.dims)]
    return problem.total(terms, plan.choices, plan.removed_blocks)
