"""The concave hull of the front, found where it is asked for and kept: it depends on the problem alone.

Its vertices are the supported points: each is optimal at its own latency, and maximises importance -
multiplier x latency for the multipliers between the slopes of its two edges. The edge above a budget gives
the multiplier with the tightest Lagrangian bound, which is also the shadow price there. Every point of the
root (a width of the dim in which most blocks meet) has a hull of its own, far tighter than that of all.
"""

import math
import threading
from bisect import bisect_left, bisect_right
from collections import OrderedDict

from .passes import Choice, Pass, Program, maximiser, run_pass

# Passes kept for budgets near those asked before; a pass of a large problem takes some megabytes.
MOST_BYTES = 24_000_000


class Passes:
    """Passes of one program by multiplier; the last few are kept."""

    def __init__(self, program: Program):
        self.program = program
        self.fastest = run_pass(program, 1.0, weight=0.0)
        self.best = run_pass(program, 0.0)
        size = 8 * (program.slots + sum(len(level.latency) for level in program.levels[1:]))
        self._most = max(4, MOST_BYTES // max(size, 1))
        self._kept: OrderedDict[float, Pass] = OrderedDict()
        self.lock = threading.RLock()

    def at(self, multiplier: float) -> Pass:
        found = self._kept.get(multiplier)
        if found is None:
            found = self._kept[multiplier] = run_pass(self.program, multiplier)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return found


class Hull:
    """Vertices in increasing latency and importance; edges are refined only where a budget lies.

    `root` restricts it to the choices with that point of the root.
    """

    def __init__(self, passes: Passes, root: int | None = None):
        self.passes, self.root = passes, root
        left, right = self._vertex(passes.fastest), self._vertex(passes.best)
        if right.latency <= left.latency:
            self.vertices = [right]
        else:
            self.vertices = [left, right] if right.importance > left.importance else [left]
        self._edges: dict[tuple[float, float], float] = {}

    @property
    def fastest(self) -> Choice:
        return self.vertices[0]

    @property
    def best(self) -> Choice:
        return self.vertices[-1]

    def offer(self, at: Pass, capacity: float | None = None) -> None:
        """Add the vertex that a pass at hand gives for little, unless the edge at the capacity is known."""
        if capacity is not None and self._known(capacity):
            return
        new = self._vertex(at)
        i = bisect_left(self.vertices, new.latency, key=lambda v: v.latency)
        if 0 < i < len(self.vertices):
            low, high = self.vertices[i - 1], self.vertices[i]
            if low.latency < new.latency < high.latency and low.importance < new.importance < high.importance:
                self.vertices.insert(i, new)

    def edge(self, capacity: float, floor: float = -math.inf) -> tuple[Choice, float | None]:
        """The best vertex within the capacity, and the slope of the edge above it.

        The slope is None where nothing better exists at any latency, or where a bound shows that nothing
        within the capacity is better than `floor`. The capacity is at least the fastest's.
        """
        while True:
            i = bisect_right(self.vertices, capacity, key=lambda v: v.latency) - 1
            if i == len(self.vertices) - 1:
                return self.best, None
            low, high = self.vertices[i], self.vertices[i + 1]
            slope = self._edges.get((low.latency, high.latency))
            if slope is not None:
                return low, slope
            at = self._split(i)
            if self._value(at) + at.multiplier * capacity <= floor:
                return low, None

    def _known(self, capacity: float) -> bool:
        i = bisect_right(self.vertices, capacity, key=lambda v: v.latency) - 1
        pair = self.vertices[i : i + 2]
        return len(pair) < 2 or (pair[0].latency, pair[1].latency) in self._edges

    def complete(self) -> list[tuple[Choice, float]]:
        """All vertices, each with the slope of the edge to the next slower one (0 for the slowest)."""
        i = 0
        while i < len(self.vertices) - 1:
            low, high = self.vertices[i], self.vertices[i + 1]
            if (low.latency, high.latency) in self._edges:
                i += 1
            else:
                self._split(i)
        slopes = [_slope(a, b) for a, b in zip(self.vertices, self.vertices[1:], strict=False)]
        return list(zip(self.vertices, [*slopes, 0.0], strict=True))

    def _vertex(self, at: Pass) -> Choice:
        return maximiser(self.passes.program, at, self.root)

    def _value(self, at: Pass) -> float:
        return at.value if self.root is None else float(at.root[self.root])

    def _split(self, i: int) -> Pass:
        """Find a vertex above the edge i, or establish that there is none; returns its pass."""
        low, high = self.vertices[i], self.vertices[i + 1]
        slope = _slope(low, high)
        at = self.passes.at(slope)
        chord = low.importance - slope * low.latency
        if self._value(at) <= chord + rounding(self.passes.program, slope):
            self._edges[low.latency, high.latency] = slope
            return at
        new = self._vertex(at)
        if new.latency <= low.latency and new.importance > low.importance:
            self.vertices[i] = new  # as fast as `low` and better
        elif new.latency >= high.latency and new.importance > high.importance:
            self.vertices[i + 1] = new
        elif low.latency < new.latency < high.latency:
            self.vertices.insert(i + 1, new)
        else:  # one of the two, differently rounded
            self._edges[low.latency, high.latency] = slope
        return at


def rounding(program: Program, multiplier: float) -> float:
    """What sums of float64 at this multiplier may be wrong by, generously."""
    return 1e-13 * (program.scale_importance + multiplier * program.scale_latency)


def _slope(low: Choice, high: Choice) -> float:
    return max(0.0, (high.importance - low.importance) / (high.latency - low.latency))
