"""Solve once more what a plan that was read from a file says is proven. No torch."""

from ...core.errors import MdpError
from ...core.pins import pins_from_text
from ...core.plan import Plan, check_plan_fits
from ...core.problem import Problem
from ..solvers import solve
from .told import check_told

# Proving takes milliseconds where it is easy; where it is not, a better plan, which refutes, shows early.
SECONDS = 2.0


def check_claim(plan: Plan, problem: Problem) -> None:
    """Hold a plan against its problem, and what it says is proven against another solve of at most 2 s.

    A budget or a limit that was changed by hand leaves every sum right; only solving tells that there is a
    better plan than the one "proven" to be the best.

    Raises:
        MdpError: the plan was made for another problem, breaks its own pins, names a solver or a shadow price
            that cannot be, or says that nothing better is possible where something is.

    >>> import dataclasses, mdp
    >>> study = mdp.load_study("fmnist-vit-cpu")
    >>> plan = study.solve("40%")
    >>> mdp.solve.check_claim(plan, study.problem)
    >>> more = dataclasses.replace(plan, budget=2 * plan.budget)
    >>> mdp.solve.check_claim(more, study.problem)
    Traceback (most recent call last):
    mdp.core.errors.MdpError: The plan says that no plan within its budget has more importance than ...
    """
    check_plan_fits(plan, problem)
    check_told(plan, problem)
    pins = pins_from_text(plan.pins, problem)
    for name, kept in pins.blocks.items():
        if kept == (name in plan.removed_blocks):
            raise MdpError(f"The plan breaks its own pin of block {name!r}. Solve again with this study.")
    for name, (low, high) in pins.dims.items():
        width = plan.choices[name]
        if width is not None and not low <= width <= high:
            raise MdpError(f"The plan breaks its own pin of dim {name!r}. Solve again with this study.")
    if plan.bound is None:
        return
    best = solve(problem, plan.budget, pins=pins, time_limit=SECONDS, most=plan.most)
    if best.importance > plan.bound + 1e-6 * abs(plan.bound) + 1e-9:
        raise MdpError(
            f"The plan says that no plan within its budget has more importance than {plan.bound:g}, but one "
            f"has {best.importance:g}: its budget, limits or pins were changed after it was made, or an "
            "older version did not note its pins. Solve again with this study."
        )
