"""The answer to "why?" about the block and the dim in question, found once for every view that shows it."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from traitlets import Bool, HasTraits, Instance

from mdp.core.errors import MdpError
from mdp.core.plan import Plan
from mdp.core.problem import Problem
from mdp.plot.why import WhyInfo, as_it_is, why_info
from mdp.solve import solve

from ..state.explorer_state import ExplorerState

# Seconds for an opposite, and for all of them: what is not proven by then is not told, and the page goes on.
MOMENT, ALL = 1.0, 2.0


def in_a_moment(every: float = ALL) -> Callable[..., Plan]:
    """A `solve` for several opposites, which all share one time.

    Raises:
        MdpError: it is over, or what `solve` raises.
    """
    end = time.monotonic() + every

    def solver(problem: Problem, budget: float, **held: Any) -> Plan:
        left = end - time.monotonic()
        if left <= 0:
            raise MdpError("There was no time left to look for this plan.")
        return solve(problem, budget, time_limit=min(MOMENT, left), **held)

    return solver


class Because(HasTraits):
    """Over one ExplorerState. It solves only when a choice is made to stay: not while somebody drags.

    Traits:
        info: the WhyInfo of the present block and dim; without opposites while `settled` is False.
        settled: whether the opposites belong to the present plan.
    """

    info = Instance(WhyInfo, allow_none=True)
    settled = Bool(False)

    def __init__(self, selection: ExplorerState):
        super().__init__()
        self.selection = selection
        selection.observe(self._moving, "plan")
        selection.observe(self._ask, ["settled", "block", "dim"])
        self._ask()

    def _moving(self, _change: Any = None) -> None:
        self._tell(as_it_is, settled=False)

    def _ask(self, _change: Any = None) -> None:
        plan = self.selection.plan
        # Beside a plan that is not proven an opposite says nothing: it may be the better one.
        known = plan is not None and plan.optimal
        self._tell(partial(why_info, solver=in_a_moment()) if known else as_it_is, settled=True)

    def _tell(self, find, settled: bool) -> None:
        s = self.selection
        if s.study is None or s.plan is None or not s.block:
            info = None
        else:
            info = find(s.study, s.plan, s.pins, s.block, s.dim)
        with self.hold_trait_notifications():
            self.settled, self.info = settled, info
