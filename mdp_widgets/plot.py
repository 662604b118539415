"""A plotly figure as a small widget: one shared copy of plotly.js per page, no CDN, clicks back to Python.

A stock FigureWidget sends five megabytes of script for every figure. This one asks for plotly.js once per
page: from our server's script tag where there is one, else from the kernel, which reads the plotly package's
own file.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import anywidget
from traitlets import Bool, Dict, List, Unicode

from . import ui
from .plotly_js import plotly_js


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

    _esm = ui.script("link.js", "memory.js", "paper.js", "plot.js")
    _css = ui.css() + ui.static("plot.css")

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


# Shared parts of every figure

AXIS = {
    "gridcolor": "var(--mdp-line)",
    "zeroline": False,
    "linecolor": "var(--mdp-line)",
    "ticks": "outside",
    "tickcolor": "var(--mdp-line)",
    "ticklen": 4,
    "automargin": False,
    "title": {"font": {"size": 12, "color": "var(--mdp-ink-2)"}},
}


def axis(title: str = "", **more: Any) -> dict[str, Any]:
    """A plain axis with a title; `more` overrides."""
    return {**AXIS, **more, "title": {**AXIS["title"], "text": title, "standoff": 6}}


def layout(**more: Any) -> dict[str, Any]:
    """The layout that our figures share: no title (the card has one), no background of its own."""
    return {
        "margin": {"l": 48, "r": 12, "t": 10, "b": 40},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": False,
        "uirevision": "kept",
        "dragmode": False,
        "hoverlabel": {
            "bgcolor": "var(--mdp-ink)",
            "bordercolor": "var(--mdp-ink)",
            "font": {"color": "var(--mdp-card)", "size": 12},
            "align": "left",
        },
        **more,
    }


def concrete(spec: Mapping[str, Any], *, dark: bool = False) -> dict[str, Any]:
    """The spec with CSS variables looked up: for plotly.graph_objects.Figure(...), reports and tests."""
    colours = tokens(dark=dark)

    def walk(value: Any) -> Any:
        if isinstance(value, str) and value.startswith("var(--"):
            return colours[value[4:-1]]
        if isinstance(value, Mapping):
            return {k: walk(v) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [walk(v) for v in value]
        return value

    return walk(spec)


def tokens(*, dark: bool = False) -> dict[str, str]:
    """The CSS variables of one theme: {"--mdp-kept": "#0b62a8", ...}."""
    light_block, dark_block = ui.static("tokens.css").split("}")[:2]
    found = _variables(light_block)
    return found | _variables(dark_block) if dark else found


def _variables(block: str) -> dict[str, str]:
    body = block.partition("{")[2]
    pairs = (one.partition(":") for one in body.split(";"))
    return {k.strip(): " ".join(v.split()) for k, _, v in pairs if k.strip().startswith("--")}
