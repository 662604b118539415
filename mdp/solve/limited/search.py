"""The optimum under several limits: prices for the bound, then a closing step for each point of the root."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from ..exact.message_passing import Choice, Pass, maximiser, run_pass
from ..exact.program import Names, Program, part_of
from ..exact.slack_window import select, slacks
from ..protocol import OutOfTime
from .closing import Found, Part, WideWindow
from .prices import Mixture

# Passes for the bound of all choices, and for that of one point of the root.
STEPS, ROOT_STEPS = 40, 12
# Prices are good enough once the bound may fall by this share of its distance to the best choice known.
CLOSE = 0.03
# List points that the first window lets in, and about how many sums a window should make.
FIRST, TARGET = 40, 4000


@dataclass
class Outcome:
    """What is known at the end: the best choice (None: none was found), a bound on all, and prices there."""

    best: Found | None
    bound: float
    prices: np.ndarray
    proven: bool


@dataclass(eq=False)
class _Root:
    """What is kept of one point of the root: its part, and its mixture of choices."""

    part: Part
    mixture: Mixture
    prices: np.ndarray | None = None


@dataclass(eq=False)
class Search:
    """Answers any limits for one problem, and keeps what it learns for the next."""

    program: Program
    names: Names
    uses: list[np.ndarray]
    _roots: dict[int, _Root] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.scales = np.sum([np.abs(u).max(axis=0, initial=0.0) for u in self.uses], axis=0)
        self.whole = Part(self.program, self.uses)
        self.mixture = Mixture(self.scales, self.program.scale_importance)
        self._corners(self.whole, self.mixture)

    def rounding(self, prices: np.ndarray) -> float:
        """What float64 sums at these prices may be wrong by, generously."""
        return 1e-13 * (self.program.scale_importance + float(prices @ self.scales))

    def optimum(
        self, limits: np.ndarray, start: np.ndarray, floor: float, check: Callable[[], None]
    ) -> Outcome:
        """The best choice that uses at most `limits`.

        Args:
            start: prices to begin with, such as the shadow price of latency and zeros.
            floor: nothing as important is looked for or below; minus infinity to look for anything.
            check: called now and then; where it raises OutOfTime, what is known is returned.
        """
        state = _State(limits, floor)
        if len(self.program.levels) == 1:
            return self._of_one_list(state)
        bounds = np.full(len(self.uses[-1]), math.inf)
        try:
            bounds = self._bound_all(state, start, check)
            spare = self.rounding(state.prices)
            for root in (-bounds).argsort().tolist():
                if bounds[root] <= state.importance + spare:
                    bounds[root] = -math.inf
                    continue
                bounds[root] = self._close(root, state, check)
        except OutOfTime:
            top = float(bounds.max())
            return Outcome(state.best, max(top, state.importance), state.prices, False)
        return Outcome(state.best, state.importance, state.prices, True)

    def _of_one_list(self, state: "_State") -> Outcome:
        """Where all choices stand in one list, the best is read off."""
        uses, importance = self.uses[0], self.program.levels[0].importance
        fits = (uses <= state.limits).all(axis=1)
        none = np.zeros(uses.shape[1])
        if not fits.any():
            return Outcome(None, state.importance, none, True)
        i = int(np.where(fits, importance, -np.inf).argmax())
        found = Found(uses[i], float(importance[i]), ((0, i),))
        return Outcome(found, found.importance, self.mixture.solve(state.limits)[0], True)

    def _bound_all(self, state: "_State", prices: np.ndarray, check) -> np.ndarray:
        """Bounds on the choices with each point of the root, at the best prices for all."""
        bounds = np.full(len(self.uses[-1]), math.inf)
        least, mixed = math.inf, False  # mixed: whether the prices are those of the mixture
        for _ in range(STEPS):
            check()
            at = _priced(self.whole, prices)
            last = len(self.program.levels) - 1
            own = at.of(last, np.arange(len(bounds))) + float(prices @ state.limits)
            bounds = np.minimum(bounds, own)
            if own.max() < least:
                least, state.prices = float(own.max()), prices
            new = self._learn(self.whole, self.mixture, at, state)
            if mixed and not new:
                break
            (prices, below), mixed = self.mixture.solve(state.limits), True
            if self._near(least, below, state):
                break
        return bounds

    def _near(self, bound: float, below: float, state: "_State") -> bool:
        far = bound - state.importance
        allowed = CLOSE * far if state.best is not None else 0.0
        return bound - below <= max(allowed, 10 * self.rounding(state.prices))

    def _learn(self, part: Part, mixture: Mixture, at: Pass, state: "_State | None") -> bool:
        """Make the maximiser of a pass known; False if it was."""
        choice = maximiser(part.program, at)
        uses = self._uses(choice)
        if state is not None:
            state.offer(Found(uses, choice.importance, choice.points))
        return mixture.add(uses, choice.importance)

    def _uses(self, choice: Choice) -> np.ndarray:
        levels, points = zip(*choice.points, strict=True)
        return np.sum([self.uses[lv][p] for lv, p in zip(levels, points, strict=True)], axis=0)

    def _corners(self, part: Part, mixture: Mixture) -> None:
        """Know the most important choice, and the ones that use least of each resource."""
        unit = mixture.scale_importance / mixture.scale_uses
        for corner in (np.zeros(len(unit)), *(1e3 * np.diag(unit)), 1e3 * unit):
            self._learn(part, mixture, _priced(part, corner), None)

    def _close(self, root: int, state: "_State", check) -> float:
        """Find the best choice with one point of the root, if it beats the best known; its bound is left."""
        own = self._root(root)
        limits, part = state.limits, own.part
        at, bound, prices, mixed = None, math.inf, state.prices, False
        for _ in range(ROOT_STEPS):
            check()
            pass_ = _priced(part, prices)
            here = pass_.value + float(prices @ limits)
            if here < bound:
                at, bound, own.prices = pass_, here, prices
            new = self._learn(part, own.mixture, pass_, state)
            if bound - state.importance <= self.rounding(prices):
                return -math.inf
            if mixed and not new:
                break
            (prices, below), mixed = own.mixture.solve(limits), True
            if self._near(bound, below, state):
                break
        assert at is not None and own.prices is not None
        self._windows(own, at, bound, state, check)
        return -math.inf

    def _windows(self, own: _Root, at: Pass, bound: float, state: "_State", check) -> None:
        """Widen the window until the best choice in it proves itself, or it holds all that could be better."""
        prices = own.prices
        spare = self.rounding(prices)
        survivors, extra = None, FIRST
        while bound - state.importance > spare:
            check()
            gap = bound - state.importance
            if survivors is None:
                most = gap if math.isfinite(gap) else math.inf
                survivors = select(at, most + spare)
                order = slacks(survivors)
            last = extra >= len(order)
            window = min(gap, math.inf if last else float(order[extra]))
            if window == math.inf:  # all there is
                window = 2 * (self.program.scale_importance + float(prices @ self.scales)) + abs(bound)
            wide = WideWindow(own.part, at, survivors, window + spare, check)
            found = wide.best(state.limits, prices, bound, state.importance)
            if found is not None:
                state.offer(found)
                if bound - found.importance <= window + spare:
                    return
            if window >= gap or last:
                return
            extra = int(extra * min(3.0, max(1.5, (TARGET / max(wide.pool.size, 1)) ** 0.5)))

    def _root(self, root: int) -> _Root:
        if root not in self._roots:
            program = part_of(self.program, root)
            uses = [u[lv.origin] for u, lv in zip(self.uses, program.levels, strict=True)]
            part = Part(program, uses)
            own = _Root(part, Mixture(self.scales, self.program.scale_importance))
            self._corners(part, own.mixture)
            self._roots[root] = own
        return self._roots[root]


@dataclass
class _State:
    """The limits, the best choice known that meets them, and the best prices for all."""

    limits: np.ndarray
    importance: float
    best: Found | None = None
    prices: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def offer(self, found: Found) -> None:
        if found.importance > self.importance and (found.uses <= self.limits).all():
            self.importance, self.best = found.importance, found


def _priced(part: Part, prices: np.ndarray) -> Pass:
    """A pass of importance - prices.uses."""
    levels = []
    for level, uses in zip(part.program.levels, part.uses, strict=True):
        cost = uses @ prices
        lists = level.reads_of is None
        hull = (cost, level.importance, level.starts) if lists else None
        levels.append(replace(level, latency=cost, hull=hull))
    return run_pass(replace(part.program, levels=levels), 1.0)
