"""The page of methods is made from the data that come along, and says of each claim what they show."""

import dataclasses

from mdp.core.comparison import Comparison, MethodPoint, read_comparison
from mdp.core.paths import SHIPPED
from tools.methods_page import CHANNELS, PAGE, page


def test_the_page_is_that_of_the_data():
    files = sorted((SHIPPED / "comparisons").glob("*.json"))
    made = page([read_comparison(path) for path in files])
    assert PAGE.read_text(encoding="utf-8") == made, "python -m tools.methods_page"


def claim(text: str, words: str) -> str:
    return next(line for line in text.splitlines() if words in line)


def test_a_claim_is_reproduced_where_ours_is_ahead_and_not_where_it_is_behind():
    def points(method, *accuracies):
        return [
            MethodPoint(method, b, 10 * b, 10 * b, cut=a, repaired=(a,))
            for b, a in zip((0.6, 0.3), accuracies, strict=True)
        ]

    ours, halp, even = points("exact", 0.9, 0.8), points("halp", 0.85, 0.5), points("isomorphic", 0.95, 0.9)
    one = Comparison("a ResNet and ViT", "f", 10_000, 0.96, 10.0, points=(*ours, *halp, *even))
    text = page([one])
    assert "the relation: reproduced: clearly ahead at 2" in claim(text, "Better than HALP")
    assert "not reproduced: clearly ahead at 0, clearly behind at 2" in claim(text, "Better than Isomorphic")
    assert "not measured yet" in claim(text, "Blocks and channels together")
    same = [dataclasses.replace(p, method=CHANNELS) for p in ours]
    same[1] = dataclasses.replace(same[1], repaired=(0.5,))
    text = page([dataclasses.replace(one, points=(*ours, *same))])
    assert "reproduced in part: clearly ahead at 1, clearly behind at 0 of 2" in claim(text, "Blocks and")
    text = page([one])
    assert "not testable here" in claim(text, "StreamPETR")
    assert "Behind Isomorphic by 5.0 points at 60 %; Isomorphic by 10.0 points at 30 %" in text
    assert "not measured yet" in claim(page([]), "Better than earlier methods")


def test_a_network_that_was_not_timed_is_said_to_have_its_latency_from_tables():
    point = MethodPoint("iterated, 3 steps", 0.3, 3.0, cut=0.5, repaired=(0.6, 0.7))
    one = Comparison("a ViT", "f", 100, 0.9, 10.0, points=(MethodPoint("exact", 0.3, 3.0, 2.9, 0.4), point))
    text = page([one])
    assert "| iterated, 3 steps | 65.0 (by tables) |" in text and "| 40.0 (29) |" in text
