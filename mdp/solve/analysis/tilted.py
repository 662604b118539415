"""Plans for importance that is a little wrong: each kind of dim, and whole blocks, counted more or less."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from ...core.pins import Pins
from ...core.plan import Plan
from ...core.problem import Problem, Term
from ..exact import solver as exact
from ..limited import solver as limited
from ..protocol import Clock
from .apart import is_shared

TILT = 0.3


def tilted(problem: Problem, budget: float, pins: Pins | None, clock: Clock) -> Iterator[tuple[Plan, str]]:
    """The optimum of each tilted problem, as a plan of that one, and a word on how it was tilted.

    A kind of dim counts 30 % more or less: all of a kind that one block alone uses, or all that several
    share. So do all terms of removable blocks.
    """

    for name, takes in _groups(problem):
        for factor, word in ((1 + TILT, "more"), (1 - TILT, "less")):
            terms = tuple(replace(t, values=t.values * factor) if takes(t) else t for t in problem.importance)
            other = replace(problem, importance=terms)
            limits = clock.rest(pins)
            solve = limited.solve if limits.most else exact.solve
            plan = solve(other, budget, limits)
            yield plan, f"best if {name} counted {100 * TILT:.0f} % {word}"


def _groups(problem: Problem) -> list[tuple[str, Callable[[Term], bool]]]:
    """Names, and which importance terms belong to each; groups that hold every term are left out."""

    def group(name: str) -> str:
        return f"{problem.dim[name].kind} {'across' if is_shared(problem, name) else 'within'} blocks"

    removable = {b.name for b in problem.blocks if b.removable}
    names = sorted({group(name) for t in problem.importance for name in t.dims})
    found: list[tuple[str, Callable[[Term], bool]]] = [("blocks", lambda t: t.block in removable)]
    found += [(n, lambda t, n=n: any(group(d) == n for d in t.dims)) for n in names]
    return [
        (n, takes) for n, takes in found if 0 < sum(map(takes, problem.importance)) < len(problem.importance)
    ]
