"""SVG in small pieces: text, lines, scales, ticks, colours. A picture is a list of these strings."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

FONT = "Inter, 'Segoe UI', 'Helvetica Neue', 'Liberation Sans', Arial, system-ui, sans-serif"
DASHES = {"dot": "2 3", "dash": "6 4", "dashdot": "6 3 2 3"}


@dataclass(frozen=True)
class Scale:
    """Data to pixels along one axis. `names` are the categories of a category axis, else empty."""

    low: float
    high: float
    start: float
    end: float
    names: tuple[str, ...] = ()

    def __call__(self, value: Any) -> float:
        at = self.names.index(str(value)) + 0.5 if self.names else float(value)
        return self.start + (at - self.low) / ((self.high - self.low) or 1) * (self.end - self.start)


def document(parts: Sequence[str], width: float, height: float, label: str = "") -> str:
    """SVG elements as a whole picture with a label for screen readers."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" font-family="{FONT}" font-size="12" role="img" aria-label="{escape(label)}">'
        + "".join(parts)
        + "</svg>"
    )


def text_at(
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    colour: str = "#18202c",
    size: float = 12,
    weight: int = 400,
    turn: int = 0,
) -> str:
    """A line of text; plotly's <br> and <b> are not drawn, so markup is dropped."""
    turned = f' transform="rotate({turn} {x:.1f} {y:.1f})"' if turn else ""
    plain = text.replace("<br>", " ").replace("<b>", "").replace("</b>", "")
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-size="{size:g}" '
        f'font-weight="{weight}"{turned}>{escape(plain)}</text>'
    )


def line(x0: float, y0: float, x1: float, y1: float, colour: str, width: float = 1, dash: str = "") -> str:
    dashed = f' stroke-dasharray="{DASHES[dash]}"' if dash in DASHES else ""
    return (
        f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" stroke="{colour}" '
        f'stroke-width="{width}"{dashed}/>'
    )


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers between low and high: steps of 1, 2 or 5 times a power of ten."""
    if not high > low:
        return [low]
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [(first + i) * step for i in range(math.floor(high / step + 1e-9) - first + 1)]


def tick_text(value: float) -> str:
    return f"{value:.10g}".replace("-", "−")


def shade(scale: Sequence[Sequence[Any]], share: float) -> str:
    """The colour of a plotly colour scale ([[0, "#..."], ..., [1, "#..."]]) at a share between 0 and 1."""
    share = min(1.0, max(0.0, share))
    for (a, first), (b, second) in itertools.pairwise(scale):
        if share <= b:
            t = (share - a) / ((b - a) or 1)
            pairs = zip(_channels(first), _channels(second), strict=True)
            return "#" + "".join(f"{round(p + t * (q - p)):02x}" for p, q in pairs)
    return scale[-1][1]


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
