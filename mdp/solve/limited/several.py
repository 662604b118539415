"""Any solver under several limits: exact and milp know them all, the others know latency only."""

from dataclasses import replace

from ...core.errors import MdpError
from ...core.limits import broken, kept_to
from ...core.plan import Plan
from ...core.problem import Problem
from ..protocol import Limits, Solver
from . import solver as exact


def solve(solver: Solver, name: str, problem: Problem, budget: float, limits: Limits) -> Plan:
    """The plan of one solver within the budget and `limits.most`.

    Raises:
        MdpError: the solver knows latency only, and its plan is beyond a limit.
    """
    if name == "exact":
        return exact.solve(problem, budget, limits)
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
