"""The optimum under several limits: prices for the bound, then a closing step for each point of the root."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ..exact.message_passing import Choice, Pass, maximiser
from ..exact.point_pool import TooMany
from ..exact.program import Names, Program, part_of
from ..protocol import OutOfTime
from .branching import Half, apart
from .closing import MOST_SUMS, Part
from .prices import Found, Mixture
from .state import Bounded, Branch, Outcome, State, priced
from .windows import Windows

# Passes for the bound of all choices, and for that of one point of the root.
STEPS, ROOT_STEPS = 40, 12
# Prices are good enough once the bound may fall by this share of its distance to the best choice known.
CLOSE = 0.001
# Sums of one merge beyond which choices are split instead.

SUMS = 1_000_000
# No price is more: where a resource's numbers are tiny it would be infinite, and infinity times zero nothing.
HUGE = 1e290


@dataclass(eq=False)
class Search:
    """Answers any limits for one problem, and keeps what it learns for the next."""

    program: Program
    names: Names
    uses: list[np.ndarray]
    _roots: dict[int, Branch] = field(default_factory=dict)

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
            check: called now and then; where it raises OutOfTime, what is known is returned. So it is where
                too many choices are near the bound.
        """
        state = State(limits, floor)
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
        except (OutOfTime, TooMany) as stop:
            bound = max(float(bounds.max()), state.importance)
            return Outcome(state.best, bound, state.prices, False, str(stop))
        return Outcome(state.best, state.importance, state.prices, True)

    def _of_one_list(self, state: State) -> Outcome:
        """Where all choices stand in one list, the best is read off."""
        uses, importance = self.uses[0], self.program.levels[0].importance
        fits = (uses <= state.limits).all(axis=1)
        none = np.zeros(uses.shape[1])
        if not fits.any():
            return Outcome(None, state.importance, none, True)
        i = int(np.where(fits, importance, -np.inf).argmax())
        found = Found(uses[i], float(importance[i]), ((0, i),))
        return Outcome(found, found.importance, self.mixture.solve(state.limits)[0], True)

    def _bound_all(self, state: State, prices: np.ndarray, check) -> np.ndarray:
        """Bounds on the choices with each point of the root, at the best prices for all."""
        bounds = np.full(len(self.uses[-1]), math.inf)
        least, mixed = math.inf, False  # mixed: whether the prices are those of the mixture
        for _ in range(STEPS):
            check()
            at = priced(self.whole, prices)
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

    def _near(self, bound: float, below: float, state: State) -> bool:
        far = bound - state.importance
        allowed = CLOSE * far if state.best is not None else 0.0
        return bound - below <= max(allowed, 10 * self.rounding(state.prices))

    def _learn(self, part: Part, mixture: Mixture, at: Pass, state: State | None) -> bool:
        """Make the maximiser of a pass known; False if it was."""
        choice = maximiser(part.program, at)
        found = Found(self._uses(choice), choice.importance, choice.points)
        if state is not None:
            state.offer(found)
        return mixture.add(found)

    def _uses(self, choice: Choice) -> np.ndarray:
        levels, points = zip(*choice.points, strict=True)
        return np.sum([self.uses[lv][p] for lv, p in zip(levels, points, strict=True)], axis=0)

    def _corners(self, part: Part, mixture: Mixture) -> None:
        """Know the most important choice, and the ones that use least of each resource."""
        unit = np.minimum(mixture.scale_importance / mixture.scale_uses, HUGE)
        for corner in (np.zeros(len(unit)), *(1e3 * np.diag(unit)), 1e3 * unit):
            self._learn(part, mixture, priced(part, corner), None)

    def _close(self, root: int, state: State, check) -> float:
        """Find the best choice with one point of the root, if it beats the best known; its bound is left.

        Where a window would hold too much, the choices are split in two, each with prices of its own.
        """
        stack = [self._root(root)]
        while stack:
            check()
            branch = stack.pop()
            if branch.bound <= state.importance + self.rounding(state.prices):
                continue
            best = self._bound_branch(branch, state, check)
            if best is None:
                continue
            halves = apart(branch.part, branch.mixture, best.prices)
            most = SUMS if halves is not None else MOST_SUMS
            if Windows(branch, best, state, self.rounding, most, check).settle():
                continue
            if halves is None:
                raise TooMany("Too many choices are near the bound.")
            stack += [self._branch(branch, half, best.bound) for half in halves]
        return -math.inf

    def _bound_branch(self, branch: Branch, state: State, check) -> Bounded | None:
        """The bound of a branch at good prices; None where nothing in it beats the best."""
        limits, prices = state.limits, state.prices
        best, mixed = None, False
        for _ in range(ROOT_STEPS):
            check()
            at = priced(branch.part, prices)
            here = at.value + float(prices @ limits)
            if not here > -math.inf:
                return None
            if best is None or here < best.bound:
                best = Bounded(at, prices, here)
            new = self._learn(branch.part, branch.mixture, at, state)
            if best.bound - state.importance <= self.rounding(prices):
                return None
            if mixed and not new:
                break
            (prices, below), mixed = branch.mixture.solve(limits), True
            if self._near(best.bound, below, state):
                break
        return best

    def _branch(self, old: Branch, half: Half, bound: float) -> Branch:
        mixture = Mixture(self.scales, self.program.scale_importance)
        for choice in old.mixture.choices:
            if half.holds(choice):
                mixture.add(choice)
        return Branch(half.part, mixture, bound, True)

    def _root(self, root: int) -> Branch:
        if root not in self._roots:
            program = part_of(self.program, root)
            uses = [u[lv.origin] for u, lv in zip(self.uses, program.levels, strict=True)]
            part = Part(program, uses)
            own = Branch(part, Mixture(self.scales, self.program.scale_importance))
            self._corners(part, own.mixture)
            self._roots[root] = own
        return self._roots[root]
