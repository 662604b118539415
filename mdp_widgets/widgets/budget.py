"""The budget bar: slider, exact entry, and what the budget buys."""

from collections.abc import Mapping
from typing import Any

import anywidget
from traitlets import Float, List, Unicode

from mdp.core.measurements import Timed, timed
from mdp.core.plan import Plan
from mdp.core.resources import budgeted
from mdp.core.study import StudyRecord
from mdp.plot import formats as fmt

from ..state.explorer_state import ExplorerState
from ..theme import ui
from .fact import accuracy_fact
from .limit_facts import limit_rows, price_text
from .plan_facts import beside_a, plan_facts

LABELS = {
    "parameters": "Parameter budget", "multiply-adds": "Multiply-add budget",
    "weight memory": "Weight memory budget",
}  # fmt: skip


class BudgetBar(anywidget.AnyWidget):
    """Slider and entries over one ExplorerState; it works alone in a notebook cell.

    Traits:
        budget, min_latency, dense: in the unit of latency; the slider goes from min_latency to dense.
        budget_text, dense_text, unit: as shown.
        limits: limits beside the budget, as `limit_rows` makes them.
        label: over the slider: `Latency budget`, `Parameter budget`.
        price: what a little more latency is worth, in a sentence.
        facts: what the budget buys: {"name", "value", "band", "note", "kind", "title"} each.
    """

    _esm = ui.script("theme/dom.js", "widgets/limits.js", "widgets/budget.js")
    _css = ui.css() + ui.static("widgets/budget.css")

    budget = Float(0.0).tag(sync=True)
    min_latency = Float(0.0).tag(sync=True)
    dense = Float(0.0).tag(sync=True)
    label = Unicode("Latency budget").tag(sync=True)
    budget_text = Unicode("").tag(sync=True)
    dense_text = Unicode("").tag(sync=True)
    unit = Unicode("ms").tag(sync=True)
    limits = List().tag(sync=True)
    price = Unicode("").tag(sync=True)
    facts = List().tag(sync=True)

    def __init__(self, selection: ExplorerState):
        super().__init__()
        self.selection = selection
        self._shown: tuple = (None, None, None)
        self._timed: tuple[Timed, ...] = ()
        selection.observe(self._look, ["study", "settled"])
        selection.observe(self._show, ["plan", "reference", "budget", "min_latency", "study", "limits"])
        selection.accuracies.observe(self._learn, ["since", "networks", "measuring", "problem"])
        self.observe(self._dragged, "budget")
        self.on_msg(self._receive)
        self._look()
        self._show()

    def _look(self, _change: Any = None) -> None:
        """Networks that were timed since: files are read, so not at every step of a drag."""
        found = timed(self.selection.study) if self.selection.study else ()
        if found != self._timed:
            self._timed, self._shown = found, (None, None, None)
            self._show()

    def _learn(self, _change: Any = None) -> None:
        self._shown = (None, None, None)
        self._show()

    def _facts(self, plan: Plan, *, now: bool = False) -> list[dict[str, str]]:
        s = self.selection
        facts = plan_facts(s.study, plan, self._timed)
        at = next(i for i, fact in enumerate(facts) if fact["name"] == "importance kept") + 1
        known = s.accuracies.of(plan)
        facts.insert(at, accuracy_fact(s.study, known, s.accuracies.measuring and now, s.accuracies.problem))
        return facts

    def _show(self, _change: Any = None) -> None:
        s = self.selection
        with self.hold_sync():
            self.budget = s.budget
            self.min_latency = s.min_latency
            if s.study is not None and s.plan is not None:
                self.unit = s.study.problem.latency_unit
                self.dense = s.study.problem.dense_latency
                self.label = LABELS.get(budgeted(self.unit), "Latency budget")
                self.dense_text = amount_text(self.dense, self.unit)
                self.budget_text = amount_text(s.budget, self.unit)
                self._show_limits(s.study, s.plan)
                now = (s.study, s.plan, s.reference)
                if any(new is not old for new, old in zip(now, self._shown, strict=True)):
                    self._shown = now
                    facts = self._facts(s.plan, now=True)
                    self.facts = beside_a(facts, self._facts(s.reference.plan)) if s.reference else facts

    def _show_limits(self, study: StudyRecord, plan: Plan) -> None:
        problem = study.problem
        self.limits = limit_rows(problem, plan, self.selection.limits)
        worth = price_text(plan.shadow_price, problem.dense_latency, problem.dense_importance)
        what = budgeted(problem.latency_unit)
        self.price = f"1 % of dense more {what} would keep about {worth} more of the importance." * bool(
            worth
        )

    def _dragged(self, change: Mapping[str, Any]) -> None:
        s = self.selection
        if s.study is not None and change["new"] != s.budget:
            s.drag_to(change["new"])

    def _receive(self, _widget: Any, content: Mapping[str, Any], _buffers: Any) -> None:
        if content.get("kind") == "settle":
            self.selection.settle()
        elif content.get("kind") == "typed":
            self.selection.set_budget(str(content.get("text", "")))
        elif content.get("kind") == "limit" and self.selection.study is not None:
            self.selection.set_limit(str(content.get("name", "")), str(content.get("text", "")))
            self.send({"kind": "answered"})  # a limit that cannot be leaves the slider where it was


def amount_text(value: float, unit: str) -> str:
    """A number for the entry; of what is counted with its prefix, whose unit stands behind it."""
    return fmt.number(value) if budgeted(unit) == "latency" else fmt.count(value)
