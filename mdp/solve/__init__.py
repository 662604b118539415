"""Solvers: from a Problem and a budget to a Plan. No torch here.

`solve(problem, budget)` proves the optimum; `front(problem)` does so for many budgets at once.
"""

from ..core.pins import Pins
from .analysis.ablation import (
    CORNERS,
    Corner,
    ablation,
    with_few_removed,
    with_linear_latency,
    without_block_removal,
)
from .analysis.candidates import Candidates, candidates
from .analysis.claim import check_claim
from .analysis.front import Front, FrontPoint, Supported, front
from .analysis.schedule import iterate
from .analysis.whatif import Alternative, what_if
from .exact.solver import fastest
from .protocol import Limits, Solver
from .solvers import SOLVERS, check_methods, solve

__all__ = [
    "CORNERS",
    "SOLVERS",
    "Alternative",
    "Candidates",
    "Corner",
    "Front",
    "FrontPoint",
    "Limits",
    "Pins",
    "Solver",
    "Supported",
    "ablation",
    "candidates",
    "check_claim",
    "check_methods",
    "fastest",
    "front",
    "iterate",
    "solve",
    "what_if",
    "with_few_removed",
    "with_linear_latency",
    "without_block_removal",
]
