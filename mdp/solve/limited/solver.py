"""The best plan under a latency budget and limits of other resources, proven for all of them together.

docs/explanation/exact-solver.md says how. What depends on the problem alone is kept with the Problem object.
"""

import math
import threading
import time
from dataclasses import dataclass, field, replace

import numpy as np

from ...core.errors import Infeasible, Unsupported
from ...core.pins import Pins, allowed_options
from ...core.plan import Plan, make_plan, within
from ...core.problem import Problem
from ..cache import kept_few
from ..exact import solver as exact
from ..exact.elimination import Restriction, Tree
from ..exact.fallback import how_far, in_time_left
from ..exact.point_pool import TooMany
from ..exact.prepared import restricted as make_restricted
from ..exact.program import make_program
from ..peaks import capped, peaks_in
from ..precision import FORGIVEN, ROUNDING, carried, sizes
from ..protocol import NO_LIMITS, Limits, OutOfTime
from .columns import wide_tree
from .contradiction import contradiction
from .lists import make_wide_nodes
from .search import Search


@dataclass(frozen=True, eq=False)
class Prepared:
    """A problem made ready for any limits of the resources `names`."""

    tree: Tree
    search: Search
    names: tuple[str, ...]
    lock: threading.RLock = field(default_factory=threading.RLock)

    def decisions(self, points) -> tuple[dict[str, int], set[str]]:
        """Kept units of every dim, and removed blocks."""
        chosen, removed = self.search.names.decisions(points)
        choices = {d: options[chosen.get(d, -1)] for d, options in self.tree.options.items()}
        return choices, removed | self.tree.removed


def solve(problem: Problem, budget: float, limits: Limits = NO_LIMITS, explain: bool = True) -> Plan:
    """The best plan within the budget and `limits.most`, proven; the MILP's where that takes too long.

    Args:
        explain: where nothing meets all limits, say which contradict each other.

    Raises:
        Infeasible: nothing meets them all.
        Cancelled: `limits.cancelled()` became true.
        MdpError: no plan was found in time.
    """
    start = time.perf_counter()
    limits = limits.or_default()
    if peaks_in(problem, limits.most):
        return _under_peaks(problem, budget, limits, explain)
    clock = limits.clock()
    try:
        alone = exact.solve(problem, budget, replace(limits, most={}))
    except Infeasible:
        if not explain:
            raise
        raise _why(problem, budget, limits) from None
    if plan := _if_it_fits(problem, budget, limits, alone, start):
        return plan
    try:
        plan = _proven(problem, budget, limits, alone, clock, start)
    except (TooMany, Unsupported) as gave_up:
        known = gave_up.plan if isinstance(gave_up, GaveUp) else None
        bound = alone.bound if known is None else known.bound
        return in_time_left(problem, budget, clock, known, bound, str(gave_up), near=alone)
    except OutOfTime:
        return in_time_left(problem, budget, clock, None, alone.bound, "", near=alone)
    if plan is not None:
        return plan
    if not explain:
        raise Infeasible("No choice meets all limits.", None)
    raise _why(problem, budget, limits)


def _why(problem: Problem, budget: float, limits: Limits) -> Infeasible:
    wrong = contradiction(problem, budget, limits)
    return wrong or Infeasible("No choice meets the budget and all limits together.", None)


def _under_peaks(problem: Problem, budget: float, limits: Limits, explain: bool) -> Plan:
    """As `solve`, without the choices that limits of peaks forbid."""
    cap = capped(problem, limits.most)
    rest = replace(limits, most=cap.most)
    try:
        if cap.most:
            plan = solve(cap.inside, cap.budget(budget), rest, explain=False)
        else:
            plan = exact.solve(cap.inside, cap.budget(budget), rest)
    except Infeasible:
        if not explain:
            raise Infeasible("No choice meets all limits.", None) from None
        raise _why(problem, budget, limits) from None
    return cap.plan(plan, budget, limits.most)


class GaveUp(TooMany):
    """Too many choices are near the bound; `plan` is the best known, if any."""

    def __init__(self, reason: str, plan: Plan | None):
        super().__init__(reason)
        self.plan = plan


def _if_it_fits(problem: Problem, budget: float, limits: Limits, alone: Plan, start: float) -> Plan | None:
    """A plan for latency alone that meets the limits too: the best of all. None if it does not."""
    choices = {d.name: alone.choices[d.name] or d.dense for d in problem.dims}
    uses = {n: problem.use(n, choices, alone.removed_blocks) for n in limits.most}
    if not all(within(uses[name], most) for name, most in limits.most.items()):
        return None
    return make_plan(
        problem, budget, choices, alone.removed_blocks, solver=alone.solver,
        seconds=time.perf_counter() - start, bound=alone.bound, optimal=alone.optimal,
        shadow_price=alone.shadow_price, note=alone.note, most=limits.most,
        shadow_prices=dict.fromkeys(limits.most, 0.0),
    )  # fmt: skip


def _proven(problem: Problem, budget: float, limits: Limits, alone: Plan, clock, start: float) -> Plan | None:
    """The optimum, or the best at the time limit; None where nothing meets the limits."""
    names = tuple(sorted(limits.most))
    return _plan_of(prepared(problem, names, limits.pins), problem, budget, limits, alone, clock, start)


def solve_restricted(problem: Problem, budget: float, limits: Limits, only: Restriction) -> Plan:
    """As `solve` with fewer choices, which are not kept for the next budget.

    Raises:
        Infeasible: nothing meets the budget and all limits.
        Unsupported, TooMany: it is too wide.
    """
    start, limits = time.perf_counter(), limits.or_default()
    if peaks_in(problem, limits.most):
        cap = capped(problem, limits.most)
        rest, room = replace(limits, most=cap.most), cap.budget(budget)
        try:
            if cap.most:
                plan = solve_restricted(cap.inside, room, rest, only)
            else:
                plan = exact.plan_of(make_restricted(cap.inside, only), room, rest)
        except Infeasible as stop:
            raise Infeasible(
                "No choice meets the budget and all limits.", cap.allowed(stop.smallest)
            ) from None
        return cap.plan(plan, budget, limits.most)
    alone = exact.plan_of(make_restricted(problem, only), budget, replace(limits, most={}))
    if plan := _if_it_fits(problem, budget, limits, alone, start):
        return plan
    ready = _prepare(problem, tuple(sorted(limits.most)), only)
    plan = _plan_of(ready, problem, budget, limits, alone, limits.clock(), start)
    if plan is None:
        raise Infeasible("No choice meets the budget and all limits.", None)
    return plan


def _plan_of(
    ready: Prepared, problem: Problem, budget: float, limits: Limits, alone: Plan, clock, start: float
) -> Plan | None:
    names = ready.names
    room = np.array([budget, *(limits.most[n] for n in names)])
    room = room + 0.5e-9 * np.abs(room)
    first = np.zeros(len(room))
    first[0] = alone.shadow_price or 0.0
    floor = sum(float(t.values.min()) for t in problem.importance)
    # Below every choice, also where nothing is important.
    floor -= sum(float(np.abs(t.values).max()) for t in problem.importance) * (1 + 1e-9) or 1.0
    with ready.lock, np.errstate(all="ignore"):
        outcome = ready.search.optimum(room, first, floor, clock)
    if outcome.best is None:
        if outcome.reason:
            raise GaveUp(outcome.reason, None)
        if not outcome.proven:
            raise OutOfTime
        return None
    choices, removed = ready.decisions(outcome.best.points)
    importance = problem.evaluate(choices, removed)[1]
    sure = outcome.proven and _carried(problem, budget, limits, importance)
    bound = min(outcome.bound, math.inf if alone.bound is None else alone.bound)
    note = "" if sure else f"stopped after {limits.time_limit:g} s" + how_far(bound, importance)
    if outcome.proven and not sure:
        note = "Not proven: its numbers span more than float64 carries."
        bound = math.inf
    plan = make_plan(
        problem, budget, choices, removed, solver="exact", seconds=time.perf_counter() - start,
        bound=-math.inf if sure else bound if math.isfinite(bound) else None, optimal=sure,
        shadow_price=float(outcome.prices[0]), note=note, most=limits.most,
        shadow_prices=dict(zip(names, outcome.prices[1:].tolist(), strict=True)),
    )  # fmt: skip
    if outcome.reason:
        raise GaveUp(outcome.reason, plan)
    return plan


def _carried(problem: Problem, budget: float, limits: Limits, importance: float) -> bool:
    """Whether float64 carries the numbers of all resources at these limits."""
    for name, most in limits.most.items():
        found = sizes(problem.resource[name].terms)
        least = abs(most) if found.negative else max(abs(most), found.smallest)
        if ROUNDING * found.largest > max(float(FORGIVEN) * least, found.step / 4):
            return False
    return carried(problem, budget, importance)


def prepared(problem: Problem, names: tuple[str, ...], pins: Pins | None = None) -> Prepared:
    """The problem made ready for limits of these resources, kept with the Problem object (the last few).

    Raises:
        Unsupported, TooMany: it is too wide for tables.
        MdpError: pins that the problem does not have.
    """
    only = Restriction(allowed_options(problem, pins), pins.blocks) if pins else None
    held = (tuple(sorted(pins.dims.items())), tuple(sorted(pins.blocks.items()))) if pins else ()
    return kept_few(problem, "_limited", (names, held), lambda: _prepare(problem, names, only))


def _prepare(problem: Problem, names: tuple[str, ...], only: Restriction | None) -> Prepared:
    # Numbers may be of any size; whether float64 carries them is looked at in the end.
    with np.errstate(all="ignore"):
        wide = wide_tree(problem, names, only)
        nodes = make_wide_nodes(wide)
        program, found = make_program(nodes)
        uses = [np.concatenate([node.uses for node in level]) for level in found.nodes]
        return Prepared(wide.tree, Search(program, found, uses), names)
