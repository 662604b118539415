"""What a plan claims of its budget and of its proof, held against its problem. No torch."""

import math
from typing import TYPE_CHECKING

from .amounts import amount
from .errors import MdpError
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


def check_plan_fits(plan: "Plan", problem: Problem) -> None:
    """Never half-prune a network, and never show a number that the tables do not say.

    Raises:
        MdpError: the plan was made for another problem, or was changed after it was made.
    """
    if plan.fingerprint != problem.fingerprint:
        made = f"The plan was made for {plan.problem!r} and does not fit {problem.name!r}"
        if plan.problem == problem.name:  # measured or scored anew since
            made = f"The plan was made for another {problem.name!r} and does not fit this one"
        raise MdpError(f"{made}: their dims or tables differ. Solve again with this study.")
    if stranger := next((name for name in plan.choices if name not in problem.dim), None):
        raise MdpError(f"The plan names dim {stranger!r}, which {problem.name!r} has not. Solve again.")
    latency, importance = problem.evaluate(plan.choices, plan.removed_blocks)
    for what, value in (("latency", latency), ("importance", importance)):
        said = getattr(plan, what)
        if not math.isclose(said, value, rel_tol=1e-9, abs_tol=1e-9):
            raise MdpError(
                f"The plan gives {said:g} as its {what}, but what it keeps makes {value:g}: it was changed "
                "after it was made. Solve again with this study."
            )
    _check_limits(plan, problem)
    if wrong := false_claim(plan, problem):
        raise MdpError(f"The plan {wrong}: it was changed after it was made. Solve again with this study.")


def _check_limits(plan: "Plan", problem: Problem) -> None:
    """Hold what a plan says of its limits against the tables. Raises MdpError."""
    for name, limit in plan.limits.items():
        if name not in problem.resource:
            raise MdpError(
                f"The plan has a limit of {name}, which {problem.name!r} does not know. Solve again."
            )
        used = problem.use(name, plan.choices, plan.removed_blocks)
        unit = problem.resource[name].unit
        if limit.unit != unit or not math.isclose(limit.used, used, rel_tol=1e-9, abs_tol=1e-9):
            raise MdpError(
                f"The plan says that it uses {amount(limit.used, limit.unit)} of {name}, but what it keeps "
                f"makes {amount(used, unit)}: it was changed after it was made. Solve again with this study."
            )
