"""What a plan claims of its budget and of its proof, held against its problem. No torch."""

import math
from typing import TYPE_CHECKING

from .problem import Problem

if TYPE_CHECKING:
    from .plan import Plan


def within(latency: float, budget: float) -> bool:
    """Whether a latency meets a budget, forgiving only the rounding of one float64 sum."""
    return latency <= budget + 1e-9 * abs(budget)


def false_claim(plan: "Plan", problem: Problem) -> str:
    """What a plan says of its budget or its proof that cannot be so, in words; "" where nothing is found."""
    if plan.latency_unit != problem.latency_unit:
        return f"is in {plan.latency_unit!r} and {problem.name!r} in {problem.latency_unit!r}"
    if not within(plan.latency, plan.budget):
        return f"takes {plan.latency:g} {plan.latency_unit}, over its budget of {plan.budget:g}"
    from .limits import broken  # which needs `within`

    if wrong := broken(plan.limits, problem):
        return wrong
    if plan.bound is None:
        return "says that it is optimal without a bound that proves it" if plan.optimal else ""
    close = math.isclose(plan.bound, plan.importance, rel_tol=1e-6, abs_tol=1e-9)
    if plan.bound < plan.importance and not close:
        return f"has more importance than its own bound of {plan.bound:g}"
    if plan.optimal and not close:
        return f"says that it is optimal, but its bound of {plan.bound:g} is not its importance"
    dense = problem.dense_importance
    most = max(plan.bound, plan.importance)
    known = (name for name in plan.limits if name in problem.resource)
    if not all(within(problem.dense_use(name), plan.limits[name].most) for name in known):
        return ""  # the whole network breaks a limit
    if within(problem.dense_latency, plan.budget) and dense > most + 1e-6 * abs(most) + 1e-9:
        return f"has a bound of {plan.bound:g}, though the whole network fits its budget with {dense:g}"
    return ""
