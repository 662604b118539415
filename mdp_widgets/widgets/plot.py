"""A plotly figure as a small widget: one shared copy of plotly.js per page, no CDN, clicks back to Python.

A stock FigureWidget sends five megabytes of script for every figure. This one asks for plotly.js once per
page: from our server's script tag where there is one, else from the kernel, which reads the plotly package's
own file.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import anywidget
from traitlets import Bool, Dict, List, Unicode

from ..theme import ui
from ..theme.plotly_js import plotly_js


class Plot(anywidget.AnyWidget):
    """Shows a figure spec and tells about clicks.

    Traits:
        spec: {"data": [...], "layout": {...}} for plotly; a colour may be "var(--mdp-kept)" (ui tokens).
        still: traces in front of the spec's; sent only when they change, so a drag need not send them again.
        table: {"columns": [...], "rows": [[...], ...]}, the text table behind the figure; {} for none.
        label: what a screen reader says instead of the picture.
        block: the block that the figure is about, marked when it is pointed at elsewhere; "" for none.
        height: CSS height, such as "320px" or "100%".
        toolbar: whether plotly's buttons (zoom, save as SVG) appear on hover, over the upper right corner.
        filename: name for a saved picture.
    """

    _esm = ui.script("theme/highlight.js", "theme/figure_diff.js", "theme/print.js", "widgets/plot.js")
    _css = ui.css() + ui.static("widgets/plot.css")

    spec = Dict().tag(sync=True)
    still = List().tag(sync=True)
    table = Dict().tag(sync=True)
    block = Unicode("").tag(sync=True)
    label = Unicode("").tag(sync=True)
    height = Unicode("320px").tag(sync=True)
    toolbar = Bool(False).tag(sync=True)
    filename = Unicode("figure").tag(sync=True)

    def __init__(self, spec: Mapping[str, Any] | None = None, **traits: Any):
        super().__init__(spec=dict(spec or {}), **traits)
        self._on_click: list[Callable[[dict[str, Any]], None]] = []
        self.on_msg(self._receive)

    def show(
        self,
        spec: Mapping[str, Any],
        label: str = "",
        columns: Sequence[str] = (),
        rows: Sequence[Sequence[Any]] = (),
        *,
        still: int = 0,
    ) -> None:
        """Replace figure, label and table in one message. The first `still` traces seldom change."""
        with self.hold_sync():
            self.still = list(spec["data"][:still])
            self.spec = {**spec, "data": list(spec["data"][still:])}
            self.label = label
            self.table = (
                {"columns": list(columns), "rows": [[str(c) for c in r] for r in rows]} if columns else {}
            )

    def on_click(self, callback: Callable[[dict[str, Any]], None]) -> None:
        """Call `callback(point)` on a click. `point["at"]` is [x, y] of the pointer in data coordinates;
        curve, index, x, y, name and custom (customdata) are those of the point under it, None without one."""
        self._on_click.append(callback)

    def _receive(self, _widget: Any, content: Mapping[str, Any], _buffers: Any) -> None:
        kind = content.get("kind")
        if kind == "plotly":
            self.send({"kind": "plotly"}, [plotly_js().encode()])
        elif kind == "click" and isinstance(content.get("point"), dict):
            for callback in self._on_click:
                callback(content["point"])
