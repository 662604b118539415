"""The certified optimum at slider speed: Lagrangian bound, slack window, Pareto merge. docs/exact-solver.md.

Everything that depends on the problem alone (the tree, its lists, the hull) is kept with the Problem object.
"""

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import Cancelled, Unsupported
from ..plan import Plan, infeasible, make_plan
from ..problem import Problem
from .closing import TooMany, list_slacks, search
from .elimination import Cluster, Parts, Restriction, Tree, build_tree, make_parts
from .hull import Hull, Passes, rounding
from .kept import kept, kept_few
from .lists import Node, make_nodes
from .passes import Choice, Pass, Program, make_program
from .pins import Pins, allowed_options

# The first window lets in this many list points beyond those of the maximiser; the next ones grow so as to
# hold about TARGET points, which cost little more than few.
FIRST = 24
TARGET = 1200


@dataclass(frozen=True, eq=False)
class Prepared:
    """A problem, perhaps with fewer choices, ready to be solved for any budget."""

    problem: Problem
    tree: Tree
    program: Program
    passes: Passes
    hull: Hull
    hulls: dict[int, Hull]

    def decisions(self, points) -> tuple[dict[str, int], set[str]]:
        """Kept units of every dim, and removed blocks. Dims that are no matter stay as wide as they can."""
        chosen, removed = self.program.decisions(list(points))
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


def restricted(problem: Problem, only: Restriction, multiplier: float | None = None) -> Prepared:
    """The problem with fewer choices, made ready from what the whole problem has made already.

    `multiplier`: one near which the hull will be asked.
    """
    prepared(problem)
    return _prepare(problem, only, dict(_base(problem).nodes), multiplier)


def _prepare(problem: Problem, only: Restriction | None, nodes, multiplier: float | None = None) -> Prepared:
    tree = build_tree(_base(problem).parts, only)
    program = make_program(make_nodes(tree, nodes))
    passes = Passes(program)
    hull = Hull(passes)
    if multiplier is not None:
        hull.offer(passes.at(multiplier))
    return Prepared(problem, tree, program, passes, hull, {})


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
        return plan_of(prepared(problem, pins), budget, cancelled)
    except (TooMany, Unsupported) as reason:
        return _by_milp(problem, budget, pins, time_limit, cancelled, reason)


def plan_of(ready: Prepared, budget: float, cancelled=None) -> Plan:
    """The best plan of a prepared problem, as `solve`. Its `seconds` leave the preparation out."""
    start = time.perf_counter()
    best, multiplier = optimum(ready, budget, cancelled)
    choices, removed = ready.decisions(best.points)
    return make_plan(
        ready.problem,
        budget,
        choices,
        removed,
        solver="exact",
        seconds=time.perf_counter() - start,
        bound=best.importance,
        optimal=True,
        shadow_price=multiplier,
    )


def optimum(ready: Prepared, budget: float, cancelled=None) -> tuple[Choice, float]:
    """The best choice within the budget, and the multiplier there (importance per unit of latency).

    The hull of all choices says which points of the root can hold the optimum; for each of these, its own
    hull gives a far tighter bound, and the windows of the closing step do the rest.

    Raises:
        Infeasible, TooMany, Cancelled.
    """
    # Inside what `within` forgives, outside what float64 sums of one choice may differ by.
    capacity = budget + 0.5e-9 * abs(budget)
    with ready.passes.lock:
        if ready.hull.fastest.latency > capacity:
            raise infeasible(ready.problem, budget, smallest(ready))
        best, slope = ready.hull.edge(capacity)
        if slope is None:
            return best, 0.0
        best, open_roots = _roots(ready, capacity, slope, best)
        for bound, root, at in open_roots:
            best = _close(ready.program, at, root, capacity, bound, best, cancelled)
        return best, slope


def _roots(ready: Prepared, capacity: float, slope: float, best: Choice) -> tuple[Choice, list]:
    """The best vertex of any hull, and (bound, root point, pass) where better may be, best first."""
    program, passes = ready.program, ready.passes
    at = passes.at(slope)
    found = []
    for root in (-at.root).argsort(kind="stable").tolist():
        if at.root[root] + slope * capacity <= best.importance + rounding(program, slope):
            break
        if root not in ready.hulls:
            ready.hulls[root] = Hull(passes, root)
        hull = ready.hulls[root]
        if hull.fastest.latency > capacity:
            continue
        hull.offer(at, capacity)
        vertex, own = hull.edge(capacity, best.importance)
        if vertex.importance > best.importance:
            best = vertex
        if own is not None:
            own_pass = passes.at(own)
            found.append((float(own_pass.root[root]) + own * capacity, root, own_pass))
    return best, sorted(found, key=lambda item: -item[0])


def _close(program, at: Pass, root: int, capacity: float, bound: float, best: Choice, cancelled) -> Choice:
    """The better of `best` and the best choice with this point of the root: windows grow until proven."""
    spare = rounding(program, at.multiplier)
    slacks, extra = None, FIRST
    while bound - best.importance > spare:
        if cancelled is not None and cancelled():
            raise Cancelled("Stopped on request.")
        gap = bound - best.importance
        if slacks is None:
            slacks = list_slacks(program, at, root, gap + spare)
        window = min(gap, slacks[extra] if extra < len(slacks) else gap)
        found, points = search(program, at, root, capacity, window + spare)
        if found is not None and found.importance > best.importance:
            best = found
        if bound - best.importance <= window + spare:
            break
        # Small windows cost next to nothing, so go on in long steps while they are small.
        extra = int(extra * min(3.0, max(1.8, (TARGET / points) ** 0.7)))
    return best


def smallest(ready: Prepared) -> float:
    """The smallest latency that any choice reaches, evaluated from the tables."""
    choices, removed = ready.decisions(ready.hull.fastest.points)
    return ready.problem.total(ready.problem.latency, choices, removed)


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
