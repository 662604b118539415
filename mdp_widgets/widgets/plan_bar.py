"""Plans to come back to: keep the present one as A and compare, or keep it under a name."""

from collections.abc import Mapping
from typing import Any

import anywidget
from traitlets import Bool, List, Unicode

from mdp.core.errors import MdpError
from mdp.plot import formats as fmt
from mdp.plot.plan_summary import removed_count

from ..state.explorer_state import ExplorerState
from ..state.saved_plans import delete_named, list_named, load_named, rename_named, save_named
from ..theme import ui


class PlanBar(anywidget.AnyWidget):
    """Over one ExplorerState: "Keep as A", swap and clear, and a menu of named plans. Works alone in a cell.

    Traits:
        a: what A is (`12.8 ms`), "" without one; b: the same of the present plan.
        plans: {"name", "text", "error"} of each named plan of the study.
        said: a sentence about what was done or could not be; wrong: whether it could not.
        ready: whether there is a plan at all.
    """

    _esm = ui.script("theme/dom.js", "widgets/dropdown.js", "widgets/plan_bar.js")
    _css = ui.css() + ui.static("widgets/plan_bar.css")

    a = Unicode("").tag(sync=True)
    b = Unicode("").tag(sync=True)
    plans = List().tag(sync=True)
    said = Unicode("").tag(sync=True)
    wrong = Bool(False).tag(sync=True)
    ready = Bool(False).tag(sync=True)

    def __init__(self, selection: ExplorerState):
        super().__init__()
        self.selection = selection
        selection.observe(self._show, ["plan", "reference"])
        selection.observe(self._list, "study")
        self.on_msg(self._receive)
        self._show()
        self._list()

    def _show(self, _change: Any = None) -> None:
        s = self.selection
        with self.hold_sync():
            self.ready = s.plan is not None
            self.a = fmt.ms(s.reference.plan.latency, s.reference.plan.latency_unit) if s.reference else ""
            self.b = fmt.ms(s.plan.latency, s.plan.latency_unit) if s.reference and s.plan else ""

    def _list(self, _change: Any = None) -> None:
        study = self.selection.study
        self.plans = [plan_line(n) for n in list_named(study)] if study else []

    def _receive(self, _widget: Any, content: Mapping[str, Any], _buffers: Any) -> None:
        s, kind = self.selection, content.get("kind")
        name, to = str(content.get("name", "")), str(content.get("to", ""))
        simple = {"keep": s.keep_as_a, "swap": s.swap, "clear": s.clear_a, "list": self._list}
        named = {
            "save": lambda: self.save(name),
            "choose": lambda: self.choose(name),
            "compare": lambda: self.compare(name),
            "rename": lambda: self.rename(name, to),
            "delete": lambda: self.delete(name),
        }
        if kind in simple:
            simple[kind]()
        elif kind in named and s.study is not None and s.plan is not None:
            self._say("")
            try:
                named[kind]()
            except MdpError as error:
                self._say(str(error), failed=True)
            self._list()

    def save(self, name: str) -> None:
        """Keep the present plan under a name. Raises MdpError where that cannot be."""
        s = self.selection
        saved = save_named(s.study, name, s.accuracies.added(s.plan), s.pins)
        self._say(f"Saved as {saved.name!r}.")

    def choose(self, name: str) -> None:
        """Show a named plan: its budget and its pins. One step of undo."""
        s = self.selection
        found = load_named(s.study, name)
        if not s.go(found.plan.budget, found.pins, found.plan.most):
            raise MdpError(s.error)
        if abs(s.plan.importance - found.plan.importance) > 1e-6 * abs(found.plan.importance or 1.0):
            self._say(f"{name!r} was found by {found.plan.solver}; shown is the best plan of its budget.")

    def compare(self, name: str) -> None:
        """Make a named plan A. One step of undo."""
        found = load_named(self.selection.study, name)
        self.selection.keep_plan_as_a(found.plan.budget, found.pins, found.plan)

    def rename(self, name: str, to: str) -> None:
        self._say(f"Renamed to {rename_named(self.selection.study, name, to)!r}.")

    def delete(self, name: str) -> None:
        delete_named(self.selection.study, name)
        self._say(f"Deleted {name!r}.")

    def _say(self, sentence: str, failed: bool = False) -> None:
        with self.hold_sync():
            self.said, self.wrong = sentence, failed


def plan_line(named) -> dict[str, str]:
    """One named plan as the menu shows it."""
    p = named.plan
    if p is None:
        return {"name": named.name, "text": "cannot be used", "error": named.error}
    gone = f", {removed_count(p)}" if p.removed_blocks else ""
    pins = (", pinned" if named.pins else "") + (", limited" if p.limits else "")
    return {"name": named.name, "text": f"{fmt.ms(p.latency, p.latency_unit)}{gone}{pins}", "error": ""}
