"""The budget kept on the device at hand: started, told round by round, found again, its plan chosen."""

import dataclasses

import pytest

from mdp import jobs
from mdp.core.plan import plan_to_json
from mdp.core.study import load_study, save_study
from mdp.latency.local_device import measured_elsewhere, names_here
from mdp.solve import Pins, solve
from mdp_widgets.state.explorer_state import ExplorerState
from mdp_widgets.workflow.enforce_story import outcome, story_html, story_of, story_of_study
from mdp_widgets.workflow.keep_budget import budget_card, enforcing, pins_of, show_plan

from ..synthetic import synthetic_vit


def study_of(device, kind="cpu"):
    study = synthetic_vit(2)
    facts = {**study.tables.provenance, "kind": kind, "device": device}
    return dataclasses.replace(study, tables=dataclasses.replace(study.tables, provenance=facts))


@pytest.fixture
def selection():
    return ExplorerState(load_study(save_study(study_of(*names_here("cpu")))))


def test_from_the_button_to_the_plan_that_was_measured(selection, watch):
    card, before = budget_card(selection), selection.study
    assert card.story.layout.display == card.show.layout.display == "none"
    selection.set_budget("60%")
    budget = selection.budget
    card.go.click()
    state = watch(card.job)
    assert state.status == "done", jobs.output(state.id)
    assert state.arguments[:2] == ("enforce", str(before.path)) and float(state.arguments[2]) == budget
    for words in ("within the budget", "5.5 % below it", "2 rounds", "✕ over", "✓ met, kept", "14 in all"):
        assert words in card.story.value, words
    assert selection.study is before  # nothing jumps
    card.show.click()
    kept = selection.study
    assert kept.name.startswith(f"{before.name} · kept at ")
    assert kept.name in [s["name"] for s in selection.studies]
    assert plan_to_json(selection.plan)["choices"] == state.result["plan"]["choices"]
    assert card.story.layout.display is None  # the study that came of it carries the story

    again = budget_card(selection)
    assert "2 rounds" in again.story.value and again.show.layout.display is None
    selection.open(before.path)
    assert "2 rounds" in card.story.value and "2 rounds" in again.story.value  # found again by its job
    selection.study = synthetic_vit(3)
    assert card.story.layout.display == "none" and card.job.state is None


def test_what_is_pinned_stays_so(selection, watch):
    pins = Pins({"blocks.0.mlp": (256, 512)}, {"blocks.1": False})
    assert selection.go(0.6 * selection.study.problem.dense_latency, pins), selection.error
    card = budget_card(selection)
    card.go.click()
    state = watch(card.job)
    assert state.status == "done", jobs.output(state.id)
    assert state.arguments[3:5] == ("--pins", "blocks.1=removed,blocks.0.mlp=256..512")
    assert "Held fixed: blocks.1=removed, blocks.0.mlp=256..512." in card.story.value
    card.show.click()
    assert selection.pins == pins and "blocks.1" in selection.plan.removed_blocks
    assert plan_to_json(selection.plan)["choices"] == state.result["plan"]["choices"]


def test_every_question_has_a_study_of_its_own(selection):
    study, budget = selection.study, 4.0
    pins = Pins(blocks={"blocks.1": False})
    asked = [(budget, Pins()), (budget + 1e-9, Pins()), (budget, pins)]
    files = [enforcing(study, *a).out for a in asked]
    assert len(set(files)) == 3 and enforcing(study, *asked[0]).out == files[0]
    first = enforcing(study, *asked[0]).name
    save_study(dataclasses.replace(study, name=first), files[0])
    assert enforcing(study, *asked[0]).name == first and enforcing(study, *asked[1]).name == f"{first} 2"


def test_a_plan_that_is_not_the_best_of_its_tables_is_pinned(selection):
    problem = selection.study.problem
    worse = solve(problem, 0.4 * problem.dense_latency)
    show_plan(selection, None, dataclasses.replace(worse, budget=0.8 * problem.dense_latency))
    assert selection.plan.choices == worse.choices and selection.plan.removed_blocks == worse.removed_blocks
    assert selection.pins == pins_of(selection.study, worse) and selection.budget > worse.latency


@pytest.mark.parametrize("kind", ["cpu", "cuda", "tpu", ""])
def test_tables_of_another_device_are_a_sentence_and_nothing_starts(kind):
    selection = ExplorerState(study_of("NVIDIA H0", kind))
    card = budget_card(selection)
    card.go.click()
    said = card.job.children[0].value
    assert "were measured on NVIDIA H0" in said and "Measure the model here first" in said
    assert jobs.list_jobs() == [] and measured_elsewhere(study_of(*names_here("cpu"))) == ""
    selection.study = None
    card.go.click()
    assert "Open a study" in card.job.children[0].value


def test_where_long_work_is_switched_off_it_is_not_offered(selection, monkeypatch):
    monkeypatch.setenv("MDP_LONG_WORK", "off")
    card = budget_card(selection)
    assert card.go.disabled and any("switched off" in getattr(c, "value", "") for c in card.children)


def test_verifications_without_a_budget_are_not_shown(selection):
    jobs.start(["verify", str(selection.study.path), "--strict", "1e9", "--out", "x", "--name", "y"], "Kept")
    card = budget_card(selection)
    assert card.job.job_id
    card.job.cancel()
    jobs.start(["verify", str(selection.study.path)], "Random sub-networks")
    assert budget_card(selection).job.job_id == card.job.job_id


STEP = {"target": 2.0, "predicted": 2.0, "measured": 1.9, "corrected": 2.0, "remeasured": 3, "met": True}


@pytest.mark.parametrize(
    "facts",
    [None, [], "x", {}, {"steps": [STEP], "round": 1, "budget": 2, "measured": 1}, {"steps": 3, "round": 0},
     {"steps": [{**STEP, "met": True, "target": "<b>"}], "round": 0, "budget": 2.0, "measured": 1.9}],
)  # fmt: skip
def test_a_story_that_cannot_be_read_is_none(facts):
    assert story_of(facts) is None and story_of_study(None) is None


def test_a_story_without_a_plan_is_told_all_the_same():
    story = story_of({"steps": [STEP], "round": 0, "budget": 1.9, "measured": 1.9, "plan": {"format": "?"}})
    assert story.plan is None and "1 round." in outcome(story) and "below" not in outcome(story)
    assert "✓ met, kept" in story_html(story)
