"""The best plans that differ from each other, one after another, each proven the best of what is left.

As Lawler (1972) lists the k best: a cell is a set of choices, given as restrictions, with its exact optimum.
Cells wait in order of their optima. Around a plan that is taken, or that an optimum is too near to, a cell is
split into the choices that differ in the first decision, those that agree there and differ in the second, and
so on; what agrees everywhere is too near, and dropped.
"""

import heapq
import math

import numpy as np

from ...core.errors import Infeasible
from ...core.plan import Plan
from ...core.problem import Dim, Problem
from ..exact import solver as exact
from ..exact.elimination import Restriction
from ..exact.prepared import restricted
from ..limited import solver as limited
from ..protocol import Clock, Limits, OutOfTime
from .apart import apart, is_near


class BestApart:
    """Plans of one problem and budget that differ from all in `taken`, best first.

    `dims` are those that count as a difference, besides removed blocks. `least` is the importance below which
    nothing is looked for.
    """

    def __init__(
        self,
        problem: Problem,
        budget: float,
        only: Restriction,
        taken: list[Plan],
        dims: tuple[Dim, ...],
        least: float,
        clock: Clock,
    ):
        self.problem, self.budget, self.taken, self.dims = problem, budget, taken, dims
        self.least, self.clock = least, clock
        # (minus importance, number, cell, its optimum); the first is not solved yet
        self._heap: list[tuple[float, int, Restriction, Plan | None]] = [(-math.inf, 0, only, None)]
        self._made = 0

    @property
    def bound(self) -> float:
        """No choice that differs from all that were taken has more importance than this, or than `least`."""
        return -self._heap[0][0] if self._heap else -math.inf

    def next(self) -> Plan | None:
        """The best plan that differs from all in `taken`; the caller adds it there. None: none is left.

        Raises:
            OutOfTime, Cancelled: from `clock`; `bound` holds still.
            TooMany, Unsupported: the exact solver gives up on this problem.
        """
        while self._heap and self.bound >= self.least:
            _, _, cell, plan = self._heap[0]
            if plan is not None:
                near = next((t for t in self.taken if is_near(plan, t, self.dims)), None)
                if near is None:
                    return plan
            # The cell goes only once all that it is split into is there, so that `bound` always holds.
            parts = [cell] if plan is None else self._split(cell, near)
            solved = [made for part in parts if (made := self._solved(part)) is not None]
            heapq.heappop(self._heap)
            for made in solved:
                heapq.heappush(self._heap, made)
        return None

    def _solved(self, cell: Restriction):
        try:
            plan = self._optimum(cell, self.clock.rest())
        except Infeasible:
            return None
        if plan.bound is None or not plan.optimal:
            raise OutOfTime
        self._made += 1
        return None if plan.importance < self.least else (-plan.importance, self._made, cell, plan)

    def _optimum(self, cell: Restriction, limits: Limits) -> Plan:
        if limits.most:
            return limited.solve_restricted(self.problem, self.budget, limits, cell)
        return exact.plan_of(restricted(self.problem, cell), self.budget, limits)

    def _split(self, cell: Restriction, near: Plan) -> list[Restriction]:
        """The choices of a cell that differ from a plan that agrees with one of them, in cells."""
        blocks, options, parts = dict(cell.blocks), dict(cell.options), []
        for block in self.problem.blocks:
            if block.removable and block.name not in blocks:
                is_removed = block.name in near.removed_blocks
                parts.append(Restriction(dict(options), {**blocks, block.name: is_removed}))
                blocks[block.name] = not is_removed
        for dim in self.dims:
            kept = near.choices[dim.name]
            if kept is None:
                continue
            left = np.asarray(options.get(dim.name, np.arange(len(dim.options))))
            far = np.abs(left - dim.options.index(kept)) >= apart(dim)
            if far.any():
                parts.append(Restriction({**options, dim.name: left[far]}, dict(blocks)))
                options[dim.name] = left[~far]
        return parts
