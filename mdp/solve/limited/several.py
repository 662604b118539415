"""Any solver under several limits: exact and milp know them all; the others know latency, and which choices
limits of peaks forbid."""

from dataclasses import replace

from ...core.errors import Infeasible, MdpError
from ...core.limits import broken, kept_to
from ...core.plan import Plan
from ...core.problem import Problem
from ..peaks import capped, peaks_in
from ..protocol import Limits, Solver
from . import solver as exact
from .contradiction import contradiction


def solve(solver: Solver, name: str, problem: Problem, budget: float, limits: Limits) -> Plan:
    """The plan of one solver within the budget and `limits.most`.

    Raises:
        Infeasible: nothing meets them all, or nothing that this solver reaches.
        MdpError: the solver knows latency only, and its plan is beyond a limit.
    """
    if name == "exact":
        return exact.solve(problem, budget, limits)
    if peaks_in(problem, limits.most):
        return _under_peaks(solver, name, problem, budget, limits)
    if name == "milp":
        return solver(problem, budget, limits)
    plan = solver(problem, budget, replace(limits, most={}))
    choices = {d.name: plan.choices[d.name] or d.dense for d in problem.dims}
    used = kept_to(problem, limits.most, choices, plan.removed_blocks)
    if wrong := broken(used, problem):
        raise MdpError(
            f"The solver {name} knows latency only, and its plan {wrong}. Use exact or milp, or a smaller "
            "latency budget."
        )
    return replace(plan, limits=used)


def _under_peaks(solver: Solver, name: str, problem: Problem, budget: float, limits: Limits) -> Plan:
    """The same, without the choices that limits of peaks forbid."""
    cap = capped(problem, limits.most, worthless=name == "milp")
    rest, room = replace(limits, most=cap.most), cap.budget(budget)
    try:
        plan = solve(solver, name, cap.inside, room, rest) if cap.most else solver(cap.inside, room, rest)
    except Infeasible:
        raise contradiction(problem, budget, limits) or Infeasible(
            f"{name} finds no plan within the budget and all limits, though there are some. Use exact.", None
        ) from None
    return cap.plan(plan, budget, limits.most)
