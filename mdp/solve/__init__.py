"""Solvers: from a Problem and a budget to a Plan. No torch here.

`solve(problem, budget)` proves the optimum; `front(problem)` does so for many budgets at once.
"""

import math
from collections.abc import Callable

from ..errors import MdpError, Unsupported
from ..plan import Plan, make_plan
from ..problem import Problem
from . import exact, milp
from .front import Front, FrontPoint, Supported, front
from .pins import Pins

# Name -> function(problem, budget, *, pins, time_limit, cancelled) -> Plan.
SOLVERS: dict[str, Callable[..., Plan]] = {"exact": exact.solve, "milp": milp.solve}

__all__ = ["SOLVERS", "Front", "FrontPoint", "Pins", "Supported", "fastest", "front", "solve"]


def solve(
    problem: Problem,
    budget: float,
    solver: str = "exact",
    *,
    pins: Pins | None = None,
    time_limit: float | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Plan:
    """The plan of one solver for one budget, in the problem's latency unit.

    Preparation is kept with the problem, so that another budget for the same Problem object is fast.

    Raises:
        Infeasible: nothing meets the budget; `.smallest` is the smallest latency possible.
        Cancelled: `cancelled()` became true.
        MdpError: an unknown solver, a budget that is no number, pins that the problem does not have.
    """
    if solver not in SOLVERS:
        raise Unsupported(f"There is no solver {solver!r}. Choose one of: {', '.join(SOLVERS)}.")
    budget = float(budget)
    if not math.isfinite(budget):
        raise MdpError(f"A budget must be a finite number, not {budget}.")
    return SOLVERS[solver](problem, budget, pins=pins, time_limit=time_limit, cancelled=cancelled)


def fastest(problem: Problem, pins: Pins | None = None) -> Plan:
    """The plan of the smallest latency possible; its budget is that latency."""
    ready = exact.prepared(problem, pins)
    choices, removed = ready.decisions(ready.hull.fastest.points)
    latency = problem.total(problem.latency, choices, removed)
    return make_plan(problem, latency, choices, removed, solver="exact", seconds=0.0)
