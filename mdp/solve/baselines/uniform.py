"""Uniform widths, as a baseline: every dim keeps the same share of its units, no block is removed."""

from fractions import Fraction

from ...core.problem import Dim, Problem
from ..heuristic import Found
from ..protocol import Clock
from .first_fit import first_fit


def search(problem: Problem, budget: float, clock: Clock) -> Found:
    """The largest share that fits, by bisection.

    A dim keeps its widest option of at most that share of the widest that the pins leave it, or its narrowest
    where none is as narrow.
    """
    shares = {Fraction(o, d.dense) for d in problem.dims for o in d.options} | {Fraction(1)}
    row = sorted(shares, reverse=True)

    def at(i: int) -> dict[str, int]:
        return {d.name: _at_most(d, row[i]) for d in problem.dims}

    return first_fit(problem, budget, len(row), at, clock)


def _at_most(dim: Dim, share: Fraction) -> int:
    return max((o for o in dim.options if Fraction(o, dim.dense) <= share), default=dim.options[0])
