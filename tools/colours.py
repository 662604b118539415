"""How our colours look to colour-blind eyes: `python -m tools.colours` prints the check.

Dichromacy is simulated after Machado, Oliveira and Fernandes, "A physiologically-based model for simulation
of color vision deficiency" (2009), severity 1, on linear RGB; differences are CIE 1976 ΔE*ab, contrast is
that of WCAG 2.
No meaning rests on colour alone: docs/reference/accessibility.md names the shape or pattern beside each.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mdp.core.files import write_text
from mdp.plot.style import tokens
from mdp_widgets.export.svg import document, text_at

EYES = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}

# What must be told apart where both are seen: (token, token, what the colours mean).
TOGETHER = (
    ("--mdp-kept", "--mdp-gone", "kept, pruned"),
    ("--mdp-kept", "--mdp-choice", "front, chosen plan"),
    ("--mdp-kept", "--mdp-card", "kept, background"),
    ("--mdp-kept", "--mdp-other", "B, A"),
    ("--mdp-other", "--mdp-choice", "plan A, chosen plan"),
    ("--mdp-other", "--mdp-card", "A only, background"),
    ("--mdp-choice", "--mdp-card", "chosen, background"),
    ("--mdp-choice", "--mdp-gone", "pinned, pruned"),
    ("--mdp-gone", "--mdp-card", "pruned, background"),
    ("--mdp-good", "--mdp-choice", "measured, chosen plan"),
    ("--mdp-good", "--mdp-card", "measured, background"),
)


@dataclass(frozen=True)
class Pair:
    """Two colours as some eyes see them: ΔE*ab and WCAG contrast."""

    meaning: str
    first: str
    second: str
    difference: float
    contrast: float


def seen(colour: str, eyes: str) -> str:
    """An sRGB colour (`#rrggbb`) as these eyes see it."""
    rgb = np.clip(np.array(EYES[eyes]) @ linear(colour), 0, 1)
    coded = np.where(rgb <= 0.0031308, 12.92 * rgb, 1.055 * rgb ** (1 / 2.4) - 0.055)
    return "#" + "".join(f"{round(255 * c):02x}" for c in coded)


def linear(colour: str) -> np.ndarray:
    """sRGB as linear light, shape (3,), 0 to 1."""
    c = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(a: str, b: str) -> float:
    """WCAG 2's ratio, 1 to 21."""
    low, high = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (a, b))
    return (high + 0.05) / (low + 0.05)


def difference(a: str, b: str, eyes: str) -> float:
    """CIE 1976 ΔE*ab between two colours as these eyes see them; about 2 is just noticed."""
    return float(np.linalg.norm(_lab(seen(a, eyes)) - _lab(seen(b, eyes))))


def _lab(colour: str) -> np.ndarray:
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    t = np.array(to_xyz) @ linear(colour) / [0.9505, 1.0, 1.089]
    f = np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def colour_table(eyes: str, *, dark: bool = False) -> list[Pair]:
    """Every pair of TOGETHER as these eyes see it in one theme."""
    named = tokens(dark=dark)
    pairs = []
    for first, second, meaning in TOGETHER:
        a, b = named[first], named[second]
        ratio = contrast(seen(a, eyes), seen(b, eyes))
        pairs.append(Pair(meaning, seen(a, eyes), seen(b, eyes), difference(a, b, eyes), ratio))
    return pairs


def colours_svg() -> str:
    """All pairs as all eyes see them, light on the left and dark on the right."""
    left, step, high = 170, 92, 30
    width, parts = left + len(EYES) * step * 2 + 20, []
    for t, dark in enumerate((False, True)):
        x0 = left + t * (len(EYES) * step + 20)
        for e, eyes in enumerate(EYES):
            parts.append(text_at(x0 + e * step, 18, f"{eyes}{', dark' if dark else ''}", size=10.5))
            for i, pair in enumerate(colour_table(eyes, dark=dark)):
                y = 28 + i * high
                for n, colour in enumerate((pair.first, pair.second)):
                    parts.append(
                        f'<rect x="{x0 + e * step + n * 28}" y="{y}" width="28" height="22" fill="{colour}" '
                        'stroke="#8a94a3" stroke-width="0.5"/>'
                    )
                parts.append(text_at(x0 + e * step + 61, y + 15, f"{pair.difference:.0f}", size=11))
    for i, (_, _, meaning) in enumerate(TOGETHER):
        parts.append(text_at(0, 28 + i * high + 15, meaning))
    label = "Colours that are seen together, as normal and colour-blind eyes see them, with their difference"
    back = f'<rect width="{width}" height="{36 + high * len(TOGETHER)}" fill="#ffffff"/>'
    return document([back, *parts], width, 36 + high * len(TOGETHER), label)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.colours", description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, help="also write the picture of the check as SVG")
    options = parser.parse_args(argv)
    for dark in (False, True):
        print(f"\n{'dark' if dark else 'light'}: difference ΔE*ab (contrast)")
        print(f"{'':24}" + "".join(f"{eyes:>18}" for eyes in EYES))
        columns = [colour_table(eyes, dark=dark) for eyes in EYES]
        for row in zip(*columns, strict=True):
            cells = "".join(f"{f'{p.difference:.0f} ({p.contrast:.1f})':>18}" for p in row)
            print(f"{row[0].meaning:24}{cells}")
    if options.out:
        write_text(options.out, colours_svg() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
