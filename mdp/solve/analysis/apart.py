"""When two plans differ enough to be worth measuring both."""

import math
from collections.abc import Iterable

from ...core.plan import Plan
from ...core.problem import Dim, Problem


def apart(dim: Dim) -> int:
    """How many options two plans must stand apart in a dim: a quarter of them, and 2 at least."""
    return max(2, math.ceil(len(dim.options) / 4))


def is_near(a: Plan, b: Plan, dims: Iterable[Dim]) -> bool:
    """Whether two plans remove the same blocks and stand as far `apart` in none of these dims."""
    if a.removed_blocks != b.removed_blocks:
        return False
    return all(
        abs(dim.options.index(a.choices[dim.name]) - dim.options.index(b.choices[dim.name])) < apart(dim)
        for dim in dims
        if a.choices[dim.name] != b.choices[dim.name]
    )


def is_shared(problem: Problem, dim: str) -> bool:
    """Whether a dim is part of the network's frame: used outside every block, or by several."""
    users = problem.dim_blocks[dim]
    return len(users) > 1 or None in users
