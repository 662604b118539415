"""The concave hull of the front, exact and for every point of the root, made once per problem from below.

The hull of a sum of independent choices is the merge of their hulls' edges by falling slope; the hull of
"one of these" is the hull of all their vertices. So hulls climb the tree like messages, without a multiplier.
Vertices are the supported points: each is optimal at its own latency, and maximises importance - multiplier x
latency for the multipliers between the slopes of its two edges. The edge above a budget gives the multiplier
with the tightest Lagrangian bound, and the hull itself, read at the budget, is that bound. Every point of the
root (a width of the dim in which most blocks meet) has a hull of its own, far tighter than that of all.
"""

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from ...core.errors import Unsupported
from .program import Level, Program
from .ragged import hull_mask, pareto, ranges, running_sums

# More edges than this in one level are not merged; the MILP takes over.
MOST_EDGES = 30_000_000


@dataclass(frozen=True, eq=False)
class Hulls:
    """One hull after another: of each point of the root, and of all.

    Attributes:
        starts: where the vertices of each root point begin, shape (roots + 1,).
        latency, importance, slope: of each vertex; slope of the edge to the next, 0 at the last of a hull.
        front: numbers of the vertices that are on the hull of all, by latency.
        front_latency: their latencies.
        front_slope: as `slope`, along the hull of all.
    """

    starts: np.ndarray
    latency: np.ndarray
    importance: np.ndarray
    slope: np.ndarray
    front: list[int]
    front_latency: list[float]
    front_slope: list[float]

    def root(self, vertex: int) -> int:
        """The root point whose vertex this is."""
        return int(np.searchsorted(self.starts, vertex, side="right")) - 1

    def multiplier(self, vertex: int) -> float:
        """One at which this vertex is the only maximiser of its root point's hull."""
        first, last = self.starts[self.root(vertex)], self.starts[self.root(vertex) + 1] - 1
        after = float(self.slope[vertex])
        if vertex == first:
            return 2 * after if vertex < last else 1.0
        return (float(self.slope[vertex - 1]) + after) / 2

    def edge(self, capacity: float) -> tuple[int, float]:
        """The best vertex within the capacity, at least the smallest latency, and the slope above."""
        i = bisect_right(self.front_latency, capacity) - 1
        return self.front[i], self.front_slope[i]

    def at(self, capacity: float) -> tuple[np.ndarray, np.ndarray]:
        """For each root point its last vertex within the capacity (-1: none), and the bound there."""
        count = np.add.reduceat(self.latency <= capacity, self.starts[:-1], dtype=np.int64)
        vertex = self.starts[:-1] + count - 1
        bound = self.importance[vertex] + self.slope[vertex] * (capacity - self.latency[vertex])
        none = count == 0
        vertex[none], bound[none] = -1, -np.inf
        return vertex, bound


def make_hulls(program: Program) -> Hulls:
    """All hulls of a program.

    Raises:
        Unsupported: MOST_EDGES.
    """
    start, count = (np.zeros(program.slots, dtype=np.int64) for _ in range(2))
    latency, importance = np.zeros(0), np.zeros(0)
    for level in program.levels[:-1]:
        if level.hull is not None:
            x, y, starts = level.hull
        else:
            x, y, ends = _sums(level, start, count, latency, importance)
            slot = np.arange(len(level.counts)).repeat(level.counts).repeat(np.diff(ends))
            x, y, starts = _upper(slot, x, y, len(level.counts))
        own = slice(level.first, level.first + len(level.counts))
        start[own], count[own] = starts[:-1] + len(latency), np.diff(starts)
        latency, importance = np.concatenate([latency, x]), np.concatenate([importance, y])
    root = program.levels[-1]
    if root.reads_of is None:
        x, y, starts = root.latency, root.importance, np.arange(len(root.latency) + 1)
    else:
        x, y, starts = _sums(root, start, count, latency, importance)
    apart = np.append(x[1:] > x[:-1], True)
    apart[starts[1:] - 1] = True
    x, y, starts = x[apart], y[apart], np.append(0, apart.cumsum())[starts]
    slope = _slopes(x, y)
    slope[starts[1:] - 1] = 0.0
    front = pareto(np.zeros(len(x), dtype=np.int64), x, y)
    front = front[hull_mask(np.array([0, len(front)]), x[front], y[front])]
    front = _told_apart(program, front, x, y)
    front_slope = _slopes(x[front], y[front])
    return Hulls(starts, x, y, slope, front.tolist(), x[front].tolist(), front_slope.tolist())


def _told_apart(program: Program, front: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The vertices of a hull without those that differ from a neighbour by rounding alone.

    Of two as important the faster stays; then of two as fast the more important, as `within` forgives that.
    """
    front = front[np.diff(y[front], prepend=-np.inf) > 1e-13 * program.scale_importance]
    nothing = np.minimum(1e-13 * program.scale_latency, 2e-10 * np.abs(x[front]))
    return front[np.diff(x[front], append=np.inf) > nothing]


def _sums(level: Level, start, count, latency, importance):
    """The hull of each point of a level: its own values plus one choice from every list that it reads.

    Slot s has the vertices start[s] ... of `latency` and `importance`, count[s] of them. Returns latency and
    importance of the vertices, grouped by point, and where the points' begin, shape (points + 1,).
    """
    first, edges = start[level.reads], count[level.reads] - 1
    if edges.sum() > MOST_EDGES:
        raise Unsupported(f"The tables combine to {edges.sum():.3g} hull edges, too many for exact.")
    points = len(level.latency)
    edge, owner = ranges(first, edges), level.reader.repeat(edges)
    run, rise = latency[edge + 1] - latency[edge], importance[edge + 1] - importance[edge]
    order = np.lexsort((-rise / run, owner))
    sizes = np.bincount(owner, minlength=points) + 1
    ends = np.append(0, sizes.cumsum())
    place = np.ones(ends[-1], dtype=bool)
    place[ends[:-1]] = False
    sums = []
    for own, below, step in ((level.latency, latency, run), (level.importance, importance, rise)):
        values = np.empty(ends[-1])
        values[ends[:-1]] = own + np.bincount(level.reader, below[first], points)
        values[place] = step[order]
        sums.append(running_sums(values, ends))
    return *sums, ends


def _upper(slot, latency, importance, slots: int):
    """The upper hull of the points of each slot: latency, importance, and where each slot's begin."""
    keep = pareto(slot, latency, importance)
    slot, latency, importance = slot[keep], latency[keep], importance[keep]
    starts = np.searchsorted(slot, np.arange(slots + 1))
    mask = hull_mask(starts, latency, importance)
    return latency[mask], importance[mask], np.append(0, mask.cumsum())[starts]


def _slopes(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Of the edges to the next points; 0 at the last."""
    run = np.diff(x)
    slope = np.zeros(len(x))
    np.divide(np.diff(y), run, out=slope[:-1], where=run > 0)
    return slope
