"""The architecture as one keyboard-operable widget; see figures/survivors.py for what it shows."""

from collections.abc import Callable, Mapping
from typing import Any

import anywidget
from traitlets import Dict, Unicode

from mdp.plot.survivor_rows import SurvivorsInfo, survivors_json, survivors_label

from ..theme import ui


class SurvivorsDrawing(anywidget.AnyWidget):
    """Draws a SurvivorsInfo; arrow keys and clicks choose a block or a dim.

    Traits:
        info: survivors_json(...) of the record.
        selected: {"block": name, "dim": name} to mark.
        zoom: zoom_json(...) of the dim to show close up under the picture, {} for none.
        caption: {"block", "lines"}: sentences under the picture and the block that they are about, or {}.
        label: what a screen reader says of the whole picture.
        height: CSS height; "auto" is as high as the rows need.
    """

    _esm = ui.script(
        "theme/dom.js", "theme/highlight.js", "theme/print.js", "widgets/zoom.js",
        *(f"widgets/survivors_{part}.js" for part in ("layout", "words", "bar", "picture")),
        "widgets/survivors.js",
    )  # fmt: skip
    _css = ui.css() + ui.static("widgets/survivors.css")

    info = Dict().tag(sync=True)
    selected = Dict({"block": "", "dim": ""}).tag(sync=True)
    zoom = Dict().tag(sync=True)
    caption = Dict().tag(sync=True)
    label = Unicode("").tag(sync=True)
    height = Unicode("380px").tag(sync=True)

    def __init__(self, info: SurvivorsInfo | None = None, **traits: Any):
        super().__init__(**traits)
        self._on_look: list[Callable[[str, str], None]] = []
        self.on_msg(self._receive)
        if info is not None:
            self.show(info)

    def show(self, info: SurvivorsInfo) -> None:
        """Draw another plan in one message."""
        with self.hold_sync():
            self.info = survivors_json(info)
            self.label = survivors_label(info)

    def on_look(self, callback: Callable[[str, str], None]) -> None:
        """Call `callback(block, dim)`; either may be "": a shared dim has no block."""
        self._on_look.append(callback)

    def _receive(self, _widget: Any, content: Mapping[str, Any], _buffers: Any) -> None:
        if content.get("kind") == "look":
            for callback in self._on_look:
                callback(str(content.get("block", "")), str(content.get("dim", "")))
