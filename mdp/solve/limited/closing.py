"""The closing step for several resources: every choice within a window of slack, the best of them proven.

At prices p and for one point of the root, a choice x is worth

    importance(x) = bound - slack(x) - p.(limits - uses(x))

where slack(x) is what x loses against the maximiser of importance - p.uses. Among the choices that meet all
limits the best has the smallest loss, slack + p.(limits - uses). Within a window all are listed, less those
that another beats in everything, and those that lose too much in another of the `views`; if one with a loss
inside the window meets the limits, the best of these is the optimum. `exact.slack_window` is the same for one
resource.
"""

from dataclasses import dataclass

import numpy as np

from ..exact.joining import joined, lists_read
from ..exact.program import Program
from ..exact.ragged import ranges
from .dominance import undominated
from .last_pair import best_pair
from .pairing import pairs_within
from .pool import WidePool
from .prices import Found
from .views import Seen, View

# Sums of one merge beyond which a window is given up.
MOST_SUMS = 6_000_000


@dataclass(frozen=True, eq=False)
class Part:
    """A part of the program with one root point, and what its points use, level by level."""

    program: Program
    uses: list[np.ndarray]


class WideWindow:
    """All choices of a part with at most `window` slack in the first view, and what the others allow."""

    def __init__(self, part: Part, views: list[View], survivors: list[Seen | None], window: float, check,
                 most_sums: int = MOST_SUMS):  # fmt: skip
        self.most_sums = most_sums
        self.part, self.check = part, check
        self.windows = np.array([window, *(view.window for view in views[1:])])
        program = part.program
        self.pool = WidePool(program.slots, part.uses[0].shape[1], len(views))
        narrow = [None if alive is None else alive.only(alive.slack[0] <= window) for alive in survivors]
        for number, alive in enumerate(narrow[:-1]):
            if alive is not None and len(alive.points):
                self._merge_level(number, alive)
        root = narrow[-1]
        read = None if root is None else self._read(len(narrow) - 1, root, 2)
        self.empty, self.sides = read is None or not len(read.importance), []
        if not self.empty:
            self.uses, self.importance = read.uses[0], float(read.importance[0])
            pairs = zip(read.start[0].tolist(), read.count[0].tolist(), strict=True)
            self.sides = [slice(s, s + c) for s, c in pairs if c]

    def best(self, limits: np.ndarray, prices: np.ndarray, known: float) -> Found | None:
        """The best choice within the limits with a loss of at most the window, if it beats `known`.

        Args:
            limits: with the tolerance of a budget, shape (resources,).
            prices: those of the first view's pass.
        """
        if self.empty:
            return None
        room = limits - self.uses
        sides = self.sides or [slice(0, 0)]
        a, b = sides if len(sides) == 2 else (sides[0], None)
        floor = known - self.importance
        pool = self.pool
        if not self.sides:
            fits = (room >= 0).all() and floor < 0
            return self._found([], self.uses, self.importance) if fits else None
        if b is None:
            fits = (pool.uses[a] <= room).all(axis=1) & (pool.importance[a] > floor)
            if not fits.any():
                return None
            i = int(np.where(fits, pool.importance[a], -np.inf).argmax()) + a.start
            return self._found([i], self.uses + pool.uses[i], self.importance + float(pool.importance[i]))
        lists = [(pool.uses[side], pool.importance[side]) for side in (a, b)]
        pair = best_pair(*lists, room, prices, floor, self.check)
        if pair is None:
            return None
        left, right, worth = pair[0] + a.start, pair[1] + b.start, pair[2]
        uses = self.uses + pool.uses[left] + pool.uses[right]
        return self._found([left, right], uses, worth + self.importance)

    def _found(self, parts: list[int], uses: np.ndarray, importance: float) -> Found:
        program = self.part.program
        points = self.pool.trace(program, *parts, *self.pool.singles(program.levels[-1], 0))
        top = (len(program.levels) - 1, int(program.levels[-1].origin[0]))
        return Found(uses, importance, (top, *points))

    def _merge_level(self, number: int, alive: Seen) -> None:
        """Give every surviving slot of a level its list, from the lists of the slots below."""
        pool = self.pool
        read = self._read(number, alive, 1)
        points, slot, uses, importance, lost = read.points, read.slot, read.uses, read.importance, read.lost
        start, count = read.start[:, 0], read.count[:, 0]
        below = None
        if count.any():
            # A point that reads no list of several points is joined with point -1: nothing.
            own = np.arange(len(points)).repeat(np.maximum(count, 1))
            below = ranges(np.where(count > 0, start, -1), np.maximum(count, 1))
            some = below >= 0
            uses = uses[own] + np.where(some[:, None], pool.uses[below], 0.0)
            importance = importance[own] + np.where(some, pool.importance[below], 0.0)
            lost = lost[:, own] + np.where(some, pool.deficit[:, below], 0.0)
            points, slot = points[own], slot[own]
        # Lists of the lowest level are without dominated points as they are, and so is what one point reads.
        lists = self.part.program.levels[number].reads_of is None
        if not lists and np.count_nonzero(np.diff(read.slot)) + 1 < len(read.slot):
            keep = undominated(slot - slot[0], uses, importance)
            uses, importance, points, slot = (v[keep] for v in (uses, importance, points, slot))
            lost, below = lost[:, keep], None if below is None else below[keep]
        if len(points):
            begin = pool.add_points(number, uses, importance, lost, a=below, entry=points)
            pool.register(slot, begin)

    def _read(self, number: int, alive: Seen, leave: int) -> "Read":
        """What each surviving point of a level is worth by itself, and the lists to join it with.

        Lists of one point are added at once; the others are multiplied in pairs until at most `leave` are
        left. A point that reads a list without points, or loses too much, is left out.
        """
        level, pool = self.part.program.levels[number], self.pool
        points, uses, importance = alive.points, self.part.uses[number], level.importance
        if level.reads_of is None:
            none = np.zeros((len(points), leave), dtype=np.int64)
            return Read(alive.slot, points, alive.lost, uses[points], importance[points], none, none)
        owner, start, count = lists_read(level, points, pool)
        single, several = count == 1, count > 1
        one, by = start[single], owner[single]
        uses, lost = uses[points], alive.lost.copy()
        np.add.at(uses, by, pool.uses[one])
        np.add.at(lost.T, by, pool.deficit[:, one].T)
        importance = importance[points] + np.bincount(by, pool.importance[one], len(points))
        room = self.windows[:, None] - alive.slack - (lost - alive.lost)
        whole = np.bincount(owner[count == 0], minlength=len(points)) == 0  # every list has points

        def multiply(start, count, left, right, by):
            last = leave == 2 and len(start) <= 4
            return self._products(number, start, count, left, right, room[:, by], last)

        several &= whole[owner]
        reads = np.bincount(owner[several], minlength=len(points))
        start, count = joined(
            len(points), owner[several], start[several], count[several], leave, multiply, self.check,
            longest_apart=leave == 2,
        )  # fmt: skip
        keep = whole & (room >= 0).all(axis=0) & ((count > 0).sum(axis=1) == np.minimum(reads, leave))
        read = Read(alive.slot, points, lost, uses, importance, start, count)
        return read if keep.all() else read.only(keep)

    def _products(self, number: int, start, count, left, right, room, last: bool):
        """The lists of sums of list left[i] and list right[i] that lose at most room[:, i].

        The last ones are as they come: only `best` reads them.
        """
        pool = self.pool
        lost = pool.deficit[:, : pool.size]
        a, b, pair = pairs_within(lost, start, count, left, right, room, self.windows, self.most_sums)
        uses, importance = pool.uses[a] + pool.uses[b], pool.importance[a] + pool.importance[b]
        if last:
            lost = np.nan  # nothing reads it
        else:
            keep = undominated(pair, uses, importance)
            a, b, pair, uses, importance = a[keep], b[keep], pair[keep], uses[keep], importance[keep]
            lost = lost[:, a] + lost[:, b]
        begin = pool.add_points(number, uses, importance, lost, a, b)
        ends = np.searchsorted(pair, np.arange(len(left) + 1))
        return begin + ends[:-1], np.diff(ends)


@dataclass(frozen=True, eq=False)
class Read:
    """Points of a level with what they read: `start` and `count` of the lists have shape (points, lists)."""

    slot: np.ndarray
    points: np.ndarray
    lost: np.ndarray
    uses: np.ndarray
    importance: np.ndarray
    start: np.ndarray
    count: np.ndarray

    def only(self, keep: np.ndarray) -> "Read":
        lost = self.lost[:, keep]
        return Read(**{name: lost if name == "lost" else value[keep] for name, value in vars(self).items()})
