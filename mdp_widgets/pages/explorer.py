"""The explorer: one page over one state. `Explorer()` in a notebook cell is all that a notebook needs.

Nothing here imports torch: panels for long work are imported when their tab is first opened, and they run
torch in processes of their own.
"""

import importlib
from collections.abc import Callable
from typing import Any

import ipywidgets

from mdp.core.errors import MdpError
from mdp.core.study import StudyRecord

from ..state.explorer_state import ExplorerState
from ..state.live_accuracy import LiveAccuracy
from ..theme import ui
from ..views.block import BlockView
from ..views.explanation import Because
from ..views.front_view import FrontView
from ..views.methods_view import MethodsView
from ..views.quality_view import QualityNotice, QualityView
from ..views.survivors_view import SurvivorsView
from ..widgets.budget import BudgetBar
from ..widgets.compare import Compare
from ..widgets.header import Header
from ..widgets.plan_bar import PlanBar
from ..widgets.study_menu import StudyMenu

LINKS = [("Teach", "/teach"), ("Inspect", "/inspect")]
# Tab -> function of mdp_widgets.workflow that makes it from the selection.
PANELS = {
    "New study": "study_panel",
    "Fine-tune": "finetune_panel",
    "Take away": "takeaway_panel",
}


class Explorer:
    """The page. `.widget` is what a cell shows; its parts: header, budget, front, survivors, block.

    Args:
        study: a Study, its name or its path; default: the first study at hand that opens.
    """

    def __init__(self, study: StudyRecord | str | None = None, selection: ExplorerState | None = None):
        self.selection = s = selection or ExplorerState()
        self.notice = ui.sentence()
        self.notice.add_class("mdp-notice")
        self.header = Header(s, LINKS)
        self.budget = BudgetBar(s)
        self.front_view = FrontView(s)
        self.front = self.front_view.plot
        self.because = Because(s)
        survivors = SurvivorsView(s, because=self.because)
        self.survivors = survivors.drawing
        self.block = BlockView(s, because=self.because)
        self.plans, self.studies = PlanBar(s), StudyMenu(s)
        self.tabs = tabs(
            {
                "Block": lambda: self.block.widget,
                "Compare": guarded(lambda: ui.card(Compare(s))),
                "Quality": guarded(lambda: _quality(s)),
                "Methods": guarded(lambda: MethodsView(s).widget),
                **{t: panel(f, s) for t, f in PANELS.items()},
            },
            s,
        )

        front = ui.card(
            ui.row(
                ui.heading("Pareto front"),
                self.front_view.toggles,
                justify_content="space-between",
                flex_flow="row nowrap",
                gap="8px",
            ),
            self.front,
            self.front_view.axis,
            flex="1 1 0",
            min_width="0",
        )
        picture = ui.card(survivors.head, survivors.drawing, flex="1.9 1 0", min_width="0")
        main = ipywidgets.HBox([front, picture])
        main.add_class("mdp-main")
        top = ipywidgets.HBox([self.header, ipywidgets.HBox([self.studies, self.plans])])
        top.add_class("mdp-top")
        self.quality = QualityNotice(s)
        self.widget = ui.panel(
            _styles(), top, self.notice, self.quality, ui.card(self.budget), main, self.tabs
        )
        self.widget.add_class("mdp-explorer")

        self.live = LiveAccuracy(s)
        s.observe(self._tell, ["error", "status"])
        self._open_first(study)
        self._tell()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return self.widget._repr_mimebundle_(**kwargs)

    def _open_first(self, study: StudyRecord | str | None) -> None:
        s = self.selection
        if isinstance(study, StudyRecord):
            s.show(study)
        elif study is not None:
            s.open(study)
        elif s.study is None:
            if not s.open_best():
                none = (
                    "There is no study yet. Choose a model, profile it and score it in the tabs below; "
                    "a study is then built and opened here."
                )
                s.say(f"{none} {s.status}".rstrip())

    def _tell(self, _change: Any = None) -> None:
        s = self.selection
        ui.say(self.notice, s.error or s.status, "error" if s.error else "status")


def tabs(parts: dict[str, Callable[[], ipywidgets.Widget]], selection: ExplorerState) -> ipywidgets.Tab:
    """Tabs whose contents are made when first looked at; the open one is the selection's `tab`."""
    boxes, titles = [ipywidgets.VBox() for _ in parts], list(parts)
    widget = ipywidgets.Tab(boxes, titles=titles)

    def fill(_change: Any = None) -> None:
        i = widget.selected_index or 0
        if not boxes[i].children:
            boxes[i].children = [list(parts.values())[i]()]
        selection.open_tab(titles[i] if i else "")

    def follow(_change: Any = None) -> None:
        widget.selected_index = titles.index(selection.tab) if selection.tab in titles else 0

    follow()
    fill()
    widget.observe(fill, "selected_index")
    selection.observe(follow, "tab")
    return widget


def _quality(selection: ExplorerState) -> ipywidgets.Widget:
    """What is known of how good the numbers are, and the buttons that find it out."""
    tests = panel("verify_panel", selection)()
    return ipywidgets.VBox([QualityView(selection, buttons=True).widget, tests], layout={"grid_gap": "12px"})


def panel(function: str, selection: ExplorerState) -> Callable[[], ipywidgets.Widget]:
    """How to make a panel of mdp_widgets.workflow."""
    return guarded(lambda: getattr(importlib.import_module("mdp_widgets.workflow"), function)(selection))


def guarded(part: Callable[[], ipywidgets.Widget]) -> Callable[[], ipywidgets.Widget]:
    """How to make a part of the page; what goes wrong is a sentence in its place."""

    def make() -> ipywidgets.Widget:
        try:
            return part()
        except MdpError as error:
            return ui.sentence(str(error), "error")
        except Exception as error:
            return ui.sentence(f"This panel could not be opened: {type(error).__name__}: {error}.", "error")

    return make


def _styles() -> ipywidgets.HTML:
    return ipywidgets.HTML(
        f"<style>{ui.static('pages/explorer.css')}</style>", layout={"height": "0", "margin": "0"}
    )
