"""The architecture and what survives of it, as SVG: the same record as the page draws, for paper."""

import re
from collections.abc import Mapping, Sequence

from mdp.plot.formats import ms
from mdp.plot.style import tokens
from mdp.plot.survivor_rows import Bar, Row, SurvivorsInfo, fixed_words, survivors_label

from .svg import document, line, text_at

ROW, HEAD, GAP = 22, 26, 10
NAME, TIME = 92, 74
LETTERS = 12  # of a name, in the space of NAME


# What only one of two plans keeps is told by its pattern, as on the page: strokes for A, dots for B.
PATTERNS = """<defs>
<pattern id="a-only" width="5" height="5" patternUnits="userSpaceOnUse">
<path d="M-1 6 L6 -1 M-1 1 L1 -1 M4 6 L6 4" stroke="{a}" stroke-width="1.4" fill="none"/></pattern>
<pattern id="b-only" width="5" height="5" patternUnits="userSpaceOnUse">
<rect width="5" height="5" fill="{b}"/><circle cx="2.5" cy="2.5" r="1.15" fill="#fff"/></pattern></defs>"""


def survivors_svg(info: SurvivorsInfo, width: int = 760) -> str:
    """One line per block, one column per dim; a removed block is struck out and says so. Where the record has
    a plan A beside it, what only one of the two keeps is marked."""
    ink = tokens()
    beside = any(row.a_removed is not None for group in info.groups for row in group.rows)
    columns = list(info.columns)
    wide = (width - NAME - TIME) / max(1, len(columns))
    parts, y = [PATTERNS.format(a=ink["--mdp-other"], b=ink["--mdp-kept-2"])] if beside else [], 0.0
    for i, label in enumerate(columns):
        parts.append(text_at(NAME + i * wide, 16, label, colour=ink["--mdp-ink-2"]))
    parts.append(text_at(width, 16, f"latency, {info.unit}", anchor="end", colour=ink["--mdp-ink-2"]))
    y += HEAD
    shared = [bar.label for group in info.groups for bar in group.bars]
    for group in info.groups:
        for bar in group.bars:
            name = _told_apart(bar.label, shared)
            parts.append(text_at(0, y + 14, name, weight=600, colour=ink["--mdp-ink"]))
            parts += _bar(bar, NAME, y, width - NAME - TIME - GAP, ink)
            y += ROW
        for row in group.rows:
            parts += _row(row, y, wide, columns, width, ink, info.unit)
            y += ROW
        y += 6
    if info.fixed:
        parts.append(text_at(0, y + 14, fixed_words(info), size=11, colour=ink["--mdp-ink-2"]))
        y += ROW
    if beside:
        parts += _legend(y, ink)
        y += ROW
    return document(parts, width, y, survivors_label(info))


def _clip(name: str) -> str:
    """A name that fits before the bars; its end tells it from others."""
    return name if len(name) <= LETTERS else f"…{name[1 - LETTERS :]}"


def _told_apart(name: str, among: Sequence[str]) -> str:
    """`_clip`, but where another name ends alike, the numbers before the end stay: `2…reduction`."""
    if sum(_clip(other) == _clip(name) for other in among) < 2:
        return _clip(name)
    for kept in range(LETTERS - 2, LETTERS // 2, -1):
        numbers = ".".join(re.findall(r"\d+", name[:-kept]))
        if numbers and len(numbers) + 1 + kept <= LETTERS:
            return f"{numbers}…{name[-kept:].lstrip('.')}"
    return _clip(name)


def _row(
    row: Row, y: float, wide: float, columns: list[str], width: float, ink: Mapping[str, str], unit: str
) -> list[str]:
    muted = ink["--mdp-ink-2"]
    name = text_at(8, y + 14, _clip(row.label), colour=muted if row.removed else ink["--mdp-ink"])
    if row.removed and row.a_removed is False:
        name += line(6, y + 10, 12 + 7 * len(row.label), y + 10, muted)
    elif row.removed:
        end = width - TIME - GAP
        gone = line(NAME, y + 10, end, y + 10, muted, dash="dash")
        middle = (NAME + end) / 2
        mask = f'<rect x="{middle - 36}" y="{y}" width="72" height="{ROW}" fill="#fff"/>'
        return [name, gone, mask, text_at(middle, y + 14, "removed", anchor="middle", colour=muted)]
    parts = [name]
    for bar in row.bars:
        parts += _bar(bar, NAME + columns.index(bar.label) * wide, y, wide - GAP, ink)
    time = ms(row.latency, unit).removesuffix(f" {unit}")
    return [*parts, text_at(width, y + 14, time, anchor="end", colour=ink["--mdp-ink"])]


def _bar(bar: Bar, x: float, y: float, wide: float, ink: Mapping[str, str]) -> list[str]:
    """Kept against dense: dots where units are few, else a bar; and the two numbers."""
    words = f"{bar.kept}/{bar.dense}"
    room = max(20.0, wide - 7.2 * len(words) - 8)
    a = bar.kept if bar.a is None else bar.a
    text = text_at(
        x + room + 6, y + 14, words, size=11, colour=ink["--mdp-ink"], weight=400 if a == bar.kept else 700
    )
    if bar.units and room / len(bar.units) >= 7:
        step = min(13.0, room / len(bar.units))
        pairs = zip(bar.units, bar.units_a or bar.units, strict=True)
        return [text, *(_dot(x + (i + 0.5) * step, y + 10, *pair, ink) for i, pair in enumerate(pairs))]

    def strip(start: float, end: float, fill: str, edge: str = "none") -> str:
        left, long = x + room * start / bar.dense, room * (end - start) / bar.dense
        return (
            f'<rect x="{left:.1f}" y="{y + 5}" width="{long:.1f}" height="10" rx="2" fill="{fill}" '
            f'stroke="{edge}"/>'
        )

    both = min(a, bar.kept)
    parts = [text, strip(0, bar.dense, ink["--mdp-gone"]), strip(0, both, ink["--mdp-kept"])]
    if a > both:
        parts.append(strip(both, a, "#fff") + strip(both, a, "url(#a-only)", ink["--mdp-other"]))
    elif bar.kept > both:
        parts.append(strip(both, bar.kept, "url(#b-only)", ink["--mdp-kept"]))
    return parts


def _dot(x: float, y: float, kept: bool, in_a: bool, ink: Mapping[str, str]) -> str:
    """A full dot is kept, an empty ring is gone: told apart without colour."""
    if kept and in_a:
        style = f'fill="{ink["--mdp-kept"]}"'
    elif in_a:
        style = f'fill="url(#a-only)" stroke="{ink["--mdp-other"]}"'
    elif kept:
        style = f'fill="url(#b-only)" stroke="{ink["--mdp-kept"]}"'
    else:
        style = f'fill="none" stroke="{ink["--mdp-ink-2"]}"'
    return f'<circle cx="{x:.1f}" cy="{y}" r="4" {style}/>'


def _legend(y: float, ink: Mapping[str, str]) -> list[str]:
    """What the patterns of a comparison mean."""
    marks = (
        ("kept in both", ink["--mdp-kept"], "none"),
        ("A only", "url(#a-only)", ink["--mdp-other"]),
        ("B only", "url(#b-only)", ink["--mdp-kept"]),
    )
    parts, x = [], float(NAME)
    for words, fill, edge in marks:
        parts.append(
            f'<rect x="{x}" y="{y + 5}" width="16" height="10" rx="2" fill="{fill}" stroke="{edge}"/>'
        )
        parts.append(text_at(x + 22, y + 14, words, size=11, colour=ink["--mdp-ink-2"]))
        x += 40 + 7 * len(words)
    return parts
