"""Markers and the legend of a figure as SVG: plotly's symbols and the two kinds of legends that we use."""

import math
from collections.abc import Mapping
from typing import Any

from .svg import line, text_at

LINE = 15  # px from one entry of a vertical legend to the next
LETTER = 6.2  # px, the mean width of one at size 11


def marker(x: float, y: float, symbol: str, r: float, colour: str, edge: Mapping[str, Any]) -> str:
    """One of plotly's symbols, `r` its half size in pixels; `edge` is the marker's line."""
    hollow = symbol.endswith("-open")
    stroke = colour if hollow else edge.get("color", "none")
    width = edge.get("width", 1.5) if hollow or edge else 0
    style = f'fill="{"none" if hollow else colour}" stroke="{stroke}" stroke-width="{width}"'
    shape = symbol.removesuffix("-open")
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:g}" {style}/>'
    corners = {
        "square": ((-1, -1), (1, -1), (1, 1), (-1, 1)),
        "diamond": ((0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)),
        "triangle-up": ((0, -1.2), (1.1, 0.9), (-1.1, 0.9)),
        "triangle-down": ((0, 1.2), (1.1, -0.9), (-1.1, -0.9)),
    }.get(shape)
    if shape == "star":
        corners = [_at(i, 1.4 if i % 2 == 0 else 0.55) for i in range(10)]
    if corners is None:  # x, cross and what else has no inside
        return (
            f'<path d="M{x - r:.1f},{y - r:.1f}L{x + r:.1f},{y + r:.1f}M{x - r:.1f},{y + r:.1f}'
            f'L{x + r:.1f},{y - r:.1f}" stroke="{colour}" stroke-width="2"/>'
        )
    outline = " ".join(f"{x + r * a:.1f},{y + r * b:.1f}" for a, b in corners)
    return f'<polygon points="{outline}" {style}/>'


def _at(step: int, radius: float) -> tuple[float, float]:
    """The corner of a star: tenths of a turn from the top, at `radius`."""
    turn = math.pi * step / 5
    return radius * math.sin(turn), -radius * math.cos(turn)


def legend(data: list[Mapping[str, Any]], layout: Mapping[str, Any], frame: tuple) -> list[str]:
    """On one line over the picture, or, where the layout has it to the right, in the lower right corner."""
    if not layout.get("showlegend"):
        return []
    left, right, top, bottom = frame
    named = [t for t in data if t.get("showlegend") is not False and t.get("name")]
    corner = layout.get("legend", {}).get("xanchor") == "right"
    x, y = float(left), top - 10.0
    if corner and named:
        x = right - 34 - LETTER * max(len(t["name"]) for t in named)
        y = bottom - 8 - LINE * (len(named) - 1)
    parts = []
    for trace in named:
        parts += [*_sample(trace, x, y), text_at(x + 27, y + 4, trace["name"], colour="#525d6e", size=11)]
        if corner:
            y += LINE
        else:
            x += 42 + LETTER * len(trace["name"])
    return parts


def _sample(trace: Mapping[str, Any], x: float, y: float) -> list[str]:
    """What the trace looks like, 22 px wide."""
    stroke, style = trace.get("line", {}), trace.get("marker", {})
    colour = stroke.get("color") or style.get("color", "#525d6e")
    colour = colour if isinstance(colour, str) else "#525d6e"
    mode = trace.get("mode", "lines")
    if trace["type"] != "scatter":
        return [f'<rect x="{x:.1f}" y="{y - 4:.1f}" width="14" height="8" rx="1" fill="{colour}"/>']
    parts = []
    if "lines" in mode:
        parts.append(line(x, y, x + 22, y, colour, stroke.get("width", 2), stroke.get("dash", "")))
    if "markers" in mode:
        symbol = style.get("symbol", "circle")
        symbol = symbol if isinstance(symbol, str) else "circle"
        parts.append(marker(x + 11, y, symbol, 3.5, colour, style.get("line", {})))
    return parts
