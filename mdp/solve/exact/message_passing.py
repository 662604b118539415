"""Max-plus passes over the tree of nodes, level by level: the Lagrangian bound of one multiplier."""

from dataclasses import dataclass

import numpy as np

from .program import Program
from .ragged import ranges


@dataclass(frozen=True, eq=False)
class Pass:
    """One multiplier: the message of every slot, and the value of every point above the lists.

    `value` of a point is importance - multiplier x latency of the best choice that it is part of, of what is
    decided at it and below.
    """

    program: Program
    multiplier: float
    messages: np.ndarray
    values: list[np.ndarray | None]

    @property
    def value(self) -> float:
        """The largest value of any choice."""
        return float(self.messages[-1])

    def of(self, number: int, points: np.ndarray) -> np.ndarray:
        """The values of points of a level."""
        values = self.values[number]
        if values is not None:
            return values[points]
        level = self.program.levels[number]
        return _value(level.latency[points], level.importance[points], self.multiplier)


def run_pass(program: Program, multiplier: float) -> Pass:
    """The messages of importance - multiplier x latency."""
    messages = np.zeros(program.slots)
    values: list[np.ndarray | None] = []
    for level in program.levels:
        out = messages[level.first : level.first + len(level.counts)]
        if level.hull is not None:
            latency, importance, starts = level.hull
            np.maximum.reduceat(_value(latency, importance, multiplier), starts[:-1], out=out)
            values.append(None)
            continue
        value = _value(level.latency, level.importance, multiplier)
        value += np.bincount(level.reader, messages[level.reads], len(value))
        np.maximum.reduceat(value, level.starts[:-1], out=out)
        values.append(value)
    return Pass(program, multiplier, messages, values)


def _value(latency: np.ndarray, importance: np.ndarray, multiplier: float) -> np.ndarray:
    value = latency * -multiplier
    value += importance
    return value


@dataclass(frozen=True)
class Choice:
    """A whole choice: its totals, and the points it is made of as (level, point) of the whole program."""

    latency: float
    importance: float
    points: tuple[tuple[int, int], ...]


def maximiser(program: Program, at: Pass) -> Choice:
    """A choice that attains the maximum of a pass."""
    number = len(program.levels) - 1
    best = at.of(number, np.arange(len(program.levels[number].latency))).argmax(keepdims=True)
    slots = np.zeros(0, dtype=np.int64)
    latency, importance, points = 0.0, 0.0, []
    while True:
        level = program.levels[number]
        latency += float(level.latency[best].sum())
        importance += float(level.importance[best].sum())
        origin = best if level.origin is None else level.origin[best]
        points += [(number, p) for p in origin.tolist()]
        if level.reads_of is not None:
            begin = level.reads_of[best]
            reads = level.reads[ranges(begin, level.reads_of[best + 1] - begin)]
            slots = np.concatenate([slots, reads])
        if number == 0 or not len(slots):
            return Choice(latency, importance, tuple(points))
        number -= 1
        level = program.levels[number]
        here = slots[slots >= level.first]
        slots = slots[slots < level.first]
        best = _first_best(at, number, here - level.first)


def _first_best(at: Pass, number: int, slots: np.ndarray) -> np.ndarray:
    """For each slot of a level, its first point that has the slot's best value."""
    level = at.program.levels[number]
    counts = level.counts[slots]
    points = ranges(level.starts[slots], counts)
    hits = (at.of(number, points) == at.messages[slots + level.first].repeat(counts)).nonzero()[0]
    owner = np.arange(len(slots)).repeat(counts)[hits]
    first = np.empty(len(owner), dtype=bool)
    first[:1] = True
    np.not_equal(owner[1:], owner[:-1], out=first[1:])
    return points[hits[first]]
