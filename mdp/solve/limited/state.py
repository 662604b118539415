"""What a search under several limits knows on its way, and a pass at given prices."""

import math
from dataclasses import dataclass, field

import numpy as np

from ..exact.message_passing import Pass
from .closing import Part
from .prices import Found, Mixture


@dataclass
class Outcome:
    """What is known at the end: the best choice (None: none was found), a bound on all, and prices there.

    `reason` says why the search gave up, where that was not for want of time.
    """

    best: Found | None
    bound: float
    prices: np.ndarray
    proven: bool
    reason: str = ""


@dataclass(eq=False)
class Branch:
    """A part, perhaps with some points ruled out, its mixture of choices, and a bound on what is in it."""

    part: Part
    mixture: Mixture
    bound: float = math.inf
    split: bool = False


@dataclass(frozen=True, eq=False)
class Bounded:
    """A pass, its prices, and what it says that no choice within the limits exceeds."""

    at: Pass
    prices: np.ndarray
    bound: float


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
    program = part.program
    messages, values = np.zeros(program.slots), []
    for level, uses in zip(program.levels, part.uses, strict=True):
        value = level.importance - uses @ prices
        if level.reads_of is not None:
            value += np.bincount(level.reader, messages[level.reads], len(value))
        out = messages[level.first : level.first + len(level.counts)]
        np.maximum.reduceat(value, level.starts[:-1], out=out)
        values.append(value)
    return Pass(program, 1.0, messages, values)
