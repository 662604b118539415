"""Whether float64 carries a problem's numbers: whether rounding is too small to decide anything.

Sums in the exact solver are wrong by up to 1e-13 or so of the largest entries. That is far below what a
budget forgives, and below the digits of an importance, unless one problem holds numbers of very different
sizes: 1e-9 beside 1e12. There `rational` decides instead.
"""

from fractions import Fraction

import numpy as np

from ..problem import Problem, Term
from .kept import kept

# A choice this share over the budget counts as within it: half of what plan.within forgives.
FORGIVEN = Fraction(1, 2 * 10**9)
# A proven importance is right to this share of itself, or of the smallest importance in the tables.
DIGITS = 1e-9
# What sums of float64 may be wrong by, as a share of the sum of every table's largest entry.
ROUNDING = 2e-13


def carried(problem: Problem, budget: float, importance: float) -> bool:
    """Whether an answer in float64, of this importance and within this budget, can be trusted."""
    worth = max(abs(importance), smallest_entry(problem))
    spare = max(DIGITS * worth, steps(problem)[1] / 4)
    return latency_carried(problem, budget) and ROUNDING * largest(problem)[1] <= spare


def latency_carried(problem: Problem, latency: float) -> bool:
    """Whether a latency about this size can be compared in float64."""
    spare = max(float(FORGIVEN) * abs(latency), steps(problem)[0] / 4)
    return ROUNDING * largest(problem)[0] <= spare


def largest(problem: Problem) -> tuple[float, float]:
    """The sums of the largest entries of all tables of (latency, importance), as sizes."""
    return kept(problem, "_largest", lambda: (size(problem.latency), size(problem.importance)))


def steps(problem: Problem) -> tuple[float, float]:
    """What all (latencies, importances) are whole multiples of: sums differ by that or not at all.

    Counts and other whole numbers have steps of 1 or more, measured times have hardly any.
    """
    return kept(problem, "_steps", lambda: (step(problem.latency), step(problem.importance)))


def step(terms: tuple[Term, ...]) -> float:
    least = np.inf
    for term in terms:
        mantissa, exponent = np.frexp(term.values[term.values != 0.0])
        digits = np.abs(mantissa * 2.0**53).astype(np.int64)
        powers = np.ldexp((digits & -digits).astype(float), exponent - 53)
        least = min(least, float(powers.min(initial=np.inf)))
    return least


def size(terms: tuple[Term, ...]) -> float:
    with np.errstate(over="ignore"):
        return float(sum(np.abs(t.values).max() for t in terms))


def smallest_entry(problem: Problem) -> float:
    """The smallest importance in the tables that is not zero, as a size; infinite without any."""

    def find() -> float:
        sizes = (np.abs(t.values[t.values != 0.0]) for t in problem.importance)
        return min((float(s.min()) for s in sizes if s.size), default=np.inf)

    return kept(problem, "_smallest_entry", find)
