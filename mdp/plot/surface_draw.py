"""The latency surface of one term as a picture: a curve, a heatmap, or a surface in space."""

from typing import Any

import numpy as np

from .formats import measured_in
from .style import axis, layout
from .surface import SurfaceInfo


def draw_surface(info: SurfaceInfo, *, solid: bool = False) -> dict[str, Any]:
    """A plotly spec: a curve, a heatmap, or (`solid`) a surface in space; dense and chosen are marked."""
    if len(info.dims) < 2:
        return _draw_line(info)
    return _draw_solid(info) if solid else _draw_heat(info)


SCALE = [[0, "var(--mdp-low)"], [0.5, "var(--mdp-mid)"], [1, "var(--mdp-high)"]]


def _held(info: SurfaceInfo) -> str:
    """` · Q/K at 16`: what the picture does not vary."""
    return "".join(f" · {name} at {width}" for name, width in info.held)


def _marked(info: SurfaceInfo) -> list[tuple[str, list[tuple[int, ...]], str, str]]:
    """Dense, the next best widths, A and chosen, as far as they are there: name, entries, symbol, colour."""
    dense = tuple(len(w) - 1 for w in info.widths)
    found = [
        ("dense", [dense], "square-open", "var(--mdp-choice)"),
        ("next best", list(info.near), "diamond-open", "var(--mdp-choice)"),
        ("A", [] if info.a is None else [info.a], "square", "var(--mdp-other)"),
        ("chosen", [] if info.chosen is None else [info.chosen], "circle", "var(--mdp-choice)"),
    ]
    return [mark for mark in found if mark[1]]


def _marks(info: SurfaceInfo, spot) -> list[dict[str, Any]]:
    """A trace for each; `spot` gives an entry's (x, y)."""
    return [_mark(name, [spot(at) for at in entries], *look) for name, entries, *look in _marked(info)]


SIGNS = {"dense": "☐", "next best": "◇", "A": "■", "chosen": "●"}


def _legend(marks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the marks mean, on one line over the picture: plotly's own legend would shrink a small picture."""
    words = "\u2003".join(f"{SIGNS[mark['name']]} {mark['name']}" for mark in marks)
    return [
        {
            "text": words,
            "showarrow": False,
            "xref": "paper",
            "yref": "paper",
            "x": 0,
            "y": 1,
            "xanchor": "left",
            "yanchor": "bottom",
            "yshift": 3,
            "font": {"size": 11.5, "color": "var(--mdp-ink-2)"},
        }
    ]


def _draw_line(info: SurfaceInfo) -> dict[str, Any]:
    x = list(info.widths[0]) if info.dims else [0]
    y = np.atleast_1d(info.values).tolist()
    name = info.names[0] if info.dims else "fixed"
    line = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "latency",
        "x": x,
        "y": y,
        "line": {"color": "var(--mdp-kept)", "width": 2},
        "marker": {"size": 6},
        "hovertemplate": f"%{{x}}: %{{y:.3g}} {info.unit}<extra></extra>",
    }
    marks = _marks(info, lambda at: (x[at[0]], y[at[0]]) if at else (x[0], y[0]))
    return {
        "data": [line, *marks],
        "layout": layout(
            annotations=_legend(marks),
            margin={"l": 52, "r": 12, "t": 26, "b": 42},
            xaxis=axis(f"{name} kept{_held(info)}", range=[0, x[-1] * 1.05]),
            hovermode="closest",
            yaxis=axis(measured_in(info.unit), range=[0, max(y) * 1.08 or 1]),
        ),
    }


def _draw_heat(info: SurfaceInfo) -> dict[str, Any]:
    y_name, x_name = info.names
    rows, columns = ([str(w) for w in widths] for widths in info.widths)
    marks = _marks(info, lambda at: (columns[at[1]], rows[at[0]]))
    data = [
        {
            "type": "heatmap",
            "name": "latency",
            "x": columns,
            "y": rows,
            "z": info.values.tolist(),
            "colorscale": SCALE,
            "xgap": 1,
            "ygap": 1,
            "zmin": 0,
            "hovertemplate": f"{y_name} %{{y}} × {x_name} %{{x}}<br>%{{z:.3g}} {info.unit}<extra></extra>",
            "colorbar": {
                "thickness": 8,
                "outlinewidth": 0,
                "len": 1,
                "x": 1.01,
                "xpad": 2,
                "tickfont": {"size": 11},
                "nticks": 5,
                "title": {"text": info.unit, "side": "top"},
            },
        },
        *marks,
    ]
    return {
        "data": data,
        "layout": layout(
            annotations=_legend(marks),
            margin={"l": 52, "r": 44, "t": 26, "b": 42},
            hovermode="closest",
            xaxis=axis(f"{x_name} kept{_held(info)}", type="category", showgrid=False, **_ticks(columns)),
            yaxis=axis(f"{y_name} kept", type="category", showgrid=False, **_ticks(rows)),
        ),
    }


def _draw_solid(info: SurfaceInfo) -> dict[str, Any]:
    y_name, x_name = (name.partition(" (")[0] for name in info.names)
    scene_axis = {
        "gridcolor": "var(--mdp-line)",
        "zeroline": False,
        "showbackground": False,
        "color": "var(--mdp-ink-2)",
    }
    data = [
        {
            "type": "surface",
            "x": list(info.widths[1]),
            "y": list(info.widths[0]),
            "z": info.values.tolist(),
            "colorscale": SCALE,
            "showscale": False,
            "opacity": 0.95,
            "hovertemplate": f"{y_name} %{{y}} × {x_name} %{{x}}<br>%{{z:.3g}} {info.unit}<extra></extra>",
        }
    ]
    marks = [
        {
            "type": "scatter3d",
            "mode": "markers",
            "name": name,
            "hoverinfo": "name",
            "x": [info.widths[1][at[1]] for at in entries],
            "y": [info.widths[0][at[0]] for at in entries],
            "z": [float(info.values[at]) for at in entries],
            "marker": {"size": 6, "color": colour, "symbol": symbol},
        }
        for name, entries, symbol, colour in _marked(info)
    ]
    return {
        "data": data + marks,
        "layout": layout(
            annotations=_legend(marks),
            margin={"l": 0, "r": 0, "t": 22, "b": 0},
            dragmode="orbit",
            scene={
                "xaxis": {**scene_axis, "title": {"text": x_name}},
                "yaxis": {**scene_axis, "title": {"text": y_name}},
                "zaxis": {**scene_axis, "title": {"text": info.unit}, "rangemode": "tozero"},
                "camera": {"eye": {"x": -1.75, "y": -1.75, "z": 1.0}},
            },
        ),
    }


def _mark(name: str, spots: list[tuple], symbol: str, colour: str) -> dict[str, Any]:
    line = {"width": 2, "color": colour if symbol.endswith("open") else "var(--mdp-card)"}
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [x for x, _ in spots],
        "y": [y for _, y in spots],
        "hoverinfo": "skip",
        "marker": {
            "size": 10 if name == "next best" else 13,
            "symbol": symbol,
            "color": colour,
            "line": line,
        },
    }


def _ticks(names: list[str]) -> dict[str, Any]:
    """At most eight tick labels, dense always among them."""
    step = -(-len(names) // 8)
    shown = names[::-1][::step][::-1]
    return {"tickmode": "array", "tickvals": shown, "ticktext": shown, "tickangle": 0}
