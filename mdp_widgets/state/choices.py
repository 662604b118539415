"""Budget, pins and limits of other resources, and the plan that answers them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from traitlets import observe

from mdp.core.errors import Infeasible, MdpError
from mdp.core.plan import Plan, parse_budget
from mdp.core.problem import Problem
from mdp.core.study import StudyRecord
from mdp.solve import Limits, Pins, fastest, solve
from mdp.solve.limited.contradiction import smallest_latency
from mdp.solve.solvers import PINNED

from .explorer_traits import ExplorerTraits
from .limits import changed

PATIENCE = 6.0  # seconds for a plan: the page waits for it, and says where it is not proven by then
ON_THE_WAY = (
    1.0  # for a plan on the way of a drag; where that does not prove it, the end of the drag tries again
)


class Choices(ExplorerTraits):
    """Every change of budget, pins or limits is solved at once; one that nothing meets is taken back."""

    _seconds = PATIENCE
    _hurried = False  # whether the plan in view got little time, and is not proven

    def set_budget(self, text: str | float) -> bool:
        """A budget as typed: `12.5` in the problem's unit or `40%` of dense. One step of undo."""
        if self.study is None:
            return False
        try:
            value = parse_budget(text, self.study.problem)
        except MdpError as error:
            self.error = str(error)
            return False
        self.error = ""
        self.budget = self._useful(value)
        self.settle()
        return not self.error

    def drag_to(self, budget: float) -> None:
        """Move the budget on the way of a drag; `settle` at its end makes one step of undo of it."""
        if self.study is None:
            return
        self._seconds = ON_THE_WAY
        try:
            self.budget = max(budget, self.min_latency)
        finally:
            self._seconds = PATIENCE

    def _useful(self, budget: float) -> float:
        """More than the dense model takes buys nothing."""
        return min(budget, self.study.problem.dense_latency)

    @observe("budget")
    def _on_budget(self, change: Mapping[str, Any]) -> None:
        if not self._busy and self.study is not None:
            self._resolve(old={"budget": change["old"]})

    @observe("pins")
    def _on_pins(self, change: Mapping[str, Any]) -> None:
        if not self._busy and self.study is not None:
            self._resolve(old={"pins": change["old"]})

    def pin_block(self, block: str, kept: bool | None) -> None:
        """Pin a block kept (True), removed (False) or leave it to the solver (None). One step of undo."""
        blocks = {k: v for k, v in self.pins.blocks.items() if k != block}
        if kept is not None:
            blocks[block] = kept
        self._pin(dataclasses.replace(self.pins, blocks=blocks))

    def pin_dim(self, dim: str, low: int | None, high: int | None = None) -> None:
        """Pin a dim to `low` kept units, to the range low..high, or (None) leave it to the solver."""
        dims = {k: v for k, v in self.pins.dims.items() if k != dim}
        if low is not None:
            dims[dim] = (low, low if high is None else high)
        self._pin(dataclasses.replace(self.pins, dims=dims))

    def clear_pins(self) -> None:
        """Leave everything to the solver again. One step of undo."""
        self._pin(Pins())

    def _pin(self, pins: Pins) -> None:
        self.error = ""
        self.pins = pins
        self.settle()

    def set_limit(self, name: str, text: str | float | None) -> bool:
        """Limit a resource beside latency: `12M`, a share of dense as `50%`, or None for none. One step of
        undo."""
        if self.study is None:
            return False
        try:
            most = changed(self.limits, self.study.problem, name, text)
        except MdpError as error:
            self.error = str(error)
            return False
        if most == self.limits:
            return True
        return self.go(self.budget, self.pins, most)

    def go(self, budget: float, pins: Pins, limits: Mapping[str, float] | None = None) -> bool:
        """Budget, pins and limits together, as one step of undo: the view of a named plan or of an address.

        Without `limits` there are none beside the budget.
        """
        if self.study is None:
            return False
        old = {"budget": self.budget, "pins": self.pins, "limits": self.limits}
        self.error = ""
        self._set(budget=self._useful(budget), pins=pins, limits=dict(limits or {}))
        self._resolve(old)
        self.settle()
        return not self.error

    def _resolve(self, old: Mapping[str, Any]) -> None:
        """Solve for the present budget, pins and limits; if nothing fits, say so and go back to `old`."""
        problem, limits_were = self.study.problem, old.get("limits", self.limits)
        try:
            same = old.get("pins", self.pins) == self.pins and limits_were == self.limits
            # The plan first: where nothing meets all limits, its sentence says the most.
            plan = solved(problem, self.budget, self.pins, self.limits, self._seconds)
            min_latency = self.min_latency if same else least_latency(problem, self.pins, self.limits)
        except MdpError as error:
            pinned = isinstance(error, Infeasible) and bool(self.pins) and PINNED not in str(error)
            self._set(**old)
            self.error = f"{error} {PINNED}" if pinned else str(error)
            return
        self._hurried = self._seconds < PATIENCE and not plan.optimal
        self._set(error="", min_latency=min_latency, plan=plan)
        if limits_were != self.limits:
            self._grow_front(self.study)

    def _take_time(self) -> None:
        """Solve again, with all the time that a plan may take, what a drag left unproven."""
        if self._hurried and self.study is not None:
            self._hurried = False
            self._resolve(old={"budget": self.budget})

    def _grow_front(self, study: StudyRecord) -> None:
        """The front anew: other limits hold."""
        raise NotImplementedError


def solved(
    problem: Problem, budget: float, pins: Pins, limits: Mapping[str, float], seconds: float = PATIENCE
) -> Plan:
    """The best plan, or the best of a few seconds where that is not found by then, for the page waits."""
    try:
        return solve(problem, budget, pins=pins, most=limits, time_limit=seconds)
    except Infeasible:
        raise
    except MdpError:
        if seconds >= PATIENCE:
            raise
    return solve(problem, budget, pins=pins, most=limits, time_limit=PATIENCE)


def least_latency(problem: Problem, pins: Pins, limits: Mapping[str, float]) -> float:
    """The smallest latency under pins and limits. Raises MdpError where nothing meets them."""
    if limits:
        return smallest_latency(problem, Limits(pins, most=limits))
    return fastest(problem, pins).latency
