"""Numbers as people read them, and colours that everybody can tell apart."""

import itertools

import numpy as np
import pytest

from mdp_widgets import ui
from mdp_widgets.plot import tokens


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (12.41, "12.4"),
        (0.0831, "0.0831"),
        (1240.4, "1,240"),
        (99.99, "100"),
        (3.14159, "3.14"),
        (-2.5, "-2.50"),
    ],
)
def test_numbers(value, text):
    assert ui.number(value) == text


def test_shares_and_counts():
    assert ui.percent(0.9314) == "93.1 %" and ui.ms(12.41) == "12.4 ms"
    assert [ui.change(s) for s in (0.42, 1.0, 1.1)] == ["−58 %", "±0 %", "+10 %"]
    assert [ui.count(n) for n in (703_000, 1.24e6, 2.5e9, 12)] == ["703 k", "1.24 M", "2.50 G", "12"]


def test_texts_are_escaped():
    evil = "<img src=x onerror=alert(1)>"
    assert "<img" not in ui.table_html([evil], [[evil]]) + ui.sentence(evil).value + ui.heading(evil).value


# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
SEEN_AS = {
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


def linear(colour: str) -> np.ndarray:
    c = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ rgb
    t = xyz / [0.9505, 1.0, 1.089]
    f = np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("eyes", SEEN_AS)
def test_what_is_told_apart_by_colour_is_told_apart_by_everybody(eyes, dark):
    colours = tokens(dark=dark)
    names = ["--mdp-kept", "--mdp-gone", "--mdp-choice", "--mdp-card"]
    seen = {n: lab(np.clip(np.array(SEEN_AS[eyes]) @ linear(colours[n]), 0, 1)) for n in names}
    for a, b in itertools.combinations(names, 2):
        assert np.linalg.norm(seen[a] - seen[b]) > 11, (a, b)


@pytest.mark.parametrize("dark", [False, True])
def test_text_is_readable(dark):
    c = tokens(dark=dark)
    for ink, paper in itertools.product(
        ("--mdp-ink", "--mdp-ink-2", "--mdp-good", "--mdp-bad", "--mdp-kept"),
        ("--mdp-card", "--mdp-bg", "--mdp-sunk"),
    ):
        assert contrast(c[ink], c[paper]) >= 4.5, (ink, paper)
    assert contrast(c["--mdp-bad"], c["--mdp-bad-bg"]) >= 4.5
    assert contrast(c["--mdp-choice"], c["--mdp-card"]) >= 3
