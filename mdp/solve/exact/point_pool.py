"""Points of Pareto lists in arrays that grow, each with what it is made of."""

from bisect import bisect_right

import numpy as np

from .program import Level, Program

# Points in one window beyond which the search gives up; the caller then asks the MILP.
MOST_POINTS = 1_500_000


class TooMany(Exception):
    """The window holds more points than MOST_POINTS."""

    def __init__(self, reason: str = f"More than {MOST_POINTS} sums of choices are near the bound."):
        super().__init__(reason)


class PointPool:
    """Points made so far, in arrays that grow: those of the lists, and those made by merging.

    A point is a sum of up to two others (`a`, `b`; -1 for none) and of one point of a level's arrays
    (`entry`; None for none). The list of slot s is pool[start[s] : start[s] + count[s]], by increasing
    latency. The `deficit` of a point is what it lacks to its slot's message.
    """

    def __init__(self, slots: int):
        self.start = np.zeros(slots, dtype=np.int64)
        self.count = np.zeros(slots, dtype=np.int64)
        self.size = 0
        self.latency, self.importance, self.deficit = (np.empty(1024) for _ in range(3))
        self.history: list[tuple[int, int, np.ndarray | None, np.ndarray | None, np.ndarray | None]] = []

    def add(self, level: int, latency, importance, deficit, a=None, b=None, entry=None) -> int:
        """Append points; returns the place of the first."""
        begin, end = self.size, self.size + len(latency)
        if end > MOST_POINTS:
            raise TooMany
        if end > len(self.latency):
            self.latency, self.importance, self.deficit = (
                np.concatenate([old[:begin], np.empty(end)])
                for old in (self.latency, self.importance, self.deficit)
            )
        self.latency[begin:end] = latency
        self.importance[begin:end] = importance
        self.deficit[begin:end] = deficit
        self.size = end
        self.history.append((begin, level, a, b, entry))
        return begin

    def register(self, slot: np.ndarray, begin: int) -> None:
        """Note where the list of each slot begins; `slot` is that of each point added, ascending."""
        first = np.flatnonzero(np.diff(slot, prepend=-1))
        self.start[slot[first]] = begin + first
        self.count[slot[first]] = np.diff(first, append=len(slot))

    @staticmethod
    def refuse_beyond(sums: int) -> None:
        """Raise TooMany where even looking at so many sums is too much."""
        if sums > 4 * MOST_POINTS:
            raise TooMany

    def trace(self, program: Program, *points: int) -> list[tuple[int, int]]:
        """The (level, point of the whole program) pairs that pool points are made of."""
        found, stack = [], list(points)
        begins = [h[0] for h in self.history]
        while stack:
            point = stack.pop()
            begin, level, a, b, entry = self.history[bisect_right(begins, point) - 1]
            i = point - begin
            if entry is not None:
                own = int(entry[i])
                found.append((level, int(program.levels[level].origin[own])))
                stack += self.singles(program.levels[level], own)
            stack += [int(side[i]) for side in (a, b) if side is not None and side[i] >= 0]
        return found

    def singles(self, level: Level, point: int) -> list[int]:
        """The points of the one-point lists that a level's point reads."""
        if level.reads_of is None:
            return []
        reads = level.reads[level.reads_of[point] : level.reads_of[point + 1]]
        return self.start[reads[self.count[reads] == 1]].tolist()


def best_pair(pool: PointPool, sides: list[slice], room: float) -> tuple[float, float, list[int]] | None:
    """The most important sum of one point from each list (two lists at most) within `room` latency."""
    if not sides:
        return (0.0, 0.0, []) if room >= 0 else None
    if len(sides) == 1:
        one = sides[0]
        i = int(np.searchsorted(pool.latency[one], room, side="right")) - 1
        return None if i < 0 else (pool.importance[one][i], pool.latency[one][i], [one.start + i])
    long, short = sorted(sides, key=lambda side: side.start - side.stop)
    partner = np.searchsorted(pool.latency[short], room - pool.latency[long], side="right") - 1
    fits = np.flatnonzero(partner >= 0)
    if not len(fits):
        return None
    total = pool.importance[long][fits] + pool.importance[short][partner[fits]]
    i = int(fits[total.argmax()])
    j = int(partner[i])
    latency = pool.latency[long][i] + pool.latency[short][j]
    return total.max(), latency, [long.start + i, short.start + j]
