"""The figure "Methods": its record, from the comparison that comes along, and from one that lacks things."""

import dataclasses

import pytest

import mdp
from mdp.core.comparison import Comparison, MethodPoint
from mdp.core.errors import MdpError
from mdp.plot import methods
from mdp.plot.method_lines import methods_figure, methods_table, methods_words, stages_of
from mdp.plot.method_lines_draw import draw_methods


@pytest.fixture(scope="module")
def study():
    return mdp.load_study("fmnist-vit-cpu")


@pytest.fixture(scope="module")
def comparison(study):
    dense = study.problem.dense_choices
    plan = study.solve("40%")
    points = (
        MethodPoint("halp", 0.4, 10.0, 11.0, cut=0.4, repaired=(0.7,), choices=dense),
        MethodPoint("exact", 0.4, 10.0, 10.5, 0.5, (0.8, 0.81, 0.82), (), plan.choices, plan.removed_blocks),
        MethodPoint("exact", 0.2, 5.0, 5.5, cut=0.4, repaired=(0.7,), choices={"nothing": 3}),
        MethodPoint("torch-pruning", 0.5, None, 14.0, cut=0.4),
    )
    return Comparison(study.name, study.problem.fingerprint, 1000, 0.87, 27.0, "here", "images", points)


def test_a_line_a_method_ours_first_over_measured_latency_and_hover_tells_the_plan(study, comparison):
    info = methods_figure(study, comparison)
    assert list(info.lines) == ["MDP (exact)", "HALP"]
    fast, slow = info.lines["MDP (exact)"]
    assert (fast.latency, slow.latency, slow.accuracy) == (5.5, 10.5, pytest.approx(0.81))
    for told in ("measured 10.5", "predicted 10", "as cut 50", "repaired 81", "removed", "kept:", "3 seeds"):
        assert told in slow.text
    assert list(methods_figure(study, comparison, "cut").lines) == ["MDP (exact)", "HALP", "Torch-Pruning"]
    assert stages_of(comparison) == ("cut", "repaired")
    assert len(methods_table(info)[1]) == 4  # the dense network, too
    assert "at 2 of 2 points" in methods_words(comparison, "repaired")  # HALP has nothing as fast
    assert "Not measured" not in methods_words(comparison, "repaired")
    steps = MethodPoint("iterated, 3 steps", 0.4, 10.0, None, 0.4, (0.8,))  # cut on another machine
    later = dataclasses.replace(comparison, points=(*comparison.points, steps))
    assert list(methods_figure(study, later).lines)[-1] == "iterated, 3 steps (by tables)"
    more = (*comparison.points, MethodPoint("nvit", 0.4, 10.0, 11.0), MethodPoint("random", 0.4, 10.0))
    words = methods_words(dataclasses.replace(comparison, points=more), "repaired")
    assert words.endswith("Not measured yet: 2 of 6 plans (of NViT, random).")
    later = (*comparison.points, MethodPoint("nvit", 0.4, 10.0, 11.0, cut=0.3, choices={"nothing": 3}))
    words = methods_words(dataclasses.replace(comparison, points=later), "repaired")
    assert words.endswith("Not repaired yet: 1 of 5 plans (of NViT).")
    assert "within the 95 %" not in words  # of no point, so nothing is said of it


def test_what_was_not_timed_is_said_and_a_share_of_multiply_adds_is_called_one(study, comparison):
    mark = methods_figure(study, comparison, "cut").lines["Torch-Pruning"][0]
    assert "asked for 50 % of dense multiply-adds" in mark.text and "14.0 ms (52 % of dense)" in mark.text
    assert "Not timed" not in methods_words(comparison, "cut")
    rivals = (
        MethodPoint("torch-pruning", share, None, cut=right) for share, right in ((0.5, 0.4), (0.8, 0.7))
    )
    untimed = dataclasses.replace(comparison, points=(*comparison.points[:3], *rivals))
    assert "Torch-Pruning" not in methods_figure(study, untimed, "cut").lines
    told = "so not drawn: Torch-Pruning (70.0 % at 80 %, 40.0 % at 50 % of dense multiply-adds)."
    assert told in methods_words(untimed, "cut")
    assert "Torch-Pruning" not in methods_words(untimed, "repaired")  # it was not measured there at all


def test_a_mark_at_nothing_right_is_drawn_whole(study, comparison):
    points = (MethodPoint("exact", 0.4, 10.0, 10.5, cut=0.0), MethodPoint("exact", 0.8, 20.0, 20.5, cut=0.8))
    info = methods_figure(study, dataclasses.replace(comparison, points=points), "cut")
    assert draw_methods(info)["layout"]["yaxis"]["range"][0] < 0


def test_no_interval_of_ours_is_cut_off(study, comparison):
    info = methods_figure(study, comparison)
    low, high = draw_methods(info)["layout"]["yaxis"]["range"]
    ends = [100 * end for mark in info.lines["MDP (exact)"] for end in (mark.low, mark.high)]
    assert low < min(ends) and max(ends) < high


def test_ours_is_drawn_on_top_and_nothing_breaks_without_points(study, comparison):
    names = [trace["name"] for trace in draw_methods(methods_figure(study, comparison))["data"]]
    assert names[-2:] == ["MDP (exact)", "dense"]
    empty = dataclasses.replace(comparison, points=(), dense_measured=None)
    assert draw_methods(methods_figure(study, empty))["data"] == []
    with pytest.raises(MdpError, match="cut, repaired"):
        methods_figure(study, comparison, "polished")


def test_the_public_figure_takes_a_comparison_and_says_where_there_is_none(study, comparison):
    assert methods(study, comparison, dark=True).layout.xaxis.title.text == "measured latency, ms"
    other = dataclasses.replace(study, path=None, name="of nobody")
    with pytest.raises(MdpError, match="No methods were compared"):
        methods(other)
