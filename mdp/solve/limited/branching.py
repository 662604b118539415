"""Splitting the choices of a part in two where their bound is too far from the best choice known.

The least bound belongs to a mixture of choices. The two with the largest shares differ at some slot that both
use; of its points one half is ruled out in the one part, the other half in the other. Choices that do not use
the slot are in both, which costs a little and loses nothing.
"""

from dataclasses import dataclass, replace

import numpy as np

from .closing import Part
from .prices import Found, Mixture


@dataclass(frozen=True, eq=False)
class Half:
    """One of two parts, and the (level, point of the whole program) pairs that are ruled out in it."""

    part: Part
    gone: frozenset[tuple[int, int]]

    def holds(self, choice: Found) -> bool:
        """Whether no point of a choice of the part before is ruled out."""
        return self.gone.isdisjoint(choice.points)


def apart(part: Part, mixture: Mixture, prices: np.ndarray) -> tuple[Half, Half] | None:
    """Two parts that hold all choices between them; None where the mixture shows no way to split."""
    mixed = mixture.mixed()
    if len(mixed) < 2:
        return None
    where = _difference(part, mixed[0], mixed[1], prices)
    if where is None:
        return None
    level, slot, a, b = where
    own = part.program.levels[level]
    points = np.arange(own.starts[slot], own.starts[slot + 1])
    cost = part.uses[level][points] @ prices
    low, high = sorted((float(cost[a - points[0]]), float(cost[b - points[0]])))
    first = cost <= (low + high) / 2 if own.reads_of is None and high > low else points == a
    return _without(part, level, points[first]), _without(part, level, points[~first])


def _place(part: Part, level: int, point: int) -> int:
    """The number in the part of a point of the whole program."""
    return int(np.searchsorted(part.program.levels[level].origin, point))


def _difference(part: Part, one: Found, other: Found, prices: np.ndarray):
    """(level, slot, point, point) at which two choices differ: the highest level, there the dearest."""
    slots = []
    for choice in (one, other):
        at = {}
        for number, point in choice.points:
            place = _place(part, number, point)
            starts = part.program.levels[number].starts
            at[number, int(np.searchsorted(starts, place, side="right")) - 1] = place
        slots.append(at)
    best, found = (-1, -1.0), None
    for key in slots[0].keys() & slots[1].keys():
        a, b = slots[0][key], slots[1][key]
        if a == b:
            continue
        number = key[0]
        uses, importance = part.uses[number], part.program.levels[number].importance
        size = float(np.abs((uses[a] - uses[b]) * prices).sum() + abs(importance[a] - importance[b]))
        if (number, size) > best:
            best, found = (number, size), (*key, a, b)
    return found


def _without(part: Part, level: int, points: np.ndarray) -> Half:
    """The part with these points ruled out."""
    own = part.program.levels[level]
    importance = own.importance.copy()
    importance[points] = -np.inf
    levels = list(part.program.levels)
    levels[level] = replace(own, importance=importance)
    gone = frozenset((level, p) for p in own.origin[points].tolist())
    return Half(Part(replace(part.program, levels=levels), part.uses), gone)
