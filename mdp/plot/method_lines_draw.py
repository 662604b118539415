"""The drawing of the figure "Methods"; see method_lines for the record."""

from typing import Any

from .accuracy_front import Mark
from .method_lines import NAMES, OURS, MethodsFigure
from .style import axis, layout

# (colour, dash, symbol): told apart by dash and symbol, not by colour alone. The named rivals in colour.
STYLES = {
    OURS: ("--mdp-kept", "solid", "circle"),
    "HALP": ("--mdp-other", "solid", "square"),
    "NViT": ("--mdp-good", "solid", "diamond"),
    "Isomorphic": ("--mdp-choice", "solid", "triangle-up"),
    "Torch-Pruning": ("--mdp-choice", "dash", "triangle-down"),
    "uniform widths": ("--mdp-ink-2", "dot", "square-open"),
    "blocks only": ("--mdp-ink-2", "dashdot", "diamond-open"),
    "greedy": ("--mdp-other", "dash", "circle-open"),
    "random": ("--mdp-ink-2", "", "x-thin-open"),
    NAMES["channels only, linear latency"]: ("--mdp-ink-2", "dot", "triangle-down-open"),
    NAMES["channels only, multi-dimensional latency"]: ("--mdp-ink-2", "dash", "triangle-up-open"),
    NAMES["channels and blocks, linear latency"]: ("--mdp-ink-2", "longdash", "star-open"),
}
OTHER = ("--mdp-good", "dash", "hexagon-open")
NAMED = (OURS, "HALP", "NViT", "Isomorphic", "Torch-Pruning")


def draw_methods(info: MethodsFigure) -> dict[str, Any]:
    """A plotly spec: a line a method, ours on top, the dense network as a diamond."""
    ordered = sorted(info.lines, key=lambda name: (name == OURS, name in NAMED))  # the last is on top
    data = []
    for name in ordered:
        if name == OURS:
            data.append(_intervals(info.lines[name]))
        data.append(_line(name, info.lines[name], list(info.lines).index(name)))
    if info.dense is not None:
        data.append(_dense(info.dense))
    at = [m.latency for marks in info.lines.values() for m in marks]
    at += [info.dense.latency] if info.dense is not None else []
    return {
        "data": data,
        "layout": layout(
            margin={"l": 50, "r": 10, "t": 10, "b": 42},
            hovermode="closest",
            showlegend=True,
            legend={"x": 1.01, "xanchor": "left", "y": 1, "yanchor": "top", "font": {"size": 11.5},
                    "bgcolor": "rgba(0,0,0,0)", "traceorder": "normal"},
            xaxis=axis(f"measured latency, {info.unit}", range=[0, 1.03 * max(at, default=1.0)]),
            yaxis=axis(f"accuracy, % of {info.images:,} test images", range=_range(info)),
        ),
    }  # fmt: skip


def _line(name: str, marks: tuple[Mark, ...], rank: int) -> dict[str, Any]:
    colour, dash, symbol = STYLES.get(name, OTHER)
    ours, named = name == OURS, name in NAMED
    return {
        "type": "scatter",
        "mode": "lines+markers" if dash else "markers",
        "name": name,
        "legendrank": rank + 1,
        "x": [m.latency for m in marks],
        "y": [100 * m.accuracy for m in marks],
        "text": [m.text for m in marks],
        "hovertemplate": "%{text}<extra></extra>",
        "line": {"color": f"var({colour})", "width": 2.6 if ours else 1.6 if named else 1.1,
                 "dash": dash or "solid"},
        "marker": {"size": 8 if ours else 7, "color": f"var({colour})", "symbol": symbol,
                   "line": {"width": 1.2, "color": f"var({colour})"}},
    }  # fmt: skip


def _intervals(marks: tuple[Mark, ...]) -> dict[str, Any]:
    """The 95 % intervals of our points, a thin line each."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "95 % interval",
        "showlegend": False,
        "hoverinfo": "skip",
        "x": [x for m in marks for x in (m.latency, m.latency, None)],
        "y": [y for m in marks for y in (100 * (m.low or 0), 100 * (m.high or 0), None)],
        "line": {"color": "var(--mdp-kept)", "width": 1.5},
    }


def _dense(mark: Mark) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "dense",
        "legendrank": 100,
        "x": [mark.latency],
        "y": [100 * mark.accuracy],
        "text": [mark.text],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {"size": 9, "color": "var(--mdp-ink)", "symbol": "diamond"},
    }


def _range(info: MethodsFigure) -> list[float]:
    """What ours and the named rivals reach; what lies far below (random choices) the table and zoom tell."""
    shown = [100 * m.accuracy for name in NAMED for m in info.lines.get(name, ())]
    shown = shown or [100 * m.accuracy for marks in info.lines.values() for m in marks]
    ends = [100 * end for m in info.lines.get(OURS, ()) for end in (m.low, m.high) if end is not None]
    shown += ends  # the intervals are not cut off
    top = max([*shown, 100 * info.dense.accuracy if info.dense else 0.0], default=100.0)
    ours = [100 * m.accuracy for m in info.lines.get(OURS, ())] or shown
    low = max(min(shown, default=0.0), min(ours, default=0.0) - 25)
    room = 0.05 * (top - low) + 0.5
    return [max(-0.02 * top, low - room), min(104.0, top + room)]  # a mark at 0 % is shown whole
