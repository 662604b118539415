"""Solvers: from a Problem and a budget to a Plan. No torch here.

`solve(problem, budget)` proves the optimum; `front(problem)` does so for many budgets at once.
"""

import math
from collections.abc import Callable

from ..core.errors import MdpError, Unsupported
from ..core.pins import Pins
from ..core.plan import Plan
from ..core.problem import Problem
from .analysis.ablation import (
    CORNERS,
    Corner,
    ablation,
    with_few_removed,
    with_linear_latency,
    without_block_removal,
)
from .analysis.front import Front, FrontPoint, Supported, front
from .analysis.schedule import iterate
from .analysis.whatif import Alternative, what_if
from .baselines import greedy
from .exact import solver as exact
from .exact.solver import fastest
from .milp import solver as milp
from .reference import mindtpy

# Name -> function(problem, budget, *, pins, time_limit, cancelled) -> Plan.
SOLVERS: dict[str, Callable[..., Plan]] = {
    "exact": exact.solve,
    "milp": milp.solve,
    "mindtpy": mindtpy.solve,
    "mindtpy-fp": mindtpy.solve_pump,
    "greedy": greedy.solve,
    "random": greedy.solve_random,
}

__all__ = [
    "CORNERS",
    "SOLVERS",
    "Alternative",
    "Corner",
    "Front",
    "FrontPoint",
    "Pins",
    "Supported",
    "ablation",
    "fastest",
    "front",
    "iterate",
    "solve",
    "what_if",
    "with_few_removed",
    "with_linear_latency",
    "without_block_removal",
]


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
        MdpError: an unknown solver, a budget that is no number, a time limit that is none, pins that the
            problem does not have.
    """
    if solver not in SOLVERS:
        raise Unsupported(f"There is no solver {solver!r}. Choose one of: {', '.join(SOLVERS)}.")
    budget = float(budget)
    if not math.isfinite(budget):
        raise MdpError(f"A budget must be a finite number, not {budget}.")
    return SOLVERS[solver](problem, budget, pins=pins, time_limit=_limit(time_limit), cancelled=cancelled)


def _limit(seconds: float | None) -> float | None:
    """A time limit in seconds; None and infinity are none. Raises MdpError for what is no time."""
    if seconds is None or seconds == math.inf:
        return None
    if not seconds > 0:  # NaN too
        raise MdpError(
            f"A time limit of {seconds:g} s gives no time to solve in. Give seconds above 0, or none."
        )
    return float(seconds)
