"""Every method on the open study: accuracy over measured latency, as cut, as repaired and fine-tuned."""

from typing import Any

import ipywidgets

from mdp.core.comparison import SHARES, Comparison, MethodPoint, comparison_of
from mdp.core.errors import MdpError
from mdp.core.words import many
from mdp.plot.method_lines import methods_figure, methods_label, methods_table, methods_words, stages_of
from mdp.plot.method_lines_draw import draw_methods

from ..state.explorer_state import ExplorerState
from ..theme import ui
from ..widgets.plot import Plot

STAGES = {
    "cut": ("As cut", "Networks as they were cut out of the dense one"),
    "repaired": ("Repaired", "Fitted to the dense network in closed form, on a few images, not trained"),
    "tuned": ("Fine-tuned", "Repaired, then trained"),
}
NONE = (
    "No methods were compared on this study as it is now: python -m benchmarks.methods, in a checkout of the "
    "project, measures every solver's plans here."
)


class MethodsView:
    """Over one ExplorerState. `.widget` is what to show, `.plot` the figure, `.buttons` its three stages."""

    def __init__(self, selection: ExplorerState, height: str = "420px"):
        self.selection, self.stage = selection, "repaired"
        self.comparison: Comparison | None = None
        self.plot = Plot(height=height, filename="methods")
        self.words, self.where = ui.sentence(), ui.sentence()
        self.buttons = {
            key: ipywidgets.ToggleButton(description=text, tooltip=title, layout={"width": "auto"})
            for key, (text, title) in STAGES.items()
        }
        for key, button in self.buttons.items():
            button.observe(lambda change, key=key: self._switch(key, change["new"]), "value")
        for said in (self.words, self.where):
            said.add_class("mdp-wide")  # beside a figure as wide as the page
        row = ui.row(*self.buttons.values(), gap="0", flex_flow="row nowrap")
        row.add_class("mdp-axis")
        self.figure = ipywidgets.VBox([row, self.plot])
        self.widget = ui.card(
            self.words, self.figure, self.where, title="Methods: accuracy over measured latency"
        )
        self.plot.on_click(self._click)
        selection.observe(self._show, "study")
        self._show()

    def _show(self, _change: Any = None) -> None:
        study = self.selection.study
        self.comparison, problem = None, ""
        if study is not None:
            try:
                self.comparison = comparison_of(study)
            except MdpError as error:
                problem = str(error)
        there = stages_of(self.comparison) if self.comparison else ()
        self.figure.layout.display = None if there else "none"
        if not there:
            ui.say(self.words, problem or NONE, "error" if problem else "note")
            ui.say(self.where, "")
            return
        if self.stage not in there:
            self.stage = there[-1]
        for key, button in self.buttons.items():
            button.disabled = key not in there
            button.tooltip = STAGES[key][1] if key in there else "Not measured on this study"
        self._draw()

    def _switch(self, key: str, pressed: bool) -> None:
        if pressed:
            self.stage = key
            self._draw()
        elif key == self.stage:
            self.buttons[key].value = True  # one of them is always on

    def _draw(self) -> None:
        study, found = self.selection.study, self.comparison
        for key, button in self.buttons.items():
            button.value = key == self.stage
        if study is None or found is None:
            return
        info = methods_figure(study, found, self.stage)
        ui.say(self.words, methods_words(found, self.stage))
        ui.say(self.where, self._measured_how(found, info.seeds))
        self.plot.show(draw_methods(info), methods_label(info), *methods_table(info))

    def _measured_how(self, found: Comparison, seeds: int) -> str:
        how = f"{found.images:,} test images" + (f" of {found.data}" if found.data else "")
        repaired = f"; repaired with {many(seeds, 'seed')} of images" if seeds else ""
        timed = f". Latency of whole networks on {found.device}" if found.device else ""
        return f"{how}{repaired}{timed}. A click chooses the budget of a point."

    def _click(self, point: dict[str, Any]) -> None:
        """A click asks for our plan at the budget of the point that the hover tells of."""
        study, found = self.selection.study, self.comparison
        x, y = point.get("x"), point.get("y")
        if study is None or found is None or not isinstance(x, int | float) or not isinstance(y, int | float):
            return
        for one in found.points:
            accuracy = one.accuracy(self.stage)
            if accuracy is not None and one.latency == x and abs(100 * accuracy - y) < 1e-9:
                budget = _share(found, one) * study.problem.dense_latency
                self.selection.set_budget(max(budget, self.selection.min_latency))
                return


def _share(found: Comparison, point: MethodPoint) -> float:
    """The share of the dense latency that a point stands for: asked for, or taken by what knows none."""
    if point.method in SHARES and point.measured and found.dense_measured:
        return min(1.0, point.measured / found.dense_measured)
    return point.budget
