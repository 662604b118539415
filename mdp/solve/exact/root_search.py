"""The optimum from the hulls: which points of the root can hold it, and a closing step for each of these."""

import math
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from ..protocol import OutOfTime
from .hull import Hulls
from .message_passing import Choice, maximiser, run_pass
from .program import Program, part_of
from .slack_window import Closing, Incumbent, select, slacks

# The first window lets in this many list points beyond those of the maximiser; the next ones grow so as to
# hold about TARGET points, which cost little more than few.
FIRST = 24
TARGET = 1200

# Points of parts and of closings that are kept for the next budgets, 50 bytes each or so.
MOST_KEPT = 1_000_000


@dataclass
class _Best:
    """The best importance known; `found` is None while it is that of a vertex of a hull."""

    importance: float
    found: Incumbent | None = None

    def offer(self, found: Incumbent | None) -> None:
        if found is not None and found.importance > self.importance:
            self.importance, self.found = found.importance, found


class Roots:
    """Answers any capacity, and keeps what it learns for the next: parts of the program, and closings.

    A closing holds for every capacity near the one that it was made for, so neighbours are look-ups.
    """

    def __init__(self, program: Program, hulls: Hulls):
        self.program, self.hulls = program, hulls
        self._parts: OrderedDict[int, Program] = OrderedDict()
        self._closings: dict[int, list[Closing]] = {}
        self._sizes = {"parts": 0, "closings": 0}

    def optimum(self, capacity: float, check: Callable[[], None]) -> tuple[Choice, float]:
        """The best choice within a capacity that is at least the smallest latency, and a bound on all.

        The bound is that choice's importance, unless `check`, called now and then, raised OutOfTime. Whatever
        else it raises passes through.

        Raises:
            TooMany: a window holds too much.
        """
        vertices, bounds = self.hulls.at(capacity)
        _, slope = self.hulls.edge(capacity)
        spare = self.program.rounding(slope)
        lows = self.hulls.importance[vertices]
        lows[vertices < 0] = -math.inf
        start = int(lows.argmax())
        best, bound = _Best(float(lows[start])), -math.inf
        for root in (-bounds).argsort().tolist():
            if bounds[root] <= best.importance + spare:
                break
            try:
                self._close(root, capacity, float(self.hulls.slope[vertices[root]]), best, check)
            except OutOfTime:
                bound = float(bounds[root])
                break
        choice = self.vertex(int(vertices[start])) if best.found is None else best.found.choice()
        return choice, max(bound, choice.importance)

    def vertex(self, vertex: int) -> Choice:
        """The choice at a vertex of a hull."""
        root = self.hulls.root(vertex)
        if len(self.program.levels) == 1:
            point = vertex
            level = self.program.levels[0]
            return Choice(float(level.latency[point]), float(level.importance[point]), ((0, point),))
        at = run_pass(self._part(root), self.hulls.multiplier(vertex))
        choice = maximiser(self._part(root), at)
        latency = float(self.hulls.latency[vertex]) + 1e-13 * self.program.scale_latency
        spare = self.program.rounding(at.multiplier)
        if choice.latency <= latency and choice.importance >= self.hulls.importance[vertex] - spare:
            return choice
        # Edges of one slope: several vertices attain the maximum, and this one has to be looked for.
        found = Closing(at, select(at, spare), spare, lambda: None).best(latency)
        return choice if found is None else found.choice()

    def _close(self, root: int, capacity: float, slope: float, best: "_Best", check) -> None:
        """Make `best` the best choice with this point of the root if that is better; proven either way."""
        spare = self.program.rounding(slope)
        for closing in self._near(root, slope):
            best.offer(closing.best(capacity))
            if closing.proves(capacity, best.importance, spare):
                return
        at = run_pass(self._part(root), slope)
        bound = at.value + slope * capacity
        survivors, extra = None, FIRST
        while bound - best.importance > spare:
            check()
            gap = bound - best.importance
            if survivors is None:
                survivors = select(at, gap + spare)
                order = slacks(survivors)
            window = min(gap, order[extra] if extra < len(order) else gap)
            closing = Closing(at, survivors, window + spare, check)
            best.offer(closing.best(capacity))
            if bound - best.importance <= window + spare:
                self._keep(root, closing)
                return
            # Small windows cost next to nothing, so go on in long steps while they are small.
            extra = int(extra * min(3.0, max(1.8, (TARGET / closing.pool.size) ** 0.7)))

    def _part(self, root: int) -> Program:
        part = self._parts.get(root)
        if part is None:
            part = self._parts[root] = part_of(self.program, root)
            self._sizes["parts"] += _size(part)
            while self._sizes["parts"] > MOST_KEPT and len(self._parts) > 1:
                self._sizes["parts"] -= _size(self._parts.popitem(last=False)[1])
        return part

    def _near(self, root: int, slope: float) -> list[Closing]:
        """The closings of a root point at the nearest multipliers."""
        kept = self._closings.get(root, [])
        i = bisect_left(kept, slope, key=lambda c: c.multiplier)
        return kept[max(0, i - 1) : i + 1]

    def _keep(self, root: int, closing: Closing) -> None:
        """Of closings at one multiplier the one with the widest window is kept."""
        if self._sizes["closings"] > MOST_KEPT:
            self._closings.clear()
            self._sizes["closings"] = 0
        kept = self._closings.setdefault(root, [])
        i = bisect_left(kept, closing.multiplier, key=lambda c: c.multiplier)
        if i < len(kept) and kept[i].multiplier == closing.multiplier:
            self._sizes["closings"] += closing.pool.size - kept[i].pool.size
            kept[i] = closing
        elif closing.pool.size < MOST_KEPT:
            self._sizes["closings"] += closing.pool.size
            kept.insert(i, closing)


def _size(part: Program) -> int:
    return sum(len(level.latency) for level in part.levels)
