"""The concave hull of the front, found where it is asked for and kept: it depends on the problem alone.

Its vertices are the supported points: each is optimal at its own latency, and maximises importance -
multiplier x latency for the multipliers between the slopes of its two edges. The edge above a budget gives
the multiplier with the tightest Lagrangian bound, which is also the shadow price there.
"""

import threading
from bisect import bisect_right
from dataclasses import dataclass

from .passes import Pass, Program, run_pass


@dataclass(frozen=True)
class Vertex:
    """A supported point. `points` says which choices it is made of (`Program.decisions` reads them)."""

    latency: float
    importance: float
    points: tuple[tuple[int, int], ...]


class Hull:
    """Vertices in increasing latency and importance; edges are refined only where a budget lies."""

    def __init__(self, program: Program, near: float | None = None):
        """`near` is a multiplier around which the hull will be asked, if one is known."""
        self.program = program
        self._lock = threading.RLock()
        left = _vertex(run_pass(program, 1.0, weight=0.0))
        right = _vertex(run_pass(program, 0.0))
        if right.latency <= left.latency:
            self.vertices = [right]
        else:
            self.vertices = [left, right] if right.importance > left.importance else [left]
        self._edges: dict[tuple[float, float], Pass] = {}
        if near:
            middle = _vertex(run_pass(program, near))
            if left.latency < middle.latency < right.latency and middle.importance > left.importance:
                self.vertices.insert(1, middle)

    @property
    def fastest(self) -> Vertex:
        return self.vertices[0]

    @property
    def best(self) -> Vertex:
        return self.vertices[-1]

    def edge(self, capacity: float) -> tuple[Vertex, Pass | None]:
        """The best vertex within the capacity, and the pass at the slope of the edge above it.

        The pass is None where nothing better exists at any latency. The capacity is at least the fastest's.
        """
        with self._lock:
            while True:
                i = bisect_right(self.vertices, capacity, key=lambda v: v.latency) - 1
                if i == len(self.vertices) - 1:
                    return self.best, None
                low, high = self.vertices[i], self.vertices[i + 1]
                known = self._edges.get((low.latency, high.latency))
                if known is not None:
                    return low, known
                self._split(i)

    def complete(self) -> list[tuple[Vertex, float]]:
        """All vertices, each with the slope of the edge to the next slower one (0 for the slowest)."""
        with self._lock:
            i = 0
            while i < len(self.vertices) - 1:
                low, high = self.vertices[i], self.vertices[i + 1]
                if (low.latency, high.latency) in self._edges:
                    i += 1
                else:
                    self._split(i)
            slopes = [_slope(a, b) for a, b in zip(self.vertices, self.vertices[1:], strict=False)]
            return list(zip(self.vertices, [*slopes, 0.0], strict=True))

    def _split(self, i: int) -> None:
        """Find a vertex above the edge i, or establish that there is none."""
        low, high = self.vertices[i], self.vertices[i + 1]
        result = run_pass(self.program, _slope(low, high))
        chord = low.importance - result.multiplier * low.latency
        new = _vertex(result)
        if result.value <= chord + rounding(self.program, result.multiplier) or new in (low, high):
            self._edges[low.latency, high.latency] = result
        elif new.latency <= low.latency:  # as fast as `low` and better
            self.vertices[i] = new
        elif new.latency >= high.latency:
            self.vertices[i + 1] = new
        else:
            self.vertices.insert(i + 1, new)


def rounding(program: Program, multiplier: float) -> float:
    """What sums of float64 at this multiplier may be wrong by, generously."""
    return 1e-13 * (program.scale_importance + multiplier * program.scale_latency)


def _vertex(result: Pass) -> Vertex:
    return Vertex(result.latency, result.importance, tuple(result.points))


def _slope(low: Vertex, high: Vertex) -> float:
    return max(0.0, (high.importance - low.importance) / (high.latency - low.latency))
