"""What a search under several limits knows on its way, and a pass at given prices."""

import math
from dataclasses import dataclass, field, replace

import numpy as np

from ..exact.message_passing import Pass, run_pass
from .closing import Part
from .prices import Found, Mixture


@dataclass
class Outcome:
    """What is known at the end: the best choice (None: none was found), a bound on all, and prices there."""

    best: Found | None
    bound: float
    prices: np.ndarray
    proven: bool


@dataclass(eq=False)
class Branch:
    """A part, perhaps with some points ruled out, its mixture of choices, and a bound on what is in it."""

    part: Part
    mixture: Mixture
    bound: float = math.inf
    split: bool = False


@dataclass
class State:
    """The limits, the best choice known that meets them, and the best prices for all."""

    limits: np.ndarray
    importance: float
    best: Found | None = None
    prices: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def offer(self, found: Found) -> None:
        if found.importance > self.importance and (found.uses <= self.limits).all():
            self.importance, self.best = found.importance, found


def priced(part: Part, prices: np.ndarray) -> Pass:
    """A pass of importance - prices.uses."""
    levels = []
    for level, uses in zip(part.program.levels, part.uses, strict=True):
        cost = uses @ prices
        lists = level.reads_of is None
        hull = (cost, level.importance, level.starts) if lists else None
        levels.append(replace(level, latency=cost, hull=hull))
    return run_pass(replace(part.program, levels=levels), 1.0)
