"""When two plans differ enough to be worth measuring both."""

import math

from ...core.plan import Plan
from ...core.problem import Dim, Problem


def apart(dim: Dim) -> int:
    """How many options two plans must stand apart in a dim: a quarter of them, and 2 at least."""
    return max(2, math.ceil(len(dim.options) / 4))


def is_near(problem: Problem, a: Plan, b: Plan) -> bool:
    """Whether two plans remove the same blocks and stand nowhere as far `apart`."""
    if a.removed_blocks != b.removed_blocks:
        return False
    return all(
        abs(dim.options.index(a.choices[dim.name]) - dim.options.index(b.choices[dim.name])) < apart(dim)
        for dim in problem.dims
        if a.choices[dim.name] != b.choices[dim.name]
    )
