"""A beside B as a table: what is decided differently, and what it changes. Rows lead to their block."""

from collections.abc import Mapping
from typing import Any

import anywidget
from traitlets import Dict, Unicode

from mdp.plot.compare import OTHER, compare_info, compare_sentence, compare_table

from ..state.explorer_state import ExplorerState
from ..theme import ui

HINT = "Press “Keep as A” at the top, then move the budget or pin something: A and B are compared here."


class Compare(anywidget.AnyWidget):
    """Over one ExplorerState; nothing is computed while it is not on the page.

    Traits:
        sentence: what B is against A, or what to do first.
        table: {"columns": [...], "rows": [[...]], "blocks": [name or "", ...]}; {} without A.
    """

    _esm = ui.script("theme/highlight.js", "widgets/compare.js")
    _css = ui.css() + ui.static("widgets/compare.css")

    sentence = Unicode(HINT).tag(sync=True)
    table = Dict().tag(sync=True)

    def __init__(self, selection: ExplorerState):
        super().__init__()
        self.selection = selection
        selection.observe(self._show, ["plan", "reference"])
        selection.accuracies.observe(self._show, ["since", "networks"])
        self.on_msg(self._receive)
        self._show()

    def _show(self, _change: Any = None) -> None:
        s = self.selection
        if s.reference is None or s.plan is None:
            self.sentence, self.table = HINT, {}
            return
        a, known = s.reference.plan, s.accuracies
        info = compare_info(s.study, a, s.plan, known.of(a), known.of(s.plan))
        columns, rows = compare_table(info)
        blocks = s.study.problem.block
        with self.hold_sync():
            self.sentence = compare_sentence(info)
            self.table = {
                "columns": columns,
                "rows": rows,
                "blocks": [r[0] if r[0] in blocks and r[0] != OTHER else "" for r in rows],
            }

    def _receive(self, _widget: Any, content: Mapping[str, Any], _buffers: Any) -> None:
        if content.get("kind") == "look":
            self.selection.look_at(block=str(content.get("block", "")))
