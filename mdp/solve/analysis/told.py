"""What a plan's file says of how it was found, held against what can be. No torch."""

import math

from ...core.errors import MdpError
from ...core.plan import Plan
from ...core.problem import Problem
from ..solvers import SOLVERS

# Plans that no solver has found: those of a class, and of what studies are measured on.
OTHERS = ("by hand", "other rates")
LONGEST = 5000  # letters of a note


def check_told(plan: Plan, problem: Problem) -> None:
    """Refuse a shadow price, solver, time or note that no plan of ours has.

    Raises:
        MdpError: which it is.
    """
    prices = {"shadow price": plan.shadow_price}
    prices |= {f"shadow price of {name}": limit.shadow_price for name, limit in plan.limits.items()}
    for what, price in prices.items():
        if price is not None and not 0 <= price < math.inf:
            raise MdpError(
                f"The plan gives {price:g} as its {what}, which no limit can be worth: more room never costs "
                "importance. Solve again with this study."
            )
    kinds = {dim.kind for dim in problem.dims} | {"block"}
    if plan.solver not in (*SOLVERS, *OTHERS, *(f"{kind} alone" for kind in kinds)):
        raise MdpError(
            f"The plan says that {plan.solver[:80]!r} found it, which is no solver here; known are "
            f"{', '.join(SOLVERS)}. Solve again with this study."
        )
    if not 0 <= plan.seconds < math.inf:
        raise MdpError(f"The plan says that solving took {plan.seconds:g} s. Solve again with this study.")
    if len(plan.note) > LONGEST:
        raise MdpError(f"The plan's note has {len(plan.note):,} letters. Solve again with this study.")
