"""The closing step: all choices within a window of slack, merged into Pareto lists; the best proves itself.

At a multiplier m, a choice x is worth importance(x) = bound - slack(x) - m (capacity - latency(x)), where
bound = value + m capacity and slack(x) is what x loses against the maximiser of importance - m latency. The
best x therefore minimises loss(x) = slack(x) + m (capacity - latency(x)) among those within the capacity, and
no x with more slack than the smallest loss known can win. Within a window of slack the search is complete: if
its best loss is inside the window, nothing outside can be better.
"""

from dataclasses import dataclass

import numpy as np

from .passes import Pass, Program
from .ragged import pareto, ranges

# Points in one window beyond which the search gives up (about 1 GB); the caller then asks the MILP.
MOST_POINTS = 4_000_000


class TooMany(Exception):
    """The window holds more points than MOST_POINTS."""


@dataclass(frozen=True)
class Best:
    """The best choice of a window, as (level, point) pairs."""

    latency: float
    importance: float
    points: list[tuple[int, int]]


@dataclass(eq=False)
class _Survivors:
    """Of one level: slots (ascending), and the points of each that are within the window.

    `of` numbers the slot of each point; `slack` is what the bound loses if the point is used at best.
    """

    slots: np.ndarray
    points: np.ndarray
    of: np.ndarray
    slack: np.ndarray


class _Pool:
    """Points made so far: of the lists, and of merging. `a` and `b` are the points merged, -1 for none;
    `entry` is the point of the level's arrays that was added, -1 for none."""

    def __init__(self, slots: int):
        self.start = np.zeros(slots, dtype=np.int64)
        self.count = np.zeros(slots, dtype=np.int64)
        self.size = 0
        self.latency, self.importance, self.deficit = (np.zeros(0) for _ in range(3))
        self.history: list[tuple[int, int, np.ndarray, np.ndarray, np.ndarray]] = []

    def add(self, level, latency, importance, deficit, a, b, entry) -> int:
        """Append points; returns the place of the first."""
        begin = self.size
        self.size += len(latency)
        if self.size > MOST_POINTS:
            raise TooMany
        self.latency = np.concatenate([self.latency, latency])
        self.importance = np.concatenate([self.importance, importance])
        self.deficit = np.concatenate([self.deficit, deficit])
        self.history.append((begin, level, a, b, entry))
        return begin

    def trace(self, *points: int) -> list[tuple[int, int]]:
        """The (level, point) pairs that pool points are made of."""
        found, stack = [], list(points)
        begins = [h[0] for h in self.history]
        while stack:
            point = stack.pop()
            begin, level, a, b, entry = self.history[int(np.searchsorted(begins, point, side="right")) - 1]
            i = point - begin
            if entry is not None and entry[i] >= 0:
                found.append((level, int(entry[i])))
            stack += [int(side[i]) for side in (a, b) if side is not None and side[i] >= 0]
        return found


def search(program: Program, at: Pass, capacity: float, window: float) -> Best | None:
    """The best choice within the capacity among those with at most `window` slack; None if there is none.

    Raises:
        TooMany: the window holds too much.
    """
    survivors = _select(program, at, window)
    pool = _Pool(program.slots)
    for number, alive in enumerate(survivors[:-1]):
        if alive is not None:
            _merge_level(program, at, number, alive, window, pool)
    return _finish(program, at, survivors[-1], capacity, window, pool)


def list_slacks(program: Program, at: Pass, window: float) -> np.ndarray:
    """The slacks of the list points within the window, smallest first, without one zero per list in use."""
    alive = _select(program, at, window)[0]
    used = sum(1 for level, _ in at.points if level == 0)
    return np.sort(alive.slack)[used:]


def _select(program: Program, at: Pass, window: float) -> list[_Survivors | None]:
    """From the root down: the slots and points through which some choice has at most `window` slack."""
    slack = np.full(program.slots, np.inf)
    slack[-1] = 0.0
    found: list[_Survivors | None] = [None] * len(program.levels)
    for number in range(len(program.levels) - 1, -1, -1):
        level = program.levels[number]
        here = slack[level.first : level.first + len(level.counts)]
        slots = np.flatnonzero(here <= window)
        if not len(slots):
            continue
        counts = level.counts[slots]
        points = ranges(level.starts[slots], counts)
        best = here[slots] + at.messages[slots + level.first]
        lost = best.repeat(counts) - at.values[number][points]
        keep = np.flatnonzero(lost <= window)
        points, lost = points[keep], lost[keep]
        of = np.arange(len(slots)).repeat(counts)[keep]
        found[number] = _Survivors(slots + level.first, points, of, lost)
        if level.reads_of is not None:
            begin = level.reads_of[points]
            counts = level.reads_of[points + 1] - begin
            reads = level.reads[ranges(begin, counts)]
            np.minimum.at(slack, reads, lost.repeat(counts))
    return found


def _merge_level(program, at: Pass, number: int, alive: _Survivors, window: float, pool: _Pool) -> None:
    """Give every surviving slot of a level its Pareto list, from the lists of the slots below."""
    level = program.levels[number]
    points = alive.points
    latency, importance = level.latency[points], level.importance[points]
    deficit = at.messages[alive.slots][alive.of] - at.values[number][points]
    if level.reads_of is None:
        begin = pool.add(number, latency, importance, deficit, None, None, points)
        _register(pool, alive.slots, alive.of, begin)
        return
    start, count = _multiply_reads(level, number, alive, window, pool)
    # Every surviving point now reads at most one list: add its own share, and join the lists of each slot.
    own = np.arange(len(points)).repeat(np.maximum(count, 1))
    below = ranges(np.where(count > 0, start, -1), np.maximum(count, 1))
    deficit = deficit[own] + _taken(pool.deficit, below)
    room = (window - alive.slack)[own] + (at.messages[alive.slots][alive.of] - at.values[number][points])[own]
    keep = np.flatnonzero(deficit <= room)
    own, below, deficit = own[keep], below[keep], deficit[keep]
    latency, importance = (
        (latency[own] + _taken(pool.latency, below)),
        (importance[own] + _taken(pool.importance, below)),
    )
    keep = pareto(alive.of[own], latency, importance)
    own, below = own[keep], below[keep]
    begin = pool.add(number, latency[keep], importance[keep], deficit[keep], below, None, points[own])
    _register(pool, alive.slots, alive.of[own], begin)


def _taken(values: np.ndarray, points: np.ndarray) -> np.ndarray:
    """values[points], and 0 for point -1."""
    if not len(values):
        return np.zeros(len(points))
    return np.where(points >= 0, values[points], 0.0)


def _register(pool: _Pool, slots: np.ndarray, of: np.ndarray, begin: int) -> None:
    ends = np.searchsorted(of, np.arange(len(slots) + 1))
    pool.start[slots] = begin + ends[:-1]
    pool.count[slots] = np.diff(ends)


def _multiply_reads(level, number: int, alive: _Survivors, window: float, pool: _Pool, leave: int = 1):
    """Multiply the lists that each surviving point reads, in pairs, until at most `leave` are left.

    Returns (start, count) of each point's list in the pool, shape (points,); with `leave` = 2, of shape
    (points, 2). Count 0: no list.
    """
    begin = level.reads_of[alive.points]
    reads = level.reads_of[alive.points + 1] - begin
    slots = level.reads[ranges(begin, reads)]
    start, count = pool.start[slots], pool.count[slots]
    owner = np.arange(len(reads)).repeat(reads)
    room = window - alive.slack
    while reads.max(initial=0) > leave:
        # Short lists meet long ones: sorted by length within the owner, first with last.
        order = np.lexsort((count, owner))
        start, count = start[order], count[order]
        first = np.cumsum(reads) - reads
        rank = np.arange(len(owner)) - first[owner]
        half = reads[owner] // 2
        left = np.flatnonzero(rank < half)
        right = (first + reads - 1)[owner[left]] - rank[left]
        middle = np.flatnonzero((rank == half) & (reads[owner] % 2 == 1))
        made_start, made_count = _products(number, start, count, left, right, room[owner[left]], pool)
        owner_new = np.concatenate([owner[left], owner[middle]])
        order = owner_new.argsort(kind="stable")
        start = np.concatenate([made_start, start[middle]])[order]
        count = np.concatenate([made_count, count[middle]])[order]
        owner = owner_new[order]
        reads = (reads + 1) // 2
    place = np.arange(len(owner)) - (np.cumsum(reads) - reads)[owner]
    starts, counts = (np.zeros((len(reads), leave), dtype=np.int64) for _ in range(2))
    starts[owner, place], counts[owner, place] = start, count
    return (starts[:, 0], counts[:, 0]) if leave == 1 else (starts, counts)


def _products(number, start, count, left, right, room, pool: _Pool):
    """The Pareto lists of sums of list left[i] and list right[i] with at most room[i] deficit."""
    rows = count[left]
    a = ranges(start[left], rows)
    row_pair = np.arange(len(left)).repeat(rows)
    columns = count[right][row_pair]
    if columns.sum() > 4 * MOST_POINTS:
        raise TooMany
    b = ranges(start[right][row_pair], columns)
    a = a.repeat(columns)
    pair = row_pair.repeat(columns)
    deficit = pool.deficit[a] + pool.deficit[b]
    keep = np.flatnonzero(deficit <= room[pair])
    a, b, pair, deficit = a[keep], b[keep], pair[keep], deficit[keep]
    latency, importance = pool.latency[a] + pool.latency[b], pool.importance[a] + pool.importance[b]
    keep = pareto(pair, latency, importance)
    pair = pair[keep]
    begin = pool.add(number, latency[keep], importance[keep], deficit[keep], a[keep], b[keep], None)
    ends = np.searchsorted(pair, np.arange(len(left) + 1))
    return begin + ends[:-1], np.diff(ends)


def _finish(program, at: Pass, alive: _Survivors, capacity: float, window: float, pool: _Pool) -> Best | None:
    """At the root nothing has to be listed: for every point of one list, the best partner is looked up."""
    number = len(program.levels) - 1
    level = program.levels[number]
    none = (np.zeros((len(alive.points), 2), dtype=np.int64),) * 2
    starts, counts = (
        none if level.reads_of is None else _multiply_reads(level, number, alive, window, pool, 2)
    )
    best: tuple[float, float, list[int]] | None = None
    for i, point in enumerate(alive.points.tolist()):
        sides = [slice(s, s + c) for s, c in zip(starts[i].tolist(), counts[i].tolist(), strict=True) if c]
        found = _pick(pool, sides, capacity - level.latency[point])
        if found is not None:
            importance, latency = found[0] + level.importance[point], found[1] + level.latency[point]
            if best is None or (importance, -latency) > (best[0], -best[1]):
                best, root = (importance, latency, found[2]), point
    if best is None:
        return None
    return Best(float(best[1]), float(best[0]), [(number, root), *pool.trace(*best[2])])


def _pick(pool: _Pool, sides: list[slice], room: float) -> tuple[float, float, list[int]] | None:
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
