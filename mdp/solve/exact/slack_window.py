"""The closing step: all choices within a window of slack, merged into Pareto lists; the best proves itself.

At a multiplier m, and for one point of the root, a choice x is worth

    importance(x) = bound - slack(x) - m (capacity - latency(x))

where bound = value + m capacity, and slack(x) is what x loses against the maximiser of importance - m
latency. The best x therefore minimises loss(x) = slack(x) + m (capacity - latency(x)) among those within the
capacity, and no x with more slack than the smallest loss known can win. Within a window of slack the search
is complete: if its best loss is inside the window, nothing outside can be better.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .joining import joined, lists_read
from .message_passing import Choice, Pass
from .point_pool import PointPool, best_pair
from .program import Level
from .ragged import pareto, ranges


@dataclass(eq=False)
class OpenPoints:
    """Of one level: points that are within a window, grouped by slot.

    `slot` is the slot of each point, `lost` what it lacks to that slot's message, `slack` what the bound
    loses if the point is used at best.
    """

    slot: np.ndarray
    points: np.ndarray
    lost: np.ndarray
    slack: np.ndarray

    def within(self, window: float) -> "OpenPoints":
        keep = (self.slack <= window).nonzero()[0]
        return OpenPoints(self.slot[keep], self.points[keep], self.lost[keep], self.slack[keep])


class Closing:
    """The answer of one window: the best choice for any capacity, among those with at most `window` slack.

    Raises:
        TooMany: the window holds too much.
    """

    def __init__(
        self, at: Pass, survivors: list[OpenPoints | None], window: float, check: Callable[[], None]
    ):
        self.program, self.multiplier, self.value, self.window = at.program, at.multiplier, at.value, window
        self.pool = pool = PointPool(self.program.slots)
        narrow = [None if alive is None else alive.within(window) for alive in survivors]
        for number, alive in enumerate(narrow[:-1]):
            if alive is not None and len(alive.points):
                _merge_level(self.program, number, alive, window, pool, check)
        # At the root nothing has to be listed: for every point of one list, the best partner is looked up.
        level = self.program.levels[-1]
        latency, importance, starts, counts = _read(
            level, len(narrow) - 1, narrow[-1], window, pool, 2, check
        )
        self.latency, self.importance = float(latency[0]), float(importance[0])
        self._sides = [
            slice(s, s + c) for s, c in zip(starts[0].tolist(), counts[0].tolist(), strict=True) if c
        ]

    def best(self, capacity: float) -> "Incumbent | None":
        """The best choice of the window within the capacity."""
        picked = best_pair(self.pool, self._sides, capacity - self.latency)
        if picked is None:
            return None
        importance, latency, parts = picked
        return Incumbent(float(latency) + self.latency, float(importance) + self.importance, self, parts)

    def proves(self, capacity: float, importance: float, spare: float) -> bool:
        """Whether nothing outside the window can be better than this importance within the capacity."""
        return self.value + self.multiplier * capacity - importance <= self.window + spare


@dataclass(frozen=True)
class Incumbent:
    """A choice by its totals; `choice` says what it is made of."""

    latency: float
    importance: float
    closing: Closing
    parts: list[int]

    def choice(self) -> Choice:
        pool, program = self.closing.pool, self.closing.program
        root = program.levels[-1]
        points = pool.trace(program, *self.parts, *pool.singles(root, 0))
        top = (len(program.levels) - 1, int(root.origin[0]))
        return Choice(self.latency, self.importance, (top, *points))


def slacks(survivors: list[OpenPoints | None]) -> np.ndarray:
    """The slacks of the list points that survived, smallest first, without those at zero."""
    lists = survivors[0]
    if lists is None:
        return np.zeros(0)
    slack = np.sort(lists.slack)
    return slack[int(np.searchsorted(slack, 0.0, side="right")) :]


def select(at: Pass, window: float) -> list[OpenPoints | None]:
    """From the root down: the points of each level through which some choice has at most `window` slack.

    The root has one point: `at` is a pass of a part of a program.
    """
    program = at.program
    slack = np.full(program.slots, np.inf)
    slack[-1] = 0.0
    found: list[OpenPoints | None] = [None] * len(program.levels)
    for number in range(len(program.levels) - 1, -1, -1):
        level = program.levels[number]
        here = slack[level.first : level.first + len(level.counts)]
        slots = (here <= window).nonzero()[0]
        if not len(slots):
            continue
        counts = level.counts[slots]
        points = ranges(level.starts[slots], counts)
        slots += level.first
        lost = at.messages[slots].repeat(counts) - at.of(number, points)
        total = here[slots - level.first].repeat(counts) + lost
        keep = (total <= window).nonzero()[0]
        alive = OpenPoints(slots.repeat(counts)[keep], points[keep], lost[keep], total[keep])
        found[number] = alive
        if level.reads_of is not None:
            begin = level.reads_of[alive.points]
            reads = level.reads_of[alive.points + 1] - begin
            np.minimum.at(slack, level.reads[ranges(begin, reads)], alive.slack.repeat(reads))
    return found


def _merge_level(program, number: int, alive: OpenPoints, window: float, pool: PointPool, check) -> None:
    """Give every surviving slot of a level its Pareto list, from the lists of the slots below."""
    level = program.levels[number]
    points, slot, lost = alive.points, alive.slot, alive.lost
    if level.reads_of is None:
        begin = pool.add(number, level.latency[points], level.importance[points], lost, entry=points)
        pool.register(slot, begin)
        return
    latency, importance, start, count = _read(level, number, alive, window, pool, 1, check)
    start, count = start[:, 0], count[:, 0]
    below = None
    if count.any():
        # A point that reads no list of several points is joined with point -1: nothing.
        own = np.arange(len(points)).repeat(np.maximum(count, 1))
        below = ranges(np.where(count > 0, start, -1), np.maximum(count, 1))
        some = below >= 0
        latency = latency[own] + np.where(some, pool.latency[below], 0.0)
        importance = importance[own] + np.where(some, pool.importance[below], 0.0)
        lost = lost[own] + np.where(some, pool.deficit[below], 0.0)
        points, slot = points[own], slot[own]
    if np.count_nonzero(np.diff(alive.slot)) + 1 < len(alive.slot):  # else every list is in order already
        keep = pareto(slot - slot[0], latency, importance)
        latency, importance, lost, points, slot = (v[keep] for v in (latency, importance, lost, points, slot))
        below = None if below is None else below[keep]
    begin = pool.add(number, latency, importance, lost, a=below, entry=points)
    pool.register(slot, begin)


def _read(level: Level, number: int, alive: OpenPoints, window: float, pool: PointPool, leave: int, check):
    """What each surviving point of a level is worth by itself, and the lists that it is to be joined with.

    Lists of one point are added at once; the others are multiplied in pairs until at most `leave` are left.
    Returns latency and importance, shape (points,), and start and count of the lists, shape (points, leave).
    """
    points = alive.points
    latency, importance = level.latency[points], level.importance[points]
    if level.reads_of is None:
        none = np.zeros((len(points), leave), dtype=np.int64)
        return latency, importance, none, none
    owner, start, count = lists_read(level, points, pool)
    single = count == 1
    one, by = start[single], owner[single]
    latency = latency + np.bincount(by, pool.latency[one], len(points))
    importance = importance + np.bincount(by, pool.importance[one], len(points))
    several, room = ~single, window - alive.slack

    def multiply(start, count, left, right, by):
        return _products(number, start, count, left, right, room[by], pool)

    lists = joined(len(points), owner[several], start[several], count[several], leave, multiply, check)
    return latency, importance, *lists


def _products(number: int, start, count, left, right, room, pool: PointPool):
    """The Pareto lists of sums of list left[i] and list right[i] with at most room[i] deficit."""
    rows = count[left]
    a = ranges(start[left], rows)
    row_pair = np.arange(len(left)).repeat(rows)
    columns = count[right][row_pair]
    pool.refuse_beyond(int(columns.sum()))
    b = ranges(start[right][row_pair], columns)
    a = a.repeat(columns)
    pair = row_pair.repeat(columns)
    deficit = pool.deficit[a] + pool.deficit[b]
    keep = (deficit <= room[pair]).nonzero()[0]
    a, b, pair, deficit = a[keep], b[keep], pair[keep], deficit[keep]
    latency, importance = pool.latency[a] + pool.latency[b], pool.importance[a] + pool.importance[b]
    keep = pareto(pair, latency, importance)
    begin = pool.add(number, latency[keep], importance[keep], deficit[keep], a[keep], b[keep])
    ends = np.searchsorted(pair[keep], np.arange(len(left) + 1))
    return begin + ends[:-1], np.diff(ends)
