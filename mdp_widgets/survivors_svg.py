"""The architecture and what survives of it, as SVG: the same record as the page draws, for paper."""

from collections.abc import Mapping

from .figures.survivors import Bar, Row, SurvivorsInfo, survivors_label
from .plot import tokens
from .svg import document, line, text_at
from .ui import ms

ROW, HEAD, GAP = 22, 26, 10
NAME, TIME = 92, 74


def survivors_svg(info: SurvivorsInfo, width: int = 760) -> str:
    """One line per block, one column per dim; a removed block is struck out and says so."""
    ink = tokens()
    columns = list(info.columns)
    wide = (width - NAME - TIME) / max(1, len(columns))
    parts, y = [], 0.0
    for i, label in enumerate(columns):
        parts.append(text_at(NAME + i * wide, 16, label, colour=ink["--mdp-ink-2"]))
    parts.append(text_at(width, 16, f"latency, {info.unit}", anchor="end", colour=ink["--mdp-ink-2"]))
    y += HEAD
    for group in info.groups:
        for bar in group.bars:
            parts.append(text_at(0, y + 14, bar.label, weight=600, colour=ink["--mdp-ink"]))
            parts += _bar(bar, NAME, y, width - NAME - TIME - GAP, ink)
            y += ROW
        for row in group.rows:
            parts += _row(row, y, wide, columns, width, ink, info.unit)
            y += ROW
        y += 6
    return document(parts, width, y, survivors_label(info))


def _row(
    row: Row, y: float, wide: float, columns: list[str], width: float, ink: Mapping[str, str], unit: str
) -> list[str]:
    muted = ink["--mdp-ink-2"]
    name = text_at(8, y + 14, row.label, colour=muted if row.removed else ink["--mdp-ink"])
    if row.removed:
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
    text = text_at(x + room + 6, y + 14, words, size=11, colour=ink["--mdp-ink"])
    if bar.units and room / len(bar.units) >= 7:
        step = min(13.0, room / len(bar.units))
        return [text, *(_dot(x + (i + 0.5) * step, y + 10, kept, ink) for i, kept in enumerate(bar.units))]

    def strip(long: float, colour: str) -> str:
        return f'<rect x="{x:.1f}" y="{y + 5}" width="{long:.1f}" height="10" rx="2" fill="{colour}"/>'

    return [text, strip(room, ink["--mdp-gone"]), strip(room * bar.kept / bar.dense, ink["--mdp-kept"])]


def _dot(x: float, y: float, kept: bool, ink: Mapping[str, str]) -> str:
    """A full dot is kept, an empty ring is gone: told apart without colour."""
    style = f'fill="{ink["--mdp-kept"]}"' if kept else f'fill="none" stroke="{ink["--mdp-ink-2"]}"'
    return f'<circle cx="{x:.1f}" cy="{y}" r="4" {style}/>'
