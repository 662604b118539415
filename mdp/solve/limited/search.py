"""The optimum under several limits: prices for the bound, then a closing step for each point of the root."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ..exact.message_passing import Choice, Pass, maximiser
from ..exact.point_pool import TooMany
from ..exact.program import Names, Program, part_of
from ..exact.slack_window import select, slacks
from ..protocol import OutOfTime
from .branching import apart, holds
from .closing import MOST_SUMS, Part, WideWindow
from .prices import Found, Mixture
from .state import Branch, Outcome, State, priced

# Passes for the bound of all choices, and for that of one point of the root.
STEPS, ROOT_STEPS = 40, 12
# Prices are good enough once the bound may fall by this share of its distance to the best choice known.
CLOSE = 0.001
# List points that the first window lets in, and about how many sums a window should make.
FIRST, TARGET = 60, 4000
# A window this much wider than the next one is taken at once where it is the last.
NEARLY = 1.6
# Sums of one merge beyond which choices are split instead.
SUMS = 400_000
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
            check: called now and then; where it raises OutOfTime, what is known is returned.
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
        except OutOfTime:
            top = float(bounds.max())
            return Outcome(state.best, max(top, state.importance), state.prices, False)
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
            at, bound, prices = best
            pair = apart(branch.part, branch.mixture, prices)
            most = SUMS if pair is not None else MOST_SUMS
            if self._windows(branch.part, at, prices, bound, state, most, check, branch.split):
                continue
            if pair is None:
                raise TooMany("Too many choices are near the bound.")
            stack += [self._branch(branch, part, bound) for part in pair]
        return -math.inf

    def _bound_branch(self, branch: Branch, state: State, check):
        """(pass, bound, prices) at good prices for a branch; None where nothing in it beats the best."""
        limits, prices = state.limits, state.prices
        best, bound, mixed = None, math.inf, False
        for _ in range(ROOT_STEPS):
            check()
            at = priced(branch.part, prices)
            here = at.value + float(prices @ limits)
            if here < bound:
                best, bound = (at, here, prices), here
            if not here > -math.inf:
                return None
            new = self._learn(branch.part, branch.mixture, at, state)
            if bound - state.importance <= self.rounding(prices):
                return None
            if mixed and not new:
                break
            (prices, below), mixed = branch.mixture.solve(limits), True
            if self._near(bound, below, state):
                break
        return best

    def _branch(self, old: Branch, part: Part, bound: float) -> Branch:
        mixture = Mixture(self.scales, self.program.scale_importance)
        for choice in old.mixture.choices:
            if holds(part, choice):
                mixture.add(choice)
        return Branch(part, mixture, bound, True)

    def _windows(
        self,
        part: Part,
        at: Pass,
        prices: np.ndarray,
        bound: float,
        state: State,
        most: int,
        check,
        split: bool = False,
    ) -> bool:
        """Widen the window until the best choice in it proves itself, or it holds all that could be better.

        False where it would hold too much.
        """
        spare = self.rounding(prices)
        survivors, extra = None, FIRST
        while bound - state.importance > spare:
            check()
            gap = bound - state.importance
            if survivors is None:
                survivors = select(at, gap + spare)
                order = slacks(survivors)
                order = order[np.isfinite(order)]
            last = extra >= len(order)
            window = min(gap, math.inf if last else float(order[extra]))
            # What is known has only to be proven: of half of the choices, mostly.
            if gap <= NEARLY * window or (split and state.best is not None):
                window = gap
            if window == math.inf:  # all there is
                window = 2 * (self.program.scale_importance + float(prices @ self.scales)) + abs(bound)
            try:
                wide = WideWindow(part, at, survivors, window + spare, check, most)
            except TooMany:
                return False
            found = wide.best(state.limits, prices, bound, state.importance)
            if found is not None:
                state.offer(found)
            # What was found may lose more than the window: then a wider one has to prove it.
            if bound - state.importance <= window or window >= gap or last:
                return True
            extra = int(extra * min(3.0, max(1.4, (TARGET / max(wide.pool.size, 1)) ** 0.5)))
        return True

    def _root(self, root: int) -> Branch:
        if root not in self._roots:
            program = part_of(self.program, root)
            uses = [u[lv.origin] for u, lv in zip(self.uses, program.levels, strict=True)]
            part = Part(program, uses)
            own = Branch(part, Mixture(self.scales, self.program.scale_importance))
            self._corners(part, own.mixture)
            self._roots[root] = own
        return self._roots[root]
