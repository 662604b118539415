"""The best choice of a branch by windows of slack: a small one first, then all that could be better."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..exact.point_pool import TooMany
from .closing import WideWindow
from .exchange import improved
from .state import Bounded, Branch, State, priced
from .views import Seen, View, seen, ways

# List points that the first window lets in, and about how many sums a window should make.
FIRST, TARGET = 60, 4000
# A window this much wider than the next one is taken at once where it is the last.
NEARLY = 1.6
# How far views are beside the first: how much the bound rises, in gaps between bound and best. Nearer ones
# tell less apart, and windows of farther ones are wide.
RISE = 6.0
# Known choices from which exchanges are tried.
STARTS = 4


@dataclass(eq=False)
class Windows:
    """Looks for the best choice of a branch.

    Attributes:
        best: the lowest bound on the branch that was found.
        rounding: what float64 sums at some prices may be wrong by.
        most: sums of one merge beyond which a window is given up.
    """

    branch: Branch
    best: Bounded
    state: State
    rounding: Callable[[np.ndarray], float]
    most: int
    check: Callable[[], None]

    def settle(self) -> bool:
        """Widen the window until the best choice in it proves itself, or it holds all that could be better.

        False where it would hold too much.
        """
        state, bound, spare = self.state, self.best.bound, self.rounding(self.best.prices)
        sure, extra = self.branch.split, FIRST
        views, points, order = self._look(sure)
        while bound - state.importance > spare:
            self.check()
            gap = bound - state.importance
            last = extra >= len(order)
            window = min(gap, math.inf if last else float(order[extra]))
            # What is known well has only to be proven.
            if gap <= NEARLY * window or (sure and state.best is not None):
                window = gap
            if window == math.inf:  # all there is
                window = self._all()
            try:
                wide = WideWindow(self.branch.part, views, points, window + spare, self.check, self.most)
            except TooMany:
                return False
            found = wide.best(state.limits, self.best.prices, state.importance)
            if found is not None:
                state.offer(found)
            # What was found may lose more than the window: then a wider one has to prove it.
            if bound - state.importance <= window or window >= gap or last:
                return True
            extra = int(extra * min(3.0, max(1.4, (TARGET / max(wide.pool.size, 1)) ** 0.5)))
            if not sure:
                self._exchange()
                sure = True
            views, points, order = self._look(True)
        return True

    def _look(self, around: bool) -> tuple[list[View], list[Seen | None], np.ndarray]:
        """The views (with `around`, those beside the first too), what passes, and its slacks above zero."""
        views = [self._view(self.best)]
        if around and self.state.best is not None:
            views += [self._view(self._moved(way)) for way in ways(self.best.prices, self.state.limits)]
        points = seen(views)
        slack = np.zeros(0) if points[0] is None else np.sort(points[0].slack[0])
        return views, points, slack[(slack > 0) & np.isfinite(slack)]

    def _moved(self, way: np.ndarray) -> Bounded:
        """The bound at prices so far along a way that it rises by about RISE times the gap."""
        aim, share = RISE * (self.best.bound - self.state.importance), 0.5
        for _ in range(4):
            prices = np.maximum(self.best.prices + share * way, 0.0)
            at = priced(self.branch.part, prices)
            here = Bounded(at, prices, at.value + float(prices @ self.state.limits))
            rise = here.bound - self.best.bound
            if not math.isfinite(rise):
                return self.best
            if rise > 1.3 * aim:
                share *= aim / rise
            elif rise < 0.5 * aim and share < 1:
                share = min(1.0, 2 * share)
            else:
                break
        return here

    def _view(self, of: Bounded) -> View:
        return View(of.at, of.bound - self.state.importance + self.rounding(of.prices))

    def _all(self) -> float:
        """A window that holds everything."""
        best, program = self.best, self.branch.part.program
        cost = sum(float((np.abs(u).max(axis=0, initial=0.0)) @ best.prices) for u in self.branch.part.uses)
        return 2 * (program.scale_importance + cost) + abs(best.bound)

    def _exchange(self) -> None:
        """Make choices near those of the best prices known."""
        starts = self.branch.mixture.mixed()[:STARTS]
        if self.state.best is not None and self._root() in self.state.best.points:
            starts.append(self.state.best)
        for choice in starts:
            found = improved(self.branch.part, choice, self.best.prices, self.state.limits)
            if found is not None:
                self.state.offer(found)

    def _root(self) -> tuple[int, int]:
        levels = self.branch.part.program.levels
        return len(levels) - 1, int(levels[-1].origin[0])
