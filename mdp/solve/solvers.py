"""All solvers by name, and the one function that calls them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from ..core.errors import Infeasible, MdpError, Unsupported
from ..core.given import must_be
from ..core.pins import Pins, allowed_options, pins_text
from ..core.plan import Plan
from ..core.problem import Problem
from .baselines import blocks_only, greedy, halp, isomorphic, nvit, random_plan, uniform
from .exact import solver as exact
from .heuristic import Heuristic
from .limited import several
from .milp import solver as milp
from .protocol import Limits, Solver, checked_budget, checked_time_limit
from .reference import mindtpy

SOLVERS: dict[str, Solver] = {
    "exact": exact.solve,
    "milp": milp.solve,
    "mindtpy": mindtpy.solve,
    "mindtpy-fp": mindtpy.solve_pump,
    "halp": Heuristic("halp", halp.search),
    "nvit": Heuristic("nvit", nvit.search),
    "isomorphic": Heuristic("isomorphic", isomorphic.search),
    "uniform": Heuristic("uniform", uniform.search),
    "blocks-only": Heuristic("blocks-only", blocks_only.search),
    "greedy": Heuristic("greedy", greedy.search),
    "random": Heuristic("random", random_plan.seeded(0)),
}

# What follows where nothing meets a budget, and there are pins.
PINNED = "That is with what is pinned."


def check_methods(methods: Iterable[str]) -> None:
    """Raise MdpError for a name that no solver has."""
    unknown = next((m for m in methods if m not in SOLVERS), None)
    if unknown is not None:
        raise MdpError(f"There is no method {unknown!r}. Choose from {', '.join(SOLVERS)}.")


def solve(
    problem: Problem,
    budget: float,
    solver: str = "exact",
    *,
    pins: Pins | None = None,
    time_limit: float | None = None,
    cancelled: Callable[[], bool] | None = None,
    most: Mapping[str, float] | None = None,
) -> Plan:
    """The plan of one solver for one budget, in the problem's latency unit.

    `most` limits other resources: resource -> what the plan may use of it, in its unit.

    Preparation is kept with the problem, so that another budget for the same Problem object is fast.

    Raises:
        Infeasible: nothing meets the budget and all limits, or nothing that this solver can reach;
            `.smallest` is the smallest latency possible, or the smallest that it reaches.
        Cancelled: `cancelled()` became true.
        MdpError: an unknown solver, a budget that is no number, a time limit that is none, pins that the
            problem does not have, a limit of what the problem does not know, or one that a solver which
            knows latency only does not meet.
    """
    if solver not in SOLVERS:
        raise Unsupported(f"There is no solver {solver!r}. Choose one of: {', '.join(SOLVERS)}.")
    must_be(problem, Problem, "a problem, such as study.problem")
    budget = checked_budget(budget)
    limits = Limits(pins, checked_time_limit(time_limit), cancelled)
    allowed_options(problem, pins)
    try:
        if most:
            limits = replace(limits, most=_checked(problem, most))
            plan = several.solve(SOLVERS[solver], solver, problem, budget, limits)
        else:
            plan = SOLVERS[solver](problem, budget, limits)
    except Infeasible as error:
        if not pins:
            raise
        raise Infeasible(f"{error} {PINNED}", error.smallest) from None
    return replace(plan, pins=pins_text(pins)) if pins else plan


def _checked(problem: Problem, most: Mapping[str, float]) -> dict[str, float]:
    """The limits as finite numbers. Raises MdpError for a resource that the problem does not know."""
    for name in most:
        if name not in problem.resource:
            known = ", ".join(problem.resource) or "latency alone"
            raise MdpError(f"{problem.name!r} cannot limit {name!r}: it knows {known}.")
    return {name: checked_budget(limit) for name, limit in most.items()}
