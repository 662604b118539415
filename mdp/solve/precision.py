"""Whether float64 carries a problem's numbers: whether rounding is too small to decide anything.

Sums in the exact solver are wrong by up to 1e-13 or so of the largest entries. That is far below what a
budget forgives, and below the digits of an importance, unless one problem holds numbers of very different
sizes: 1e-9 beside 1e12. There `rational` decides instead.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ..core.problem import Problem, Term
from .cache import kept

# A choice this share over the budget counts as within it: half of what plan.within forgives.
FORGIVEN = Fraction(1, 2 * 10**9)
# A proven importance is right to this share of itself, or of the smallest importance in the tables.
DIGITS = 1e-9
# What sums of float64 may be wrong by, as a share of the sum of every table's largest entry.
ROUNDING = 2e-13


def carried(problem: Problem, budget: float, importance: float) -> bool:
    """Whether an answer in float64, of this importance and within this budget, can be trusted."""
    spare = max(DIGITS * least_importance(problem, importance), facts(problem)[1].step / 4)
    return latency_carried(problem, budget) and ROUNDING * facts(problem)[1].largest <= spare


def latency_carried(problem: Problem, latency: float) -> bool:
    """Whether a latency about this size can be compared in float64."""
    spare = max(float(FORGIVEN) * least_latency(problem, latency), facts(problem)[0].step / 4)
    return ROUNDING * facts(problem)[0].largest <= spare


def least_latency(problem: Problem, latency: float) -> float:
    """The size of a latency that decides at this budget: of sums that are never negative, below the smallest
    entry only zero is left."""
    found = facts(problem)[0]
    return abs(latency) if found.negative else max(abs(latency), found.smallest)


def least_importance(problem: Problem, importance: float) -> float:
    """The size of an importance that has to be right."""
    return max(abs(importance), facts(problem)[1].smallest)


@dataclass(frozen=True)
class Sizes:
    """Of all entries of some tables.

    Attributes:
        largest: the sum of every table's largest, as a size.
        smallest: the smallest that is not zero, as a size; infinite without any.
        step: they are whole multiples of this power of two, so that sums differ by it or not at all. Counts
            and other whole numbers have steps of 1 or more, measured times have hardly any.
        negative: whether any is.
    """

    largest: float
    smallest: float
    step: float
    negative: bool


def facts(problem: Problem) -> tuple[Sizes, Sizes]:
    """Of (latency, importance), kept with the problem."""
    return kept(problem, "_sizes", lambda: (sizes(problem.latency), sizes(problem.importance)))


def sizes(terms: tuple[Term, ...]) -> Sizes:
    with np.errstate(over="ignore"):
        largest = float(sum(np.abs(t.values).max() for t in terms))
    values = np.concatenate([np.zeros(0), *(t.values.ravel() for t in terms)])
    values = values[values != 0.0]
    mantissa, exponent = np.frexp(values)
    digits = np.abs(mantissa * 2.0**53).astype(np.int64)
    powers = np.ldexp((digits & -digits).astype(float), exponent - 53)
    smallest = float(np.abs(values).min(initial=np.inf))
    return Sizes(largest, smallest, float(powers.min(initial=np.inf)), bool((values < 0).any()))
