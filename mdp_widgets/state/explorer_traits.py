"""What every view follows: the traits, and the changes that need no solver."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from traitlets import Any as AnyTrait
from traitlets import Bool, Dict, Enum, Float, HasTraits, Instance, Int, Unicode
from traitlets import Tuple as TupleTrait

from mdp.core.plan import Plan
from mdp.core.study import StudyRecord
from mdp.solve import Pins

from .history import Kept
from .navigation import where_to_look


class ExplorerTraits(HasTraits):
    """Study, budget, plan and what is being looked at.

    Views observe the traits, and change them through the methods only.

    Traits:
        studies: what `list_studies` found: dicts with name, model, device, batch, dtype, path; or name, path
            and error.
        study: the open Study, or None. Assign one (after `build_study`) or call `open`.
        budget: in the problem's unit (ms). Assigning it solves anew; a budget that nothing meets is refused.
        plan: the Plan for study, budget and pins; None only while no study is open.
        reference: the plan kept to compare with (Kept: budget, pins, plan), or None. `plan` is B then.
        pins: mdp.solve.Pins that the plan respects. Assigning it solves anew.
        limits: resource -> the most of it that the plan may use, in its unit: limits beside the budget.
        front: mdp.solve.Front of the study without pins, while the limits hold: coarse at first,
            then finer; or None.
        beside: what the front is compared with (mdp.plot.front_layers.Points), here so that a picture of the
            front to take away shows the same.
        min_latency: the smallest latency that any choice (under the pins and limits) reaches: the slider's
            lower end.
        block: name of the block in question; "" while no study is open.
        dim: name of the dim in question; "" where the block has none.
        tab: title of the open tab below the network; "" for the first.
        status: a sentence about what just happened, "" if nothing needs saying.
        error: a sentence about what could not be done and what to do; "" when all is well.
        axis: what the front shows against latency: "importance" or "accuracy".
        over: the resource that the front goes over, all else limited; "" for what the budget is of.
        front_over: (front, turned problem) over that resource, as far as it has grown; None without one.
        settled: counts the choices that were made to stay (the end of a drag, a click, a pin): the time for
            views to do what is too slow for every step of a drag.
        can_undo, can_redo: whether `undo` and `redo` would do something.
    """

    studies = TupleTrait()
    study = Instance(StudyRecord, allow_none=True)
    budget = Float(0.0)
    plan = Instance(Plan, allow_none=True)
    reference = Instance(Kept, allow_none=True)
    pins = Instance(Pins)
    limits = Dict()
    front = AnyTrait(None, allow_none=True)
    beside = TupleTrait()
    min_latency = Float(0.0)
    block = Unicode("")
    dim = Unicode("")
    tab = Unicode("")
    status = Unicode("")
    error = Unicode("")
    axis = Enum(("importance", "accuracy"), "importance")
    over = Unicode("")
    front_over = AnyTrait(None, allow_none=True)
    settled = Int(0)
    can_undo = Bool(False)
    can_redo = Bool(False)

    _busy = False  # while several traits change as one, nobody solves in between

    def look_at(self, block: str | None = None, dim: str | None = None) -> None:
        """Move every view to a block (and its first dim) or to a dim (and the block that it belongs to)."""
        if self.study is None:
            return
        found = where_to_look(self.study, block, dim, self.block)
        if found is not None:
            self.block, self.dim = found

    def open_tab(self, title: str) -> None:
        """Open a tab below the network by its title; "" is the first."""
        self.tab = title

    def show_axis(self, axis: str) -> None:
        """Show "importance" or "accuracy" against latency in the front."""
        self.axis = axis

    def show_over(self, resource: str) -> None:
        """Show the front over a resource while budget and limits hold; "" for what the budget is of."""
        self.over = resource

    def compare_front_with(self, points: Iterable[Any]) -> None:
        """Show these beside the front, in its view and in what is taken away of it."""
        self.beside = tuple(points)

    def show_front_over(self, front: Any, problem: Any) -> None:
        """Show this front over another resource, in its view and in what is taken away of it."""
        self.front_over = None if problem is None else (front, problem)

    def say(self, sentence: str) -> None:
        """Tell what just happened."""
        self.status = sentence

    def complain(self, sentence: str) -> None:
        """Tell what could not be done, and what to do."""
        self.error = sentence

    def settle(self) -> None:
        """Make the present view one step of undo: at the end of a drag, not on the way."""
        raise NotImplementedError

    def begin(self) -> None:
        """Make the present view the first one: a page that opens at a link has nothing to undo."""
        raise NotImplementedError

    def _set(self, **values: Any) -> None:
        """Set several traits as one: observers run after all of them are set, and nothing is solved twice."""
        self._busy, before = True, self._busy
        try:
            with self.hold_trait_notifications():
                for name, value in values.items():
                    setattr(self, name, value)
        finally:
            self._busy = before
