"""The comparison of methods: its file, and who is first at equal latency."""

import dataclasses

import pytest

from mdp.core.comparison import Comparison, MethodPoint, read_comparison, write_comparison
from mdp.core.comparison_standing import accuracy_at, share_won, standings
from mdp.core.errors import BadFile

OURS = (
    MethodPoint("exact", 0.5, 5.0, 5.0, cut=0.5, repaired=(0.8, 0.82)),
    MethodPoint("exact", 0.2, 2.0, 2.0, cut=0.3, repaired=(0.6,)),
)
RIVAL = (
    MethodPoint("halp", 0.6, 6.0, 6.0, cut=0.6, repaired=(0.9,)),
    MethodPoint("halp", 0.4, 4.0, 4.0, cut=0.6, repaired=(0.7,)),
)
BOTH = Comparison("one", "f", 1000, 0.95, 10.0, "a device", "images", (*RIVAL, *OURS), {"nvit": (0.2,)})


def test_a_comparison_is_read_as_it_was_written(tmp_path):
    write_comparison(tmp_path / "a.json", BOTH)
    assert read_comparison(tmp_path / "a.json") == BOTH


@pytest.mark.parametrize(
    "change",
    [{"format": "other"}, {"images": 0}, {"dense": 1.5}, {"points": [{"method": "x"}]}, {"points": 3}],
)
def test_a_damaged_comparison_is_refused_in_a_sentence(tmp_path, change):
    from mdp.core.files import read_json, write_json

    write_comparison(tmp_path / "a.json", BOTH)
    write_json(tmp_path / "a.json", {**read_json(tmp_path / "a.json"), **change})
    with pytest.raises(BadFile, match="comparison"):
        read_comparison(tmp_path / "a.json")


def test_standing_at_equal_latency_is_by_the_line_through_a_rivals_points():
    # At 5 ms HALP's line says 0.8 (between 0.7 at 4 and 0.9 at 6), ours 0.81; at 2 ms it has nothing.
    assert accuracy_at(BOTH, "halp", "repaired", 5.0) == pytest.approx(0.8)
    slow, fast = standings(BOTH)
    assert (slow.verdict, slow.rival, fast.verdict) == ("first", "halp", "alone")
    behind = standings(BOTH, "cut")[0]
    assert (behind.verdict, behind.best) == ("behind", pytest.approx(0.6))
    assert share_won(standings(BOTH, "cut")) == 0.5
    few = dataclasses.replace(BOTH, images=50)  # 0.5 of 50 images lies in the interval of 0.6
    assert standings(few, "cut")[0].verdict == "within"


def test_between_its_fastest_network_and_the_dense_one_a_method_is_on_a_line():
    assert accuracy_at(BOTH, "halp", "repaired", 8.0) == pytest.approx((0.9 + 0.95) / 2)
    assert accuracy_at(BOTH, "halp", "repaired", 11.0) is None
