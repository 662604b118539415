"""The one selection that every view follows. No torch, no widgets: traits that a notebook can use too.

    selection = ExplorerState()
    selection.open("fmnist_vit")        # a study's name or path; selection.plan is there at once
    selection.set_budget("40%")         # solves again; every view observes `plan`
    selection.observe(redraw, "plan")

`selection.accuracies` is what is known of the accuracy of its plans.

What cannot be done (a damaged study, a budget that nothing meets, pins that contradict it) becomes a sentence
in `error`, and everything else stays as it was: study, budget, pins and plan always belong together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mdp.core.errors import MdpError
from mdp.core.plan import Plan
from mdp.core.study import StudyRecord
from mdp.solve import Pins

from .accuracies import Accuracies
from .choices import solved
from .history import Kept, UndoHistory, View
from .opening import Opening


class ExplorerState(Opening):
    """The traits of `ExplorerTraits`, budget and pins, studies; here: the plan compared with, and undo.

    Views observe the traits, and change them through the methods only.
    """

    def __init__(self, study: StudyRecord | None = None, **traits: Any):
        self._history = UndoHistory()
        super().__init__(pins=traits.pop("pins", Pins()), **traits)
        self.accuracies = Accuracies(self)
        self.refresh()
        if study is not None:
            self.study = study

    # A and B

    def keep_as_a(self) -> None:
        """Keep the present plan as A; what is chosen from now on is B. One step of undo."""
        if self.plan is not None:
            self.reference = Kept(self.budget, self.pins, self.plan, self.limits)
            self.settle()

    def compare_with(self, budget: float, pins: Pins, limits: Mapping[str, float] | None = None) -> bool:
        """Make the best plan for a budget, pins and limits A. One step of undo."""
        if self.study is None:
            return False
        budget = self._useful(budget)
        try:
            plan = solved(self.study.problem, budget, pins, limits or {})
        except MdpError as error:
            self.error = f"There is no plan A to compare with. {error}"
            return False
        self.reference = Kept(budget, pins, plan, dict(limits or {}))
        self.settle()
        return True

    def keep_plan_as_a(self, budget: float, pins: Pins, plan: Plan) -> None:
        """Make a plan that was found before A. One step of undo."""
        self.reference = Kept(budget, pins, plan, plan.most)
        self.settle()

    def swap(self) -> None:
        """A becomes the present plan and the present plan A. One step of undo."""
        if self.reference is not None:
            now = Kept(self.budget, self.pins, self.plan, self.limits)
            a = self.reference
            self._set(reference=now)
            self.go(a.budget, a.pins, a.limits)

    def clear_a(self) -> None:
        """Compare no more. One step of undo."""
        self.reference = None
        self.settle()

    # Undo and redo

    def settle(self) -> None:
        """Make the present view one step of undo: at the end of a drag, not on the way."""
        self._take_time()
        if self.study is not None:
            self._history.add(self._now())
        self._tell_history()

    def begin(self) -> None:
        """Make the present view the first one: a page that opens at a link has nothing to undo."""
        self._history = UndoHistory([self._now()] if self.study is not None else [])
        self._tell_history()

    def undo(self) -> None:
        self._restore(self._history.back())

    def redo(self) -> None:
        self._restore(self._history.forth())

    def _restore(self, step: View | None) -> None:
        if step is None:
            return
        if step.of != self._now().of:
            self._open_at(step.study, step.budget, step.pins, step.reference, step.limits)
        else:
            old = {"budget": self.budget, "pins": self.pins, "limits": self.limits}
            self._set(budget=step.budget, pins=step.pins, limits=step.limits, reference=step.reference)
            self._resolve(old)
        self._tell_history()

    def _now(self) -> View:
        of = f"{self.study.path} {self.study.problem.fingerprint}"
        return View(self.study, of, self.budget, self.pins, self.reference, self.limits)

    def _tell_history(self) -> None:
        self.can_undo, self.can_redo = self._history.can_undo, self._history.can_redo
        self.settled += 1

    def _forget(self) -> None:
        self._history = UndoHistory([])
