"""A network to prune by hand: a slider for every dim, a switch for every block, bars against their limits."""

from collections.abc import Callable, Mapping
from typing import Any

import anywidget
from traitlets import Dict, Int, List, Unicode

from mdp.core.study import StudyRecord
from mdp.plot.labels import label_of

from ...theme import ui


class Bench(anywidget.AnyWidget):
    """Draws the controls and says what was chosen; it prices nothing.

    Traits:
        study, key: under which the browser remembers what was chosen; step: for a class.
        columns: labels of a block's own dims; rows: {"block", "removable", "cells": [dim or ""]} of a block.
        shared: dims that no block owns: names.
        dims: name -> {"label", "options"}.
        choices, removed: what is chosen.
        bars: {"name", "text", "share", "limit", "over"} of each budget; shares of dense.
        result: what became of the network that was handed in, {} before.
    """

    _esm = ui.script("theme/dom.js", "teach/progress.js", "teach/contest/result.js", "teach/contest/bench.js")
    _css = ui.static("teach/contest/bench.css")

    study = Unicode("").tag(sync=True)
    key = Unicode("").tag(sync=True)
    step = Int(0).tag(sync=True)
    columns = List().tag(sync=True)
    rows = List().tag(sync=True)
    shared = List().tag(sync=True)
    dims = Dict().tag(sync=True)
    choices = Dict().tag(sync=True)
    removed = List().tag(sync=True)
    bars = List().tag(sync=True)
    result = Dict().tag(sync=True)

    def __init__(
        self,
        record: StudyRecord,
        study: str,
        key: str,
        step: int,
        on_change: Callable[[dict[str, int], tuple[str, ...]], None],
        on_hand: Callable[[bool], None],
    ):
        super().__init__(study=study, key=key, step=step, **layout_of(record))
        self._record, self._on_change, self._on_hand = record, on_change, on_hand
        self.choices = dict(record.problem.dense_choices)
        self.on_msg(self._receive)

    def choose(self, choices: Any, removed: Any) -> bool:
        """Take a choice that fits the study; another one is left alone."""
        if not isinstance(choices, Mapping) or not isinstance(removed, list):
            return False
        problem = self._record.problem
        removable = {b.name for b in problem.blocks if b.removable}
        whole = {d.name: choices.get(d.name) for d in problem.dims}
        fits = all(type(kept) is int and kept in problem.dim[name].options for name, kept in whole.items())
        if not fits or not all(isinstance(b, str) and b in removable for b in removed):
            return False
        gone = tuple(b.name for b in problem.blocks if b.name in removed)
        with self.hold_sync():
            self.choices, self.removed = whole, list(gone)
        self._on_change(whole, gone)
        return True

    def _receive(self, _widget: Any, content: Mapping[str, Any], _buffers: Any) -> None:
        kind = content.get("kind")
        if kind in ("choose", "again"):
            fits = self.choose(content.get("choices"), content.get("removed"))
            if kind == "again" and fits and content.get("handed"):
                self._on_hand(False)
        elif kind == "hand":
            self._on_hand(True)


def layout_of(record: StudyRecord) -> dict[str, Any]:
    """Rows, columns and dims of a study for the controls."""
    problem = record.problem
    home = {d: next(iter(users)) for d, users in problem.dim_blocks.items() if len(users) == 1}
    labels = {d.name: label_of(d.name, d.kind, home.get(d.name)) for d in problem.dims}
    of_blocks = [d for d in problem.dim if home.get(d) is not None]
    columns = list(dict.fromkeys(labels[d] for d in of_blocks))
    rows = []
    for block in problem.blocks:
        own = {labels[d]: d for d in of_blocks if home[d] == block.name}
        cells = [own.get(column, "") for column in columns]
        rows.append({"block": block.name, "removable": block.removable, "cells": cells})
    return {
        "columns": columns,
        "rows": rows,
        "shared": [d for d in problem.dim if home.get(d) is None],
        "dims": {d.name: {"label": labels[d.name], "options": list(d.options)} for d in problem.dims},
    }
