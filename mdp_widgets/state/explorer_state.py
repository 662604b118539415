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

import asyncio
import contextlib
import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from traitlets import Any as AnyTrait
from traitlets import Bool, Enum, Float, HasTraits, Instance, Int, Unicode, observe
from traitlets import Tuple as TupleTrait

from mdp.core.errors import Infeasible, MdpError
from mdp.core.plan import Plan, parse_budget
from mdp.core.study import StudyRecord, list_studies, load_study
from mdp.solve import Front, Pins, fastest, solve

from .accuracies import Accuracies
from .history import Kept, UndoHistory, View
from .navigation import first_dim, where_to_look
from .progressive_front import grow, kernel_loop

FRONT_POINTS = 100
START = 0.5  # a study opens at half of its dense latency, or at the fastest choice if that is slower


class ExplorerState(HasTraits):
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
        front: mdp.solve.Front of the study without pins: coarse at first, then finer; or None.
        beside: what the front is compared with (mdp.plot.front_layers.Points), here so that a picture of the
            front to take away shows the same.
        min_latency: the smallest latency that any choice (under the pins) reaches: the slider's lower end.
        block: name of the block in question; "" while no study is open.
        dim: name of the dim in question; "" where the block has none.
        tab: title of the open tab below the network; "" for the first.
        status: a sentence about what just happened, "" if nothing needs saying.
        error: a sentence about what could not be done and what to do; "" when all is well.
        axis: what the front shows against latency: "importance" or "accuracy".
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
    front = AnyTrait(None, allow_none=True)
    beside = TupleTrait()
    min_latency = Float(0.0)
    block = Unicode("")
    dim = Unicode("")
    tab = Unicode("")
    status = Unicode("")
    error = Unicode("")
    axis = Enum(("importance", "accuracy"), "importance")
    settled = Int(0)
    can_undo = Bool(False)
    can_redo = Bool(False)

    def __init__(self, study: StudyRecord | None = None, **traits: Any):
        self._busy = False
        self._growing: asyncio.Task | None = None
        self._history = UndoHistory()
        super().__init__(pins=traits.pop("pins", Pins()), **traits)
        self.accuracies = Accuracies(self)
        self.refresh()
        if study is not None:
            self.study = study

    # Studies

    def refresh(self) -> None:
        """Look again for studies on disk."""
        self.studies = tuple(list_studies())

    def open(self, name_or_path: Any) -> bool:
        """Open a study by name or path. One that is damaged, or that a view cannot draw, becomes a sentence;
        what was open stays open."""
        before = self.study, self.budget, self.pins, self.reference
        try:
            study = load_study(name_or_path)
            self.study = study
        except MdpError as error:
            self.error = str(error)
            return False
        except Exception as error:  # of any view that shows it: the page has to live on
            self._take_back(*before)
            self.error = f"{_name_of(name_or_path)} cannot be drawn ({type(error).__name__}: {error})."
            return False
        return self.study is study

    def _take_back(self, study: StudyRecord | None, budget: float, pins: Pins, a: Kept | None) -> None:
        """Show again what was open before a study that could not be drawn, or nothing."""
        try:
            if study is not None:
                self._open_at(study, budget, pins, a)
                return
        except Exception:  # not even that: then nothing is open
            pass
        with contextlib.suppress(Exception):
            self._set(
                study=None, budget=0.0, plan=None, reference=None, pins=Pins(), front=None, min_latency=0.0
            )
        self.block = self.dim = ""
        self._history = UndoHistory([])

    def open_any(self, items: Iterable[Mapping[str, Any]]) -> bool:
        """Open the first of these that opens; `status` says which before it did not, and why."""
        failed: list[str] = []
        opened = False
        for item in items:
            opened = "error" not in item and self.open(item["path"])
            if opened:
                break
            failed.append(f"{item['name']}: {item.get('error') or self.error}")
        if failed:
            kept = f" {self.study.name} is shown instead." if opened else ""
            self.error = ""
            self.status = f"Not opened: {' '.join(failed)}{kept}"
        return opened

    def show(self, study: StudyRecord) -> None:
        """Show a study that is at hand already: one that was built or measured just now."""
        self.study = study

    @observe("study")
    def _on_study(self, change: Mapping[str, Any]) -> None:
        if self._busy:
            return
        study = change["new"]
        if study is None:
            self._set(
                budget=0.0,
                plan=None,
                reference=None,
                pins=Pins(),
                front=None,
                min_latency=0.0,
                block="",
                dim="",
            )
            self.begin()
            return
        try:
            self._open_at(study, START * study.problem.dense_latency, Pins(), None)
        except MdpError as error:
            self._set(study=change["old"])
            self.error = f"{study.name} cannot be opened. {error}"
            return
        self.settle()

    def _open_at(self, study: StudyRecord, budget: float, pins: Pins, a: Kept | None) -> None:
        """Everything of a study at once. Raises MdpError where nothing fits; then nothing has changed."""
        min_latency = fastest(study.problem, pins).latency
        budget = max(budget, min_latency)
        plan = solve(study.problem, budget, pins=pins)
        block = next((b.name for b in study.problem.blocks), "")
        self._set(
            study=study,
            error="",
            status="",
            reference=a,
            pins=pins,
            min_latency=min_latency,
            front=None,
            budget=budget,
            block=block,
            dim=first_dim(study, block),
            plan=plan,
        )
        self._grow_front(study)

    def _grow_front(self, study: StudyRecord) -> None:
        """The front from coarse to fine, while the page already answers."""
        if self._growing is not None:
            self._growing.cancel()

        def tell(front: Front) -> None:
            if self.study is study:
                self.front = front

        self._growing = grow(study.problem, self.min_latency, FRONT_POINTS, tell, kernel_loop())

    def learn(self, found: StudyRecord) -> None:
        """Take over what was measured since of the open study: its verification and its accuracy."""
        now = self.study
        if now is None or found.problem.fingerprint != now.problem.fingerprint:
            return
        if (found.verification, found.accuracy) != (now.verification, now.accuracy):
            self._set(
                study=dataclasses.replace(now, verification=found.verification, accuracy=found.accuracy)
            )

    # Budget and pins

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
        if self.study is not None:
            self.budget = max(budget, self.min_latency)

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

    def go(self, budget: float, pins: Pins) -> bool:
        """Budget and pins together, as one step of undo: the view of a named plan or of an address."""
        if self.study is None:
            return False
        old = {"budget": self.budget, "pins": self.pins}
        self.error = ""
        self._set(budget=self._useful(budget), pins=pins)
        self._resolve(old)
        self.settle()
        return not self.error

    def _resolve(self, old: Mapping[str, Any]) -> None:
        """Solve for the present budget and pins; if nothing fits, say so and go back to `old`."""
        problem = self.study.problem
        try:
            same = old.get("pins", self.pins) == self.pins
            min_latency = self.min_latency if same else fastest(problem, self.pins).latency
            plan = solve(problem, self.budget, pins=self.pins)
        except MdpError as error:
            pinned = isinstance(error, Infeasible) and bool(self.pins)
            self._set(**old)
            self.error = f"{error} That is with what is pinned." if pinned else str(error)
            return
        self._set(error="", min_latency=min_latency, plan=plan)

    # A and B

    def keep_as_a(self) -> None:
        """Keep the present plan as A; what is chosen from now on is B. One step of undo."""
        if self.plan is not None:
            self.reference = Kept(self.budget, self.pins, self.plan)
            self.settle()

    def compare_with(self, budget: float, pins: Pins) -> bool:
        """Make the best plan for a budget and pins A. One step of undo."""
        if self.study is None:
            return False
        budget = self._useful(budget)
        try:
            plan = solve(self.study.problem, budget, pins=pins)
        except MdpError as error:
            self.error = f"There is no plan A to compare with. {error}"
            return False
        self.reference = Kept(budget, pins, plan)
        self.settle()
        return True

    def keep_plan_as_a(self, budget: float, pins: Pins, plan: Plan) -> None:
        """Make a plan that was found before A. One step of undo."""
        self.reference = Kept(budget, pins, plan)
        self.settle()

    def swap(self) -> None:
        """A becomes the present plan and the present plan A. One step of undo."""
        if self.reference is not None:
            now, a = Kept(self.budget, self.pins, self.plan), self.reference
            self._set(reference=now)
            self.go(a.budget, a.pins)

    def clear_a(self) -> None:
        """Compare no more. One step of undo."""
        self.reference = None
        self.settle()

    # What is being looked at

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

    def compare_front_with(self, points: Iterable[Any]) -> None:
        """Show these beside the front, in its view and in what is taken away of it."""
        self.beside = tuple(points)

    def say(self, sentence: str) -> None:
        """Tell what just happened."""
        self.status = sentence

    def complain(self, sentence: str) -> None:
        """Tell what could not be done, and what to do."""
        self.error = sentence

    # Undo and redo

    def settle(self) -> None:
        """Make the present view one step of undo: at the end of a drag, not on the way."""
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
            self._open_at(step.study, step.budget, step.pins, step.reference)
        else:
            old = {"budget": self.budget, "pins": self.pins}
            self._set(budget=step.budget, pins=step.pins, reference=step.reference)
            self._resolve(old)
        self._tell_history()

    def _now(self) -> View:
        of = f"{self.study.path} {self.study.problem.fingerprint}"
        return View(self.study, of, self.budget, self.pins, self.reference)

    def _tell_history(self) -> None:
        self.can_undo, self.can_redo = self._history.can_undo, self._history.can_redo
        self.settled += 1

    def _set(self, **values: Any) -> None:
        """Set several traits as one: observers run after all of them are set, and nothing is solved twice."""
        self._busy, before = True, self._busy
        try:
            with self.hold_trait_notifications():
                for name, value in values.items():
                    setattr(self, name, value)
        finally:
            self._busy = before


def _name_of(name_or_path: Any) -> str:
    return Path(str(name_or_path)).stem
