"""The certified optimum at slider speed: Lagrangian bound, slack window, Pareto merge. docs/exact-solver.md.

Everything that depends on the problem alone (the tree, its lists, the hull) is kept with the Problem object.
"""

import dataclasses
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..errors import Cancelled, Unsupported
from ..plan import Plan, infeasible, make_plan
from ..problem import Problem
from .closing import TooMany
from .elimination import Cluster, Parts, Restriction, Tree, build_tree, make_parts
from .hull import Hulls, make_hulls
from .kept import kept, kept_few
from .lists import Node, make_nodes
from .passes import Choice, Names, make_program
from .pins import Pins, allowed_options
from .roots import OutOfTime, Roots


@dataclass(frozen=True, eq=False)
class Prepared:
    """A problem, perhaps with fewer choices, ready to be solved for any budget."""

    problem: Problem
    tree: Tree
    names: Names
    hulls: Hulls
    roots: Roots
    lock: threading.RLock = field(default_factory=threading.RLock)

    def decisions(self, points) -> tuple[dict[str, int], set[str]]:
        """Kept units of every dim, and removed blocks. Dims that are no matter stay as wide as they can."""
        chosen, removed = self.names.decisions(points)
        choices = {d: options[chosen.get(d, -1)] for d, options in self.tree.options.items()}
        return choices, removed | self.tree.removed


@dataclass(frozen=True, eq=False)
class _Base:
    """What all restrictions of a problem share."""

    parts: Parts
    nodes: dict[Cluster, Node]


def _base(problem: Problem) -> _Base:
    return kept(problem, "_exact_base", lambda: _Base(make_parts(problem), {}))


def prepared(problem: Problem, pins: Pins | None = None) -> Prepared:
    """The problem made ready, kept with the Problem object (of pins, the last few).

    Raises:
        Unsupported: the shared dims form no tree of small width.
        MdpError: pins that the problem does not have.
    """
    if not pins:
        return kept(problem, "_exact", lambda: _prepare(problem, None, _base(problem).nodes))
    only = Restriction(allowed_options(problem, pins), pins.blocks)
    key = (tuple(sorted(pins.dims.items())), tuple(sorted(pins.blocks.items())))
    return kept_few(problem, "_exact_pinned", key, lambda: restricted(problem, only))


def restricted(problem: Problem, only: Restriction) -> Prepared:
    """The problem with fewer choices, made ready from what the whole problem has made already."""
    prepared(problem)
    return _prepare(problem, only, dict(_base(problem).nodes))


def _prepare(problem: Problem, only: Restriction | None, nodes) -> Prepared:
    tree = build_tree(_base(problem).parts, only)
    program, names = make_program(make_nodes(tree, nodes))
    hulls = make_hulls(program)
    return Prepared(problem, tree, names, hulls, Roots(program, hulls))


def solve(
    problem: Problem,
    budget: float,
    *,
    pins: Pins | None = None,
    time_limit: float | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Plan:
    """The best plan, proven: `bound == importance`. Falls back on the MILP where the tree is too wide.

    Raises:
        Infeasible: nothing meets the budget.
        Cancelled: `cancelled()` became true.
    """
    try:
        return plan_of(prepared(problem, pins), budget, cancelled, time_limit)
    except (TooMany, Unsupported) as reason:
        return _by_milp(problem, budget, pins, time_limit, cancelled, reason)


def plan_of(ready: Prepared, budget: float, cancelled=None, time_limit: float | None = None) -> Plan:
    """The best plan of a prepared problem, as `solve`. Its `seconds` leave the preparation out."""
    start = time.perf_counter()
    best, bound, multiplier = optimum(ready, budget, cancelled, time_limit)
    choices, removed = ready.decisions(best.points)
    proven = bound == best.importance
    return make_plan(
        ready.problem,
        budget,
        choices,
        removed,
        solver="exact",
        seconds=time.perf_counter() - start,
        bound=-math.inf if proven else bound,  # a bound is never below the importance, re-evaluated
        optimal=proven,
        shadow_price=multiplier,
        note="" if proven else f"stopped after {time_limit:g} s",
    )


def optimum(
    ready: Prepared, budget: float, cancelled=None, time_limit: float | None = None
) -> tuple[Choice, float, float]:
    """The best choice within the budget, its bound, and the multiplier there (importance per latency).

    The hull of every point of the root says which of them can hold the optimum, and the windows of the
    closing step do the rest. Unless the time limit passes, the bound is the choice's importance.

    Raises:
        Infeasible, TooMany, Cancelled.
    """
    # Inside what `within` forgives, outside what float64 sums of one choice may differ by.
    capacity = budget + 0.5e-9 * abs(budget)
    end = math.inf if time_limit is None else time.monotonic() + time_limit

    def check():
        if cancelled is not None and cancelled():
            raise Cancelled("Stopped on request.")
        if time.monotonic() > end:
            raise OutOfTime

    with ready.lock:
        if ready.hulls.front_latency[0] > capacity:
            raise infeasible(ready.problem, budget, smallest(ready))
        _, slope = ready.hulls.edge(capacity)
        return *ready.roots.optimum(capacity, check), slope


def smallest(ready: Prepared) -> float:
    """The smallest latency that any choice reaches, evaluated from the tables."""
    choices, removed = ready.decisions(ready.roots.vertex(ready.hulls.front[0]).points)
    return ready.problem.evaluate(choices, removed)[0]


def fastest(problem: Problem, pins: Pins | None = None) -> Plan:
    """The plan of the smallest latency possible, and the best of those; its budget is that latency."""
    try:
        ready = prepared(problem, pins)
        return plan_of(ready, smallest(ready))
    except (TooMany, Unsupported):
        from . import milp

        return milp.fastest(problem, pins)


def _by_milp(problem, budget, pins, time_limit, cancelled, reason) -> Plan:
    from . import milp

    plan = milp.solve(problem, budget, pins=pins, time_limit=time_limit, cancelled=cancelled)
    return dataclasses.replace(plan, note="; ".join(filter(None, [str(reason), plan.note])))
