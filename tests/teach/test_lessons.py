"""The figures of the steps: what their records say, and that their controls move what they should."""

import math

import numpy as np
import pytest

from mdp.core.measurements import Measured
from mdp.plot.counterfactuals import (
    counterfactuals_info,
    counterfactuals_label,
    counterfactuals_table,
    draw_counterfactuals,
)
from mdp.solve import solve, what_if
from mdp_widgets import teach as lessons
from mdp_widgets.pages.inspector import Inspector
from mdp_widgets.teach.choices import thinned
from mdp_widgets.teach.figures.blocks import blocks_info
from mdp_widgets.teach.figures.choices import choices_info
from mdp_widgets.teach.figures.linear import linear_info, linear_latency
from mdp_widgets.teach.figures.units import units_info
from mdp_widgets.teach.line_cost import WIDTHS, line_cost

from ..synthetic import synthetic_resnet, synthetic_vit


@pytest.fixture(scope="module")
def vit():
    return synthetic_vit(4, embed=96)


@pytest.fixture
def selection(vit):
    return lessons.open_study(vit)


def test_choices_count_the_networks_and_price_the_block(vit):
    info = choices_info(vit, "blocks.1", {"blocks.1.heads": 3})
    heads = next(r for r in info.rows if r.label == "heads")
    assert heads.one_hot == (0, 0, 1, 0, 0, 0) and not heads.shared
    assert info.rows[-1].shared  # the embedding, last
    assert 0 < info.latency < info.dense_latency and 0 < info.importance < 1
    every = math.prod(len(d.options) for d in vit.problem.dims) * 2 ** len(vit.problem.blocks)
    assert info.networks == pytest.approx(math.log10(every))


@pytest.mark.parametrize("count", [1, 5, 12, 13, 100])
def test_thinned_options_fit_and_keep_dense(count):
    options = thinned(tuple(range(1, count + 1)))
    assert len(options) <= 12 and options[-1] == count


def test_units_are_sorted_and_sum_to_one(vit):
    info = units_info(vit, "blocks.0.mlp", 5)
    assert list(info.scores) == sorted(info.scores, reverse=True)
    assert sum(info.scores) == pytest.approx(1) and info.share == pytest.approx(sum(info.scores[:5]))


def test_the_linear_model_is_right_only_where_inputs_are_dense(vit):
    problem = vit.problem
    dense = problem.dense_choices
    assert linear_latency(problem, dense, ()) == pytest.approx(problem.dense_latency)
    own = dense | {"blocks.0.mlp": problem.dim["blocks.0.mlp"].options[0]}
    assert linear_latency(problem, own, ()) == pytest.approx(problem.evaluate(own)[0])
    fed = dense | {"embed": problem.dim["embed"].options[0]}
    assert linear_latency(problem, fed, ()) > problem.evaluate(fed)[0]
    info = linear_info(problem, 0.5)
    assert info.measured == () and info.table_error == 0
    dims = {d.name: d.options[0] for d in problem.dims}
    truth = problem.evaluate(dims)[0]
    seen = linear_info(problem, 0.5, measured=[Measured("one", truth, 1.1 * truth, 0.5, (), dims)])
    assert seen.tables == (pytest.approx(truth),) and seen.table_error == pytest.approx(0.1 / 1.1)
    assert seen.linear[0] > truth
    assert info.error > 0.05 and all(a >= b for a, b in zip(info.at_dense, info.at_input, strict=True))


def test_freedom_to_remove_blocks_never_costs(vit):
    info = blocks_info(vit.problem, points=6)
    assert info.smallest_free < info.smallest_kept
    for latency, importance in info.kept:
        free = solve(vit.problem, latency).importance / vit.problem.dense_importance
        assert free >= importance - 1e-9
    assert not any(b.removable for b in WIDTHS.problem(vit.problem).blocks)


def test_what_the_line_costs_is_importance_within_the_same_budget(vit):
    cost = line_cost(vit.problem, 0.4)
    assert cost.line <= cost.widths <= cost.blocks and cost is line_cost(vit.problem, 0.4)


def test_opposites_never_gain_and_name_the_block(vit):
    plan = solve(vit.problem, 0.3 * vit.problem.dense_latency)
    info = counterfactuals_info(vit.problem, what_if(vit.problem, plan), "blocks.1")
    assert len(info.blocks) == 4
    assert all(o.loss is None or o.loss > -1e-9 for o in (*info.blocks, *info.dims))
    assert counterfactuals_table(info)[1][0][0] == "the block"
    bars = draw_counterfactuals(info)["data"]
    assert sorted(n for b in bars for n in b["customdata"]) == sorted(o.name for o in info.blocks)
    assert "blocks." in counterfactuals_label(info)


def test_choosing_a_width_changes_the_sentence(selection):
    step = lessons.choices(selection)
    before = step.said.value
    step.buttons[0].value = 1
    assert step.said.value != before and "10<sup>" in before


def test_the_importance_slider_and_dim(selection):
    step = lessons.importance(selection)
    step.dim.value = "embed"
    assert step.kept.options[-1] == 96
    step.kept.value = 96
    assert "100.0 %" in step.said.value


def test_the_input_slider_shows_the_error(selection):
    step = lessons.linear(selection)
    step.width.value = step.width.options[-1]
    assert "<b>0 %</b> too much" in step.said.value
    step.width.value = step.width.options[0]
    assert "<b>0 %</b> too much" not in step.said.value


def test_a_cut_moves_both_bars(selection):
    step = lessons.cutting(selection)
    dense = selection.study.problem.dense_latency
    named = {"all widths", "all embedding widths", "all numbers of heads", "all Q/K widths", "all V widths"}
    assert named < set(step.cut.options)
    step.share.value = 100
    assert "<b>100 %</b> of the multiply-adds" in step.said.value
    step.cut.value, step.share.value = "all MLP widths", 50
    assert "<b>100 %</b>" not in step.said.value and f"{dense:.1f} ms" in step.said.value
    _, time = step.bars.spec["data"][0]["x"]
    cut = {d.name: 192 for d in selection.study.problem.dims if d.kind == "mlp"}
    problem = selection.study.problem
    assert time == pytest.approx(100 * problem.evaluate(problem.dense_choices | cut)[0] / dense)


def test_a_scan_without_measured_accuracy_shows_importance_and_says_so(selection):
    step = lessons.sensitivity(selection)
    assert step.scan.spec["layout"]["yaxis"]["title"]["text"] == "importance lost, %"
    assert "was not measured" in str([c.value for c in _all(step) if hasattr(c, "value")])


def test_a_block_removed_by_hand_stays_removed_and_comes_back(selection):
    step = lessons.removal(selection)
    button = step.buttons[0]
    assert button.value
    button.value = False
    assert "blocks.0" in step.mine.plan.removed_blocks and "decided by you" in step.said.value
    assert "blocks.0" not in (selection.plan.removed_blocks or ()) or not selection.pins.blocks
    step.mine.clear_pins()
    assert "decided by you" not in step.said.value


def test_the_program_is_solved_as_the_slider_moves(selection):
    step = lessons.program(selection)
    before = step.drawing.info
    assert "Shadow price" in str([c.value for c in _all(step) if hasattr(c, "value")])
    step.bar.budget = selection.min_latency * 1.2
    assert step.drawing.info != before and selection.plan.optimal


def test_without_a_study_every_step_says_so(monkeypatch):
    monkeypatch.setattr("mdp_widgets.state.opening.list_studies", list)
    selection = lessons.open_study()
    for step in ("choices", "cutting", "importance", "linear", "removal", "program", "sensitivity"):
        shown = getattr(lessons, step)(selection)
        assert "There is no study at hand" in str([c.value for c in _all(shown) if hasattr(c, "value")])


def test_the_inspector_follows_the_block():
    inspector = Inspector(synthetic_resnet((1, 2, 1, 1)))
    assert "best otherwise" in inspector.table.value
    inspector._choose({"custom": "layer2.1"})
    assert inspector.selection.block == "layer2.1" and inspector.survivors.selected["block"] == "layer2.1"
    before = inspector.bars.spec
    inspector.selection.set_budget("30%")
    assert inspector.bars.spec != before
    assert np.isfinite(inspector.selection.plan.latency)


def _all(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from _all(child)
