"""One block: its surface, its curves, its choice, and what the opposite decision would cost."""

from typing import Any

import ipywidgets as widgets

from mdp.core.errors import MdpError
from mdp.core.study import StudyRecord
from mdp.plot.counterfactuals import (
    blocks_table,
    counterfactuals_info,
    counterfactuals_label,
    counterfactuals_table,
    draw_counterfactuals,
)
from mdp.solve import what_if

from ..state.choices import PATIENCE
from ..state.explorer_state import ExplorerState
from ..theme import ui
from ..theme.markup import html
from ..views.block import BlockView
from ..views.survivors_view import SurvivorsView
from ..widgets.budget import BudgetBar
from ..widgets.header import Header
from ..widgets.sized import figure

LINKS = [("Explorer", "/"), ("Teach", "/teach")]


class Inspector:
    """A page about one block at a time. `.widget` is what a cell shows.

    Args:
        study: a Study, its name or its path; default: the one that the explorer opens.
        block: the block to begin with.
    """

    def __init__(
        self, study: StudyRecord | str | None = None, block: str = "", selection: ExplorerState | None = None
    ):
        self.selection = s = selection or ExplorerState()
        self.notice = ui.sentence()
        self.budget = BudgetBar(s)
        view = SurvivorsView(s, "auto", "The network: click a block", close_up=False)
        self.survivors = view.drawing
        self.view = BlockView(s, height="270px")
        self.table = widgets.HTML()
        self.bars = figure("220px", "opposite-decisions")
        self._asked: tuple = (None, [])  # a plan, and what was found about it
        if isinstance(study, StudyRecord):
            s.show(study)
        elif study is not None:
            s.open(study)
        elif s.study is None:
            s.open_best()
        if block:
            s.look_at(block=block)
        picture = ui.card(view.head, view.drawing, flex="1 1 480px", min_width="0")
        opposites = ui.card(
            self.bars,
            self.table,
            title="What the opposite decision would cost",
            note="Every bar solves the whole network again, within the same budget, with that one block "
            "kept instead of removed or removed instead of kept.",
            flex="1.2 1 480px",
            min_width="0",
        )
        below = widgets.HBox([opposites, picture])
        below.add_class("mdp-columns")
        self.header = Header(s, LINKS)
        self.widget = ui.panel(
            _sheet(), self.header, self.notice, ui.card(self.budget), self.view.widget, below
        )
        self.widget.add_class("mdp-explorer")
        s.observe(self._tell, ["error", "status"])
        s.observe(self._opposites, ["settled", "study", "block"])
        self.bars.on_click(self._choose)
        self._tell()
        self._opposites()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return self.widget._repr_mimebundle_(**kwargs)

    def _tell(self, _change: Any = None) -> None:
        s = self.selection
        if s.study is None and not s.error:
            words = f"There is no study at hand. Make one in the explorer, then come back. {s.status}"
            ui.say(self.notice, words.rstrip(), "status")
        else:
            ui.say(self.notice, s.error or s.status, "error" if s.error else "status")

    def _opposites(self, _change: Any = None) -> None:
        s = self.selection
        if s.study is None or s.plan is None:
            return
        try:
            if self._asked[0] is not s.plan:  # another block of the same plan asks nothing new
                self._asked = (s.plan, what_if(s.study.problem, s.plan, s.pins, time_limit=PATIENCE))
        except MdpError as error:
            self.table.value = html('<p class="mdp-note">{error}</p>', error=error)
            return
        info = counterfactuals_info(s.study.problem, self._asked[1], s.block)
        self.bars.show(draw_counterfactuals(info), counterfactuals_label(info), *blocks_table(info))
        self.table.value = ui.table_html(*counterfactuals_table(info))

    def _choose(self, point: dict[str, Any]) -> None:
        if isinstance(point.get("custom"), str):
            self.selection.look_at(block=point["custom"])


def _sheet() -> widgets.HTML:
    return widgets.HTML(
        f"<style>{ui.static('pages/explorer.css')}</style>", layout={"height": "0", "margin": "0"}
    )
