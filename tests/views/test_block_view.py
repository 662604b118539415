"""The cards of one block, where the network has none."""

import dataclasses

import pytest

from mdp.core.errors import MdpError
from mdp_widgets.state.explorer_state import ExplorerState
from mdp_widgets.views import explanation
from mdp_widgets.views.block import BlockView


def without_blocks(study):
    free = {
        side: tuple(dataclasses.replace(t, block=None) for t in getattr(study.problem, side))
        for side in ("latency", "importance")
    }
    problem = dataclasses.replace(study.problem, blocks=(), **free)
    return dataclasses.replace(study, problem=problem, path=None)


def test_a_network_without_blocks_shows_its_own_widths_and_nothing_of_the_study_before(vit):
    selection = ExplorerState(vit)
    view = BlockView(selection)
    before = view.surface.spec, view.curve.spec
    assert "blocks.0" in view.sentences.value and not view.pin_block.disabled
    selection.show(without_blocks(vit))
    assert (selection.block, selection.dim) == ("", vit.problem.dims[0].name)
    assert "only its widths are chosen" in view.sentences.value and view.pin_block.disabled
    assert view.curve.spec != before[1] and view.surface.spec != before[0]
    selection.show(vit)
    assert "blocks.0" in view.sentences.value and not view.pin_block.disabled


def test_a_figure_that_the_study_has_nothing_for_is_not_there(vit):
    selection = ExplorerState(vit)
    view = BlockView(selection)
    cards = view.widget.children[1:]
    plain = without_blocks(vit)
    first = plain.problem.dims[0].name
    fixed = [
        t if first not in t.dims else dataclasses.replace(t, dims=(), values=t.values.max())
        for t in plain.problem.latency
    ]
    selection.show(
        dataclasses.replace(plain, problem=dataclasses.replace(plain.problem, latency=tuple(fixed)))
    )
    assert selection.dim == first and [c.layout.display for c in cards] == ["none", None]
    selection.show(vit)
    assert [c.layout.display for c in cards] == [None, None]


def test_opposites_share_one_time_and_are_not_asked_beside_a_plan_that_is_not_proven(vit, monkeypatch):
    asked = []

    def counted(problem, budget, *, time_limit, **held):
        asked.append(time_limit)
        return explanation.solve_before(problem, budget, **held)

    monkeypatch.setattr(explanation, "solve_before", explanation.solve, raising=False)
    monkeypatch.setattr(explanation, "solve", counted)
    selection = ExplorerState(vit)
    because = explanation.Because(selection)
    assert because.settled and because.info.block_counterfactual is not None
    assert asked and all(0 < seconds <= explanation.MOMENT for seconds in asked)
    asked.clear()
    selection.plan = dataclasses.replace(selection.plan, optimal=False)
    selection.settle()
    assert because.settled and because.info.block_counterfactual is None and not asked
    with pytest.raises(MdpError, match="no time left"):
        explanation.in_a_moment(every=0.0)(vit.problem, vit.problem.dense_latency)
