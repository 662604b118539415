"""The front over another resource than the budget's: parameters, say, while budget and other limits hold."""

from __future__ import annotations

import asyncio
from typing import Any

from traitlets import Any as AnyTrait
from traitlets import HasTraits

from mdp.core.errors import MdpError
from mdp.core.problem import Problem
from mdp.core.resources import UNITS
from mdp.core.turned import LATENCY, turned
from mdp.solve import Front, Limits, Pins
from mdp.solve.limited.contradiction import smallest_latency

from .choices import solved
from .explorer_state import ExplorerState
from .limits import sums_beside
from .opening import LIMITED_POINTS
from .progressive_front import grow, kernel_loop


class OtherFront(HasTraits):
    """Follows one state, and grows anew once a choice has settled. Without pins, as the front over latency.

    Traits:
        front: the front over `selection.over` while the budget and the limits of all others hold; None where
            the state asks for none, or none was found in time.
        problem: the problem with that resource in latency's place, or None.
    """

    front = AnyTrait(None, allow_none=True)
    problem = AnyTrait(None, allow_none=True)

    def __init__(self, selection: ExplorerState):
        super().__init__()
        self.selection = selection
        self._growing: asyncio.Task | None = None
        self._key: Any = None
        selection.observe(self._follow, ["study", "over", "settled"])
        self._follow()

    def _follow(self, _change: Any = None) -> None:
        s = self.selection
        if s.study is not None and s.over and s.over not in sums_beside(s.study.problem):
            s.show_over("")
            return
        key = (
            None
            if s.study is None or not s.over
            else (s.study.problem.fingerprint, s.over, s.budget, s.limits)
        )
        if key == self._key:
            return
        self._key = key
        if self._growing is not None:
            self._growing.cancel()
        self._growing = None
        with self.hold_trait_notifications():
            self.front = None
            self.problem = None if key is None else turned(s.study.problem, s.over)
        s.show_front_over(None, self.problem)
        if key is not None:
            self._grow(key)

    def _grow(self, key: Any) -> None:
        def tell(front: Front) -> None:
            if self._key == key:
                self.front = front
                self.selection.show_front_over(front, self.problem)

        s = self.selection
        others = {name: limit for name, limit in s.limits.items() if name != s.over}
        most = {_own(s.study.problem): s.budget, **others}
        try:
            low = smallest_latency(self.problem, Limits(most=most))
            # More of it than the best plan uses without a limit of it buys nothing.
            free = solved(s.study.problem, s.budget, Pins(), others)
        except MdpError:
            return
        high = s.study.problem.uses(free.choices, free.removed_blocks)[s.over]
        self._growing = grow(self.problem, low, LIMITED_POINTS, tell, kernel_loop(), most, high)


def _own(problem: Problem) -> str:
    """What the budget is of, as a resource of the turned problem."""
    return next((n for n in problem.resource if UNITS.get(n) == problem.latency_unit), LATENCY)
