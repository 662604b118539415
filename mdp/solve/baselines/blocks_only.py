"""Blocks only, as a baseline: whole blocks go, every dim stays as wide as it is."""

from ...core.pins import Pins, pinned
from ...core.plan import within
from ...core.problem import Problem
from ..cache import kept
from ..exact import solver as exact
from ..heuristic import Found
from ..protocol import Clock


def search(problem: Problem, budget: float, clock: Clock) -> Found:
    """The most important set of blocks that fits, exactly; dims at the widest that the pins leave them."""
    wide = kept(problem, "_blocks_only", lambda: pinned(problem, _widest(problem)))
    best = exact.fastest(wide)
    if within(best.latency, budget):
        best = exact.solve(wide, budget, clock.rest())
    return Found(problem.dense_choices, frozenset(best.removed_blocks), best.note)


def _widest(problem: Problem) -> Pins:
    return Pins({d.name: (d.dense, d.dense) for d in problem.dims})
