"""The certified optimum at slider speed: Lagrangian bound, slack window, Pareto merge. docs/exact-solver.md.

Everything that depends on the problem alone (the tree, its lists, the hull) is kept with the Problem object.
"""

import dataclasses
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import Cancelled, Unsupported
from ..plan import Plan, infeasible, make_plan
from ..problem import Problem
from .closing import Best, TooMany, list_slacks, search
from .elimination import Tree, build_tree
from .hull import Hull, rounding
from .lists import make_nodes
from .passes import Program, make_program
from .pins import Pins

# The first window lets in this many list points beyond those of the maximiser; the next 1.5 times as many.
EXTRA = 24


@dataclass(frozen=True, eq=False)
class Prepared:
    """A problem, with pins, ready to be solved for any budget."""

    problem: Problem
    tree: Tree
    program: Program
    hull: Hull

    def decisions(self, points) -> tuple[dict[str, int], set[str]]:
        """Kept units of every dim, and removed blocks. Dims that are no matter stay dense."""
        chosen, removed = self.program.decisions(list(points))
        options = self.tree.problem.dim
        choices = {d: dim.options[chosen.get(d, len(dim.options) - 1)] for d, dim in options.items()}
        return choices, removed | self.tree.removed


def prepare(problem: Problem, pins: Pins | None = None) -> Prepared:
    """Build what all budgets share.

    Raises:
        Unsupported: the shared dims form no tree of small width.
    """
    tree = build_tree(problem, pins)
    program = make_program(make_nodes(tree))
    return Prepared(problem, tree, program, Hull(program))


_cache: "weakref.WeakKeyDictionary[Problem, Prepared]" = weakref.WeakKeyDictionary()


def prepared(problem: Problem, pins: Pins | None = None) -> Prepared:
    """`prepare`, kept with the problem where there are no pins."""
    if pins:
        return prepare(problem, pins)
    if problem not in _cache:
        _cache[problem] = prepare(problem)
    return _cache[problem]


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
    start = time.perf_counter()
    try:
        ready = prepared(problem, pins)
        best, multiplier = optimum(ready, budget, cancelled)
    except (TooMany, Unsupported):
        return _by_milp(problem, budget, pins, time_limit, cancelled)
    choices, removed = ready.decisions(best.points)
    return make_plan(
        problem,
        budget,
        choices,
        removed,
        solver="exact",
        seconds=time.perf_counter() - start,
        bound=best.importance,
        optimal=True,
        shadow_price=multiplier,
    )


def optimum(ready: Prepared, budget: float, cancelled=None) -> tuple[Best, float]:
    """The best choice within the budget, and the multiplier there (importance per unit of latency).

    Raises:
        Infeasible, TooMany, Cancelled.
    """
    # Inside what `within` forgives, outside what float64 sums of one choice may differ by.
    capacity = budget + 0.5e-9 * abs(budget)
    hull, program = ready.hull, ready.program
    if hull.fastest.latency > capacity:
        raise infeasible(ready.problem, budget, smallest(ready))
    vertex, at = hull.edge(capacity)
    best = Best(vertex.latency, vertex.importance, list(vertex.points))
    if at is None:
        return best, 0.0
    bound = at.value + at.multiplier * capacity
    spare = rounding(program, at.multiplier)
    slacks = list_slacks(program, at, bound - best.importance + spare)
    extra = EXTRA
    while bound - best.importance > spare:
        if cancelled is not None and cancelled():
            raise Cancelled("Stopped on request.")
        gap = bound - best.importance
        window = min(gap, slacks[extra] if extra < len(slacks) else gap)
        found = search(program, at, capacity, window + spare)
        if found is not None and found.importance > best.importance:
            best = found
        if bound - best.importance <= window + spare:
            break
        extra = extra * 3 // 2
    return best, at.multiplier


def _by_milp(problem, budget, pins, time_limit, cancelled) -> Plan:
    from . import milp

    plan = milp.solve(problem, budget, pins=pins, time_limit=time_limit, cancelled=cancelled)
    note = "; ".join(filter(None, ["too wide for the exact solver's tables: solved as a MILP", plan.note]))
    return dataclasses.replace(plan, note=note)


def smallest(ready: Prepared) -> float:
    """The smallest latency that any choice reaches, evaluated from the tables."""
    choices, removed = ready.decisions(ready.hull.fastest.points)
    return ready.problem.total(ready.problem.latency, choices, removed)
