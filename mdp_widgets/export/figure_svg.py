"""Our figures as SVG, drawn without a browser: for the report, for print, for saving.

`figure_svg` draws the part of plotly's language that our figures speak: scatter (lines, markers, text, fill),
bar, heatmap, line and rectangle shapes, annotations; on linear or category axes. Another kind of trace raises
ValueError, so that a picture is never silently incomplete.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mdp.plot.style import concrete

from .svg import DASHES, Scale, document, line, shade, text_at, tick_text, ticks
from .svg_marks import legend, marker


def figure_svg(spec: Mapping[str, Any], width: int = 520, height: int = 320, label: str = "") -> str:
    """One figure spec (data and layout; see widgets.plot) as a complete SVG document, light theme.

    Raises:
        ValueError: the spec holds a kind of trace that is not drawn here.
    """
    spec = concrete(spec)
    data, layout = spec["data"], spec.get("layout", {})
    margin = {"l": 48, "r": 12, "t": 10, "b": 40} | layout.get("margin", {})
    left, right, top, bottom = margin["l"], width - margin["r"], margin["t"], height - margin["b"]
    x = _scale(data, layout.get("xaxis", {}), "x", left, right)
    y = _scale(data, layout.get("yaxis", {}), "y", bottom, top)
    frame = (left, right, top, bottom)
    under = [s for s in layout.get("shapes", []) if s.get("layer") == "below"]
    over = [s for s in layout.get("shapes", []) if s.get("layer") != "below"]
    parts = [
        *_x_axis(layout.get("xaxis", {}), x, frame),
        *_y_axis(layout.get("yaxis", {}), y, frame),
        *(_shape(s, x, y, frame) for s in under),
        '<g clip-path="url(#inside)">',
        *(part for trace in data for part in _trace(trace, data, layout, x, y)),
        "</g>",
        *(_shape(s, x, y, frame) for s in over),
        *(_annotation(a, x, y, frame) for a in layout.get("annotations", [])),
        *(legend(data, layout, frame)),
        *(part for trace in data if trace["type"] == "heatmap" for part in _colour_bar(trace, frame)),
    ]
    # Markers on the edge stay whole: the clip is a little wider than the frame.
    inside = f'<rect x="{left - 8}" y="{top - 8}" width="{right - left + 16}" height="{bottom - top + 16}"/>'
    return document([f'<defs><clipPath id="inside">{inside}</clipPath></defs>', *parts], width, height, label)


def _scale(data: list, axis: Mapping[str, Any], name: str, start: float, end: float) -> Scale:
    if axis.get("type") == "category":
        names = tuple(dict.fromkeys(str(v) for trace in data for v in trace.get(name, [])))
        return Scale(0, len(names), start, end, names)
    if axis.get("range"):
        return Scale(*map(float, axis["range"]), start, end)
    values = [float(v) for trace in data for v in trace.get(name, []) if v is not None]
    return Scale(min([0.0, *values]), max(values, default=1.0) * 1.05, start, end)


def _axis_ticks(axis: Mapping[str, Any], scale: Scale) -> list[tuple[float, str]]:
    if axis.get("tickvals") is not None:
        words = axis.get("ticktext") or [str(v) for v in axis["tickvals"]]
        return [(scale(v), str(w)) for v, w in zip(axis["tickvals"], words, strict=True)]
    if scale.names:
        return [(scale(n), n) for n in scale.names]
    suffix = axis.get("ticksuffix", "")
    return [(scale(v), tick_text(v) + suffix) for v in ticks(*sorted((scale.low, scale.high)))]


def _x_axis(axis: Mapping[str, Any], scale: Scale, frame: tuple) -> list[str]:
    left, right, top, bottom = frame
    if axis.get("visible") is False:
        return []
    parts = []
    for at, words in _axis_ticks(axis, scale):
        if axis.get("showgrid", True):
            parts.append(line(at, top, at, bottom, "#e3e8ee"))
        parts.append(text_at(at, bottom + 16, words, anchor="middle", colour="#525d6e"))
    parts.append(line(left, bottom, right, bottom, "#a9b3c0"))
    title = (axis.get("title") or {}).get("text", "")
    return [*parts, text_at((left + right) / 2, bottom + 34, title, anchor="middle", colour="#525d6e")]


def _y_axis(axis: Mapping[str, Any], scale: Scale, frame: tuple) -> list[str]:
    left, right, top, bottom = frame
    if axis.get("visible") is False:
        return []
    parts, widest = [], 0
    for at, words in _axis_ticks(axis, scale):
        if axis.get("showgrid", True):
            parts.append(line(left, at, right, at, "#e3e8ee"))
        parts.append(text_at(left - 6, at + 4, words, anchor="end", colour="#525d6e"))
        widest = max(widest, len(words))
    title = (axis.get("title") or {}).get("text", "")
    at = max(11, left - 14 - 7 * widest)
    middle = (top + bottom) / 2
    return [*parts, text_at(at, middle, title, anchor="middle", colour="#525d6e", turn=-90)]


def _trace(trace: Mapping[str, Any], data: list, layout: Mapping[str, Any], x: Scale, y: Scale) -> list[str]:
    kind = trace["type"]
    if trace.get("visible") is False:
        return []
    if kind == "scatter":
        return _scatter(trace, x, y)
    if kind == "bar":
        return _bars(trace, data, layout, x, y)
    if kind == "heatmap":
        return _heatmap(trace, x, y)
    raise ValueError(f"{kind!r} is not drawn as SVG")


def _scatter(trace: Mapping[str, Any], x: Scale, y: Scale) -> list[str]:
    runs: list[list[tuple[float, float]]] = [[]]
    for a, b in zip(trace["x"], trace["y"], strict=True):
        if a is None or b is None or not math.isfinite(float(b)):
            runs.append([])  # a gap in the line
        else:
            runs[-1].append((x(a), y(b)))
    points = [point for run in runs for point in run]
    mode, parts = trace.get("mode", "lines"), []
    stroke = trace.get("line", {})
    if points and trace.get("fill") == "tozeroy":
        floor = y(0)
        area = [(points[0][0], floor), *points, (points[-1][0], floor)]
        parts.append(f'<path d="{_path(area, "linear")}Z" fill="{trace.get("fillcolor", "#e8eef5")}"/>')
    if points and "lines" in mode and stroke.get("width", 2):
        dash = f' stroke-dasharray="{DASHES[stroke["dash"]]}"' if stroke.get("dash") in DASHES else ""
        path = "".join(_path(run, stroke.get("shape", "linear")) for run in runs if run)
        parts.append(
            f'<path d="{path}" fill="none" '
            f'stroke="{stroke.get("color", "#0b62a8")}" stroke-width="{stroke.get("width", 2)}"{dash}/>'
        )
    if "markers" in mode:
        parts += _markers(trace.get("marker", {}), points)
    if "text" in mode:
        font = trace.get("textfont", {})
        beside = trace.get("textposition") == "top left"
        place = {"anchor": "end", "dx": -7, "dy": -7} if beside else {"anchor": "middle", "dx": 0, "dy": -8}
        parts += [
            text_at(
                a + place["dx"],
                b + place["dy"],
                str(t),
                anchor=place["anchor"],
                colour=font.get("color", "#18202c"),
                size=font.get("size", 12),
            )
            for (a, b), t in zip(points, trace.get("text", []), strict=False)
        ]
    return parts


def _path(points: Sequence[tuple[float, float]], shape: str) -> str:
    first, *rest = points
    steps = [f"M{first[0]:.1f},{first[1]:.1f}"]
    for a, b in rest:
        steps.append(f"H{a:.1f}V{b:.1f}" if shape == "hv" else f"L{a:.1f},{b:.1f}")
    return "".join(steps)


def _markers(style: Mapping[str, Any], points: Sequence[tuple[float, float]]) -> list[str]:
    def each(key: str, otherwise: Any) -> list[Any]:
        value = style.get(key, otherwise)
        return list(value) if isinstance(value, list | tuple) else [value] * len(points)

    edge = style.get("line", {})
    rows = zip(points, each("symbol", "circle"), each("size", 6), each("color", "#0b62a8"), strict=False)
    return [marker(a, b, symbol, size / 2, colour, edge) for (a, b), symbol, size, colour in rows]


def _bars(trace: Mapping[str, Any], data: list, layout: Mapping[str, Any], x: Scale, y: Scale) -> list[str]:
    """Vertical bars, side by side, or stacked with `barmode: stack`."""
    if trace.get("orientation") == "h":
        raise ValueError("horizontal bars are not drawn as SVG")
    bars = [t for t in data if t["type"] == "bar"]
    mine = bars.index(trace)
    stacked = layout.get("barmode") in ("stack", "overlay")
    slot = (x.end - x.start) / max(1, len(x.names) or len(trace["x"]))
    wide = slot * (1 - layout.get("bargap", 0.2)) / (1 if stacked else len(bars))
    colour, parts = trace.get("marker", {}).get("color", "#0b62a8"), []
    for i, (at, value) in enumerate(zip(trace["x"], trace["y"], strict=True)):
        base = sum(b["y"][i] or 0 for b in bars[:mine]) if layout.get("barmode") == "stack" else 0
        middle = x(at) + (0 if stacked else (mine - (len(bars) - 1) / 2) * wide)
        low, high = sorted((y(base), y(base + (value or 0))))
        fill = colour[i] if isinstance(colour, list | tuple) else colour
        parts.append(
            f'<rect x="{middle - wide / 2:.1f}" y="{low:.1f}" width="{wide:.1f}" '
            f'height="{high - low:.1f}" fill="{fill}"/>'
        )
    return parts


def _heatmap(trace: Mapping[str, Any], x: Scale, y: Scale) -> list[str]:
    values = [v for row in trace["z"] for v in row]
    low, high = trace.get("zmin", min(values)), trace.get("zmax", max(values))
    wide = abs(x.end - x.start) / len(trace["x"])
    tall = abs(y.end - y.start) / len(trace["y"])
    return [
        f'<rect x="{x(a) - wide / 2 + 0.5:.1f}" y="{y(b) - tall / 2 + 0.5:.1f}" width="{wide - 1:.1f}" '
        f'height="{tall - 1:.1f}" fill="{shade(trace["colorscale"], (v - low) / ((high - low) or 1))}"/>'
        for b, row in zip(trace["y"], trace["z"], strict=True)
        for a, v in zip(trace["x"], row, strict=True)
    ]


def _colour_bar(trace: Mapping[str, Any], frame: tuple) -> list[str]:
    _, right, top, bottom = frame
    values = [v for row in trace["z"] for v in row]
    low, high = trace.get("zmin", min(values)), trace.get("zmax", max(values))
    n, tall = 40, (bottom - top) / 40
    scale = Scale(low, high, bottom, top)
    strips = (
        f'<rect x="{right + 6}" y="{bottom - (i + 1) * tall:.1f}" width="8" height="{tall + 0.5:.1f}" '
        f'fill="{shade(trace["colorscale"], i / (n - 1))}"/>'
        for i in range(n)
    )
    words = (
        text_at(right + 17, scale(v) + 4, tick_text(v), size=10, colour="#525d6e") for v in ticks(low, high)
    )
    return [*strips, *words]


def _shape(shape: Mapping[str, Any], x: Scale, y: Scale, frame: tuple) -> str:
    left, right, top, bottom = frame
    paper_x, paper_y = shape.get("xref") == "paper", shape.get("yref") == "paper"
    across = (lambda v: left + v * (right - left)) if paper_x else x
    up = (lambda v: bottom - v * (bottom - top)) if paper_y else y
    stroke = shape.get("line", {})
    ends = across(shape["x0"]), up(shape["y0"]), across(shape["x1"]), up(shape["y1"])
    if shape["type"] == "rect":
        low_x, high_x = sorted(ends[::2])
        low_y, high_y = sorted(ends[1::2])
        return (
            f'<rect x="{low_x:.1f}" y="{low_y:.1f}" width="{high_x - low_x:.1f}" '
            f'height="{high_y - low_y:.1f}" fill="{shape.get("fillcolor", "none")}" '
            f'opacity="{shape.get("opacity", 1)}"/>'
        )
    return line(*ends, stroke.get("color", "#525d6e"), stroke.get("width", 1), stroke.get("dash", ""))


def _annotation(note: Mapping[str, Any], x: Scale, y: Scale, frame: tuple) -> str:
    left, right, top, bottom = frame
    at = left + note["x"] * (right - left) if note.get("xref") == "paper" else x(note["x"])
    up = bottom - note["y"] * (bottom - top) if note.get("yref") == "paper" else y(note["y"])
    anchor = {"left": "start", "right": "end"}.get(note.get("xanchor", ""), "middle")
    font = note.get("font", {})
    shift_x, shift_y = note.get("xshift", 0), -note.get("yshift", 0)
    return text_at(
        at + shift_x,
        up + shift_y + 4,
        note["text"],
        anchor=anchor,
        colour=font.get("color", "#18202c"),
        size=font.get("size", 12),
    )
