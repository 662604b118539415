"""One function says "1 point" and "6 points"."""

import re
from pathlib import Path

import pytest

from mdp.core.words import many, plural

REPO = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 points"), (1, "1 point"), (2, "2 points"), (1200, "1,200 points")]
)
def test_a_noun_follows_its_number(count, words):
    assert many(count, "point") == words and words.endswith(plural(count, "point"))


def test_nobody_hangs_an_s_on_a_noun_by_hand():
    files = [p for room in ("mdp", "mdp_widgets", "tools", "benchmarks") for p in (REPO / room).rglob("*.py")]
    by_hand = [str(p) for p in files if re.search(r"""["']s["'] \* \(""", p.read_text(encoding="utf-8"))]
    assert files and by_hand == []
