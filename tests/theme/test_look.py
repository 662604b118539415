"""Numbers as people read them, and colours that everybody can tell apart."""

import itertools

import pytest

from mdp.plot import formats as fmt
from mdp.plot.style import tokens
from mdp_widgets.theme import ui
from tools.colours import EYES, TOGETHER, colour_table, contrast, difference, main, seen


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
    assert fmt.number(value) == text


def test_shares_and_counts():
    assert fmt.percent(0.9314) == "93.1 %" and fmt.ms(12.41) == "12.4 ms"
    assert [fmt.change(s) for s in (0.42, 1.0, 1.1)] == ["−58 %", "±0 %", "+10 %"]
    assert [fmt.count(n) for n in (703_000, 1.24e6, 2.5e9, 12)] == ["703 k", "1.24 M", "2.50 G", "12"]


def test_texts_are_escaped():
    evil = "<img src=x onerror=alert(1)>"
    assert "<img" not in ui.table_html([evil], [[evil]]) + ui.sentence(evil).value + ui.heading(evil).value


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("eyes", EYES)
def test_what_is_told_apart_by_colour_is_told_apart_by_everybody(eyes, dark):
    pairs = colour_table(eyes, dark=dark)
    assert len(pairs) == len(TOGETHER)
    for pair in pairs:
        assert pair.difference > 11, (eyes, pair)


def test_the_simulation_is_the_published_one():
    assert seen("#808080", "deuteranopia") == "#808080"  # grey stays grey for everybody
    assert difference("#ff0000", "#00b000", "normal") > 3 * difference("#d00000", "#806000", "deuteranopia")
    assert seen("#ff0000", "protanopia") == "#6d5f00"


def test_the_check_can_be_shown(capsys, tmp_path):
    assert main(["--out", str(tmp_path / "colours.svg")]) == 0
    out = capsys.readouterr().out
    assert "deuteranopia" in out and "tritanopia" in out and "kept" in out
    picture = (tmp_path / "colours.svg").read_text()
    assert picture.startswith("<svg") and picture.count("<rect") > 40 and "http" not in picture[60:]


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
