"""The selection: study, budget, pins and plan always belong together; what cannot be done is a sentence."""

import asyncio
import dataclasses

import pytest

from mdp.core.errors import MdpError
from mdp.core.study import load_study, save_study
from mdp.solve import Pins, solve
from mdp_widgets.state import choices, progressive_front
from mdp_widgets.state.explorer_state import ExplorerState
from mdp_widgets.state.navigation import first_block
from mdp_widgets.state.progressive_front import grow, rounds

from ..loops import run_apart


@pytest.fixture
def selection(vit):
    return ExplorerState(vit)


def test_opens_with_plan_front_and_a_block_in_view(selection, vit):
    assert selection.plan.budget == selection.budget == pytest.approx(vit.problem.dense_latency / 2)
    assert selection.plan.latency <= selection.budget
    assert len(selection.front.points) == 100 and selection.front.supported
    assert (selection.block, selection.dim) == ("blocks.0", "blocks.0.heads")
    assert not selection.error and not selection.can_undo


def test_a_block_that_survives_is_in_view_at_first(selection, vit):
    gone = [b.name for b in vit.problem.blocks][:2]
    assert first_block(vit, gone) == "blocks.2"
    assert first_block(vit, [b.name for b in vit.problem.blocks]) == "blocks.0"
    opened = ExplorerState()
    opened.show(load_study("fmnist-vit-cpu"))
    assert opened.block not in opened.plan.removed_blocks


def test_every_page_opens_the_study_that_most_is_known_of():
    opened = ExplorerState()
    assert opened.open_best() and opened.study.accuracy
    assert opened.study.scores.provenance["dataset"] == "fashion-mnist-subset"


def test_a_budget_solves_again(selection, vit):
    seen = []
    selection.observe(lambda c: seen.append(c["new"]), "plan")
    selection.budget = 0.4 * vit.problem.dense_latency
    expected = solve(vit.problem, selection.budget)
    assert seen == [selection.plan]
    assert selection.plan.importance == pytest.approx(expected.importance)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("abc", "not a number"),
        ("0", "smallest latency"),
        ("-3%", "smallest"),
        ("", "not a number"),
        ("nan", "not a number"),
        ("1e-9", "smallest"),
    ],
)
def test_a_budget_that_cannot_be_is_a_sentence_and_nothing_changes(selection, text, words):
    before = (selection.budget, selection.plan)
    assert not selection.set_budget(text)
    assert words in selection.error
    assert (selection.budget, selection.plan) == before
    assert selection.set_budget("60%") and not selection.error


def test_a_huge_budget_is_the_dense_network(selection, vit):
    dense = vit.problem.dense_latency
    for ask in (lambda: selection.set_budget("1e9"), lambda: selection.go(1e20, Pins())):
        assert ask() and selection.budget == dense
        assert selection.plan.importance == pytest.approx(vit.problem.dense_importance)
        selection.set_budget("50%")
    assert selection.compare_with(1e20, Pins()) and selection.reference.budget == dense


def test_pins_bind_and_contradictions_are_refused(selection):
    selection.pin_block("blocks.1", False)
    assert "blocks.1" in selection.plan.removed_blocks
    selection.pin_dim("blocks.0.heads", 1)
    assert selection.plan.choices["blocks.0.heads"] in (1, None)
    before = selection.pins
    selection.pins = Pins(blocks={"no such block": True})
    assert "no block" in selection.error and selection.pins == before
    selection.clear_pins()
    assert not selection.error and not selection.pins


def test_pins_that_the_budget_cannot_carry_are_refused(selection):
    selection.set_budget(selection.min_latency)
    before = selection.plan
    for block in ("blocks.0", "blocks.1", "blocks.2", "blocks.3"):
        selection.pin_block(block, True)
    assert "No choice meets" in selection.error
    assert selection.plan.budget == before.budget and selection.plan.latency <= before.budget * (1 + 1e-9)


def test_undo_and_redo_walk_through_what_was_settled(selection):
    start = selection.budget
    selection.budget = 0.9 * start  # on the way of a drag
    selection.budget = 0.8 * start
    selection.settle()
    selection.pin_block("blocks.1", False)
    selection.undo()
    assert not selection.pins and selection.budget == 0.8 * start
    selection.undo()
    assert selection.budget == start and selection.plan.budget == start
    assert not selection.can_undo and selection.can_redo
    selection.undo()  # nothing left: nothing happens
    selection.redo()
    selection.redo()
    assert selection.pins.blocks == {"blocks.1": False} and not selection.can_redo


def test_the_smallest_latency_belongs_to_the_pins_however_they_come(selection, vit):
    free, kept = selection.min_latency, Pins(blocks={"blocks.1": True, "blocks.2": True})
    assert selection.go(selection.budget, kept) and selection.min_latency > free
    pinned = selection.min_latency
    selection.undo()
    assert selection.min_latency == free
    selection.redo()
    assert selection.min_latency == pinned
    assert not selection.set_budget(free) and "with what is pinned" in selection.error


def test_another_study_can_be_undone_with_all_that_belonged_to_the_first(selection, vit, resnet):
    selection.pin_block("blocks.1", False)
    selection.keep_as_a()
    selection.set_budget("60%")
    before = selection.budget, selection.plan.choices, selection.reference, selection.min_latency
    selection.study = resnet
    assert selection.can_undo and not selection.pins and selection.reference is None
    seen = []
    selection.observe(lambda _: seen.append((selection.plan.fingerprint, selection.front)), "study")
    selection.undo()
    assert (selection.budget, selection.plan.choices, selection.reference, selection.min_latency) == before
    assert selection.study is vit and selection.pins.blocks == {"blocks.1": False}
    assert seen[0][0] == vit.problem.fingerprint  # no view sees one study with another's plan
    assert selection.front is not None and selection.block in {b.name for b in vit.problem.blocks}
    selection.redo()
    assert selection.study is resnet and selection.plan.fingerprint == resnet.problem.fingerprint


def test_the_first_study_of_a_page_is_not_undone(vit):
    selection = ExplorerState()
    selection.begin()  # a page that opened before there was a study
    selection.study = vit
    assert not selection.can_undo
    selection.study = None
    selection.undo()
    assert selection.study is None and not selection.error


def test_a_damaged_study_leaves_the_open_one_open(selection, vit, tmp_path):
    path = save_study(vit, tmp_path / "whole.json")
    (tmp_path / "half.json").write_text(path.read_text()[:5000])
    assert not selection.open(tmp_path / "half.json")
    assert "not complete JSON" in selection.error and selection.study is vit
    assert selection.open(path) and not selection.error and selection.study.path == path
    assert not selection.open("no-such-study") and "There is no study" in selection.error


def test_looking_at_a_dim_moves_to_its_block(selection):
    selection.look_at(dim="blocks.2.mlp")
    assert (selection.block, selection.dim) == ("blocks.2", "blocks.2.mlp")
    selection.look_at(dim="embed")  # shared: the block in view uses it too and stays
    assert (selection.block, selection.dim) == ("blocks.2", "embed")
    selection.look_at("blocks.3")
    assert (selection.block, selection.dim) == ("blocks.3", "blocks.3.heads")
    selection.look_at("nothing", "of this name")
    assert selection.block == "blocks.3"


def test_without_a_study_nothing_fails():
    selection = ExplorerState()
    selection.set_budget("40%")
    selection.look_at("blocks.0")
    selection.undo()
    selection.settle()
    assert selection.plan is None and not selection.error


def test_the_front_grows_while_the_page_answers(vit):
    told = []

    async def page():
        loop = asyncio.get_running_loop()
        await grow(vit.problem, vit.problem.dense_latency / 10, 100, told.append, loop)

    run_apart(page())
    sizes = [len(front.points) for front in told]
    assert sizes[0] < 20 and sizes[-1] == 100 and sizes == sorted(sizes)
    assert told[-1].supported


def test_the_page_waits_for_no_plan_for_long(vit, monkeypatch):
    asked = []

    def stubborn(problem, budget, *, time_limit=None, **asked_of):
        """Proves nothing at half of dense, and finds nothing at a quarter."""
        asked.append(time_limit)
        share = round(budget / problem.dense_latency, 9)
        if share == 0.25:
            raise MdpError("No plan was found in time.")
        return dataclasses.replace(solve(problem, budget, **asked_of), optimal=share != 0.5)

    monkeypatch.setattr(choices, "solve", stubborn)
    monkeypatch.setattr(progressive_front, "solve", stubborn)
    dense = vit.problem.dense_latency
    *_, front = filter(None, progressive_front.growing_front(vit.problem, 0.25 * dense, 4))
    assert [round(p.budget / dense, 2) for p in front.points] == [0.5, 0.75, 1.0] and front.supported
    assert asked == [progressive_front.FIRST] * 4 + [progressive_front.AGAIN]  # one was not proven
    asked.clear()
    choices.solved(vit.problem, dense, Pins(), {})
    assert asked == [choices.PATIENCE]


def test_a_drag_waits_less_and_its_end_proves_what_it_left(selection, monkeypatch):
    asked = []

    def slow(problem, budget, *, time_limit=None, **asked_of):
        """Proves nothing in the time of a drag."""
        asked.append(time_limit)
        return dataclasses.replace(solve(problem, budget, **asked_of), optimal=time_limit >= choices.PATIENCE)

    monkeypatch.setattr(choices, "solve", slow)
    dense = selection.study.problem.dense_latency
    selection.drag_to(0.3 * dense)
    selection.drag_to(0.4 * dense)
    assert asked == [choices.ON_THE_WAY] * 2 and not selection.plan.optimal
    selection.settle()
    selection.settle()
    assert asked[2:] == [choices.PATIENCE] and selection.plan.optimal
    selection.set_budget("50%")
    assert asked[3:] == [choices.PATIENCE]


def test_a_drag_takes_the_time_that_a_plan_at_all_needs(selection, monkeypatch):
    asked = []

    def slow(problem, budget, *, time_limit=None, **asked_of):
        asked.append(time_limit)
        if time_limit < choices.PATIENCE:
            raise MdpError("No plan was found in time.")
        return solve(problem, budget, **asked_of)

    monkeypatch.setattr(choices, "solve", slow)
    selection.drag_to(0.3 * selection.study.problem.dense_latency)
    assert asked == [choices.ON_THE_WAY, choices.PATIENCE] and not selection.error


def test_rounds_hold_every_budget_once():
    found = rounds(1.0, 9.0, 100)
    flat = [b for part in found for b in part]
    assert len(flat) == len(set(flat)) == 100
    assert min(found[0]) == 1.0 and max(found[0]) == 9.0
