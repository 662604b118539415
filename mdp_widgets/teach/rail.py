"""The steps of the course as a row of buttons: where one is, and what is done."""

from collections.abc import Callable, Mapping
from typing import Any

import anywidget
from traitlets import Bool, Int, List, Unicode

from ..theme import ui


class Rail(anywidget.AnyWidget):
    """Moves between steps; what is done comes from the browser's memory.

    Traits:
        study: whose memory in the browser is used.
        titles: (title, keys of its questions) of every step.
        step: where one is, from 1.
        by_page: whether the page itself moved there last (its button “Next”), which the browser remembers.
    """

    _esm = ui.script("theme/dom.js", "teach/progress.js", "teach/classroom.js", "teach/rail.js")
    _css = ui.static("teach/rail.css")

    study = Unicode("").tag(sync=True)
    titles = List().tag(sync=True)
    step = Int(1).tag(sync=True)
    by_page = Bool(False).tag(sync=True)

    def __init__(self, on_go: Callable[[int], None]):
        super().__init__()
        self._on_go = on_go
        self.on_msg(self._receive)

    def _receive(self, _widget: Any, content: Mapping[str, Any], _buffers: Any) -> None:
        step = content.get("step")
        if content.get("kind") not in ("go", "hello") or not isinstance(step, int):
            return
        if 1 <= step <= len(self.titles):
            self.by_page = False
            self._on_go(step)
