"""The latency surface of one term: measured time against the widths that it depends on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mdp.plan import Plan
from mdp.problem import Problem, Term

from ..plot import axis, layout
from ..ui import ms, number
from .labels import dim_label


@dataclass(frozen=True)
class SurfaceInfo:
    """A table of latency as a picture of at most two axes.

    Attributes:
        term, block, unit: name of the term, its block (None: always charged), unit of latency.
        dims: the dims drawn: (), (x,) or (y, x); `names` is what they are called.
        widths: kept units along each drawn dim.
        values: latency, shape = lengths of widths.
        held: what the other dims of the term are called, and the width at which they are held (as chosen,
            else dense).
        chosen: index of the plan's entry along each drawn dim, or None where the term is gone.
        price: latency at the chosen entry, None where the term is gone.
        dense: latency of the dense entry.
        a: index of the plan A's entry along each drawn dim, where there is one and its term is not gone.
        near: indices of the entries with other widths of the dim in question, else as chosen.
    """

    term: str
    block: str | None
    unit: str
    dims: tuple[str, ...]
    names: tuple[str, ...]
    widths: tuple[tuple[int, ...], ...]
    values: np.ndarray
    held: tuple[tuple[str, int], ...]
    chosen: tuple[int, ...] | None
    price: float | None
    dense: float
    a: tuple[int, ...] | None = None
    near: tuple[tuple[int, ...], ...] = ()


def terms_of(problem: Problem, block: str | None, dim: str = "") -> list[Term]:
    """Latency terms to look at: those of a block, the ones that use `dim` first."""
    terms = [t for t in problem.latency if t.block == block and t.dims]
    return sorted(terms, key=lambda t: dim not in t.dims)


def surface_info(
    problem: Problem,
    term: Term,
    plan: Plan | None = None,
    dim: str = "",
    a: Plan | None = None,
    others: Sequence[int] = (),
) -> SurfaceInfo:
    """The record of one term. A term over three dims or more is shown as a slice at the chosen widths; the
    dims drawn are the two longest, `dim` always among them. `others` are widths of `dim` to mark beside the
    chosen one."""
    gone = plan is not None and term.block in plan.removed_blocks
    choices = problem.dense_choices | {
        d: k for d, k in (plan.choices if plan else {}).items() if k is not None
    }
    options = {d: problem.dim[d].options for d in term.dims}
    order = sorted(term.dims, key=lambda d: (d != dim, -len(options[d])))
    drawn = tuple(d for d in term.dims if d in order[:2])
    held = tuple((dim_label(problem, d), choices[d]) for d in term.dims if d not in drawn)
    cut = tuple(slice(None) if d in drawn else options[d].index(choices[d]) for d in term.dims)
    chosen = None if plan is None or gone else tuple(options[d].index(choices[d]) for d in drawn)
    return SurfaceInfo(
        term=term.name,
        block=term.block,
        unit=problem.latency_unit,
        dims=drawn,
        names=tuple(dim_label(problem, d) for d in drawn),
        widths=tuple(options[d] for d in drawn),
        values=np.asarray(term.values, dtype=float)[cut],
        held=held,
        chosen=chosen,
        price=None if chosen is None else problem.entry(term, choices),
        dense=float(term.values[(-1,) * term.values.ndim]),
        a=None
        if a is None or any(a.choices[d] is None for d in drawn) or term.block in a.removed_blocks
        else tuple(options[d].index(a.choices[d]) for d in drawn),
        near=_near(chosen, drawn, dim, options.get(dim, ()), others),
    )


def _near(
    chosen: tuple[int, ...] | None, drawn: tuple[str, ...], dim: str, options: tuple[int, ...], others
) -> tuple[tuple[int, ...], ...]:
    """The entries with another width of `dim` and all else as chosen."""
    if chosen is None or dim not in drawn:
        return ()
    axis = drawn.index(dim)
    at = [options.index(width) for width in others if width in options]
    return tuple((*chosen[:axis], i, *chosen[axis + 1 :]) for i in at)


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
            yaxis=axis(f"latency, {info.unit}", range=[0, max(y) * 1.08 or 1]),
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


def surface_table(info: SurfaceInfo) -> tuple[list[str], list[list[str]]]:
    """The same as text: for two dims, one row per width of the first."""
    if len(info.dims) < 2:
        widths = info.widths[0] if info.dims else (0,)
        return ["kept", f"latency, {info.unit}"], [
            [str(w), number(v)] for w, v in zip(widths, np.atleast_1d(info.values), strict=True)
        ]
    head = [" \\ ".join(info.names), *map(str, info.widths[1])]
    return head, [
        [str(w), *(number(v) for v in line)] for w, line in zip(info.widths[0], info.values, strict=True)
    ]


def surface_label(info: SurfaceInfo) -> str:
    price = "it is gone with its block" if info.price is None else f"{ms(info.price, info.unit)} as chosen"
    held = "".join(f", {d} held at {w}" for d, w in info.held)
    over = " and ".join(info.dims)
    return f"Latency of {info.term} over {over}{held}: {ms(info.dense, info.unit)} dense, {price}."
