"""The architecture over a selection: the drawing, what its colours mean, and why the block is so."""

from typing import Any

import ipywidgets

from mdp.plot.survivor_rows import survivors_info, zoom_info, zoom_json
from mdp.plot.why import why_sentences

from ..state.explorer_state import ExplorerState
from ..theme import ui
from ..widgets.survivors import SurvivorsDrawing
from .explanation import Because

ONE = [("kept", "kept"), ("gone", "pruned"), ("out", "block removed"), ("pin", "pinned")]
TWO = [("kept", "kept in both"), ("only-a", "A only"), ("only-b", "B only"), ("gone", "neither")]


class SurvivorsView:
    """Over one state. `.drawing` is the picture, `.head` its heading with the legend, to put above it.

    Args:
        height: of the drawing; "100%" fills a box whose height is given, "auto" is as high as the rows need.
        because: where the picture shall say why the block in question is as it is.
        close_up: whether the units of the dim in question are shown one by one under the picture.
    """

    def __init__(
        self,
        selection: ExplorerState,
        height: str = "100%",
        title: str = "What survives",
        because: Because | None = None,
        close_up: bool = True,
    ):
        self.selection, self.because, self.close_up = selection, because, close_up
        own = {} if height == "100%" else {"layout": {"height": height}}
        self.drawing = SurvivorsDrawing(height=height, **own)
        self.legend = ipywidgets.HTML()
        self.head = ui.row(
            ui.heading(title), self.legend, justify_content="space-between", flex_flow="row nowrap"
        )
        selection.observe(self._draw, ["study", "plan", "pins", "reference"])
        selection.observe(self._mark, ["study", "block", "dim"])
        selection.observe(self._tell_colours, "reference")
        self.drawing.on_look(lambda block, dim: selection.look_at(block or None, dim or None))
        self._draw()
        self._mark()
        self._tell_colours()
        if because is not None:
            because.observe(self._explain, "info")
            self._explain()

    def _draw(self, _change: Any = None) -> None:
        s = self.selection
        if s.study is not None and s.plan is not None:
            self.drawing.show(survivors_info(s.study, s.plan, s.pins, s.reference and s.reference.plan))

    def _mark(self, _change: Any = None) -> None:
        s = self.selection
        with self.drawing.hold_sync():
            self.drawing.selected = {"block": s.block, "dim": s.dim}
            if self.close_up:
                self.drawing.zoom = zoom_json(zoom_info(s.study, s.dim)) if s.study and s.dim else {}

    def _tell_colours(self, _change: Any = None) -> None:
        """What the drawing's colours and patterns mean, for one plan or for two."""
        marks = TWO if self.selection.reference else ONE
        words = " ".join(f"<i class='{c}'></i>{text}" for c, text in marks)
        self.legend.value = f"<span class='mdp-legend'>{words}</span>"

    def _explain(self, _change: Any = None) -> None:
        """The picture's caption: why the block in question is as it is."""
        info = self.because.info
        self.drawing.caption = {"block": info.block, "lines": why_sentences(info)} if info else {}
