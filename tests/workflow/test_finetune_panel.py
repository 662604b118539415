"""Fine-tuning from the page, without a browser, through the real command line's arguments."""

import dataclasses
import json

import pytest

from mdp import jobs
from mdp.core.plan import load_plan, plan_to_json
from mdp.core.study import save_study
from mdp.plot import formats as fmt
from mdp_widgets.state.explorer_state import ExplorerState
from mdp_widgets.workflow import (
    StudyDraft,
    finetune_panel,
)
from mdp_widgets.workflow.finetune_facts import FinetuneFacts, facts_table, finetune_facts
from mdp_widgets.workflow.training_curve import WAITS, draw_training, training_info

from ..synthetic import synthetic_vit
from .conftest import text_of


def write_card(tmp_path, name, extra):
    """A network's architecture file with this under "extra"."""
    folder = tmp_path / "user" / "networks" / name
    folder.mkdir(parents=True)
    (folder / "architecture.json").write_text(json.dumps({"extra": extra}))


def test_finetune_from_start_to_measured_latency(selection, watch):
    panel = finetune_panel(selection)
    panel.epochs.value = "2"
    panel.go.click()
    assert "Name the images" in text_of(panel.job)  # the study's importance is of no images at hand
    panel.data.value = "fashion-mnist"
    panel.go.click()
    state = watch(panel.job)
    assert state.status == "done", jobs.output(state.id)
    assert load_plan(state.arguments[state.arguments.index("--plan") + 1]) == selection.plan
    assert "--no-repair" not in state.arguments  # it is the command's default
    assert panel.plot.spec["data"][0]["y"] == [50.0, 80.0, 80.0]  # before, and after each epoch
    for words in (
        "90.0 %",
        "50.0 %",
        "70.0 %",  # repaired
        "88.0 %",
        "10.5 ms",
        "5.0 % slower than predicted",
        "2.00 times as fast",
    ):
        assert words in panel.table.value
    again = finetune_panel(selection)
    assert "88.0 %" in again.table.value


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [("epochs", "-1", "Epochs -1 cannot"), ("rate", "nan", "Learning rate nan"),
     ("rate", "0", "Learning rate 0"),
     ("images", "some", "Train on “some” cannot"), ("data", "/nowhere", "There is no folder")],
)  # fmt: skip
def test_bad_finetuning_is_a_sentence(selection, field, value, said):
    panel = finetune_panel(selection)
    getattr(panel, field).value = value
    panel.go.click()
    assert said in text_of(panel.job) and jobs.list_jobs() == []


def test_finetune_without_a_study_is_a_sentence():
    panel = finetune_panel(_empty())
    panel.go.click()
    assert "Open a study" in text_of(panel.job)


def test_a_plan_that_was_finetuned_before_says_what_it_is_worth(selection, tmp_path):
    panel, plan = finetune_panel(selection), selection.plan
    assert "Another budget" in panel.about.value and "87.3 %" not in panel.table.value
    facts = {"accuracy_pruned": 0.2, "accuracy_tuned": 0.873, "latency_measured": None}
    for name, tuned in (("tuned", facts), ("plain", None)):
        write_card(tmp_path, name, {"finetuned": tuned, "plan": plan_to_json(plan)})
    selection.set_budget("99%")
    assert "87.3 %" not in panel.table.value and fmt.ms(selection.plan.latency) in panel.table.value
    selection.undo()
    assert "Fine-tuned before: tuned" in panel.about.value and "87.3 %" in panel.table.value
    selection.learn(dataclasses.replace(selection.study, accuracy={"dense": 0.912}))
    assert "Fine-tuned before: tuned" in panel.about.value and "91.2 %" in panel.table.value


def test_another_plans_run_does_not_hide_what_this_plan_is_worth(selection, watch, tmp_path):
    panel, plan = finetune_panel(selection), selection.plan
    selection.set_budget("99%")
    panel.data.value, panel.epochs.value = "fashion-mnist", "1"
    panel.go.click()
    watch(panel.job)
    assert "Fine-tuning" in panel.table.value and "88.0 %" in panel.table.value
    write_card(tmp_path, "tuned", {"plan": plan_to_json(plan), "finetuned": {"accuracy_tuned": 0.873}})
    selection.undo()
    worth = panel.table.value
    assert "tuned" in worth and "87.3 %" in worth and "88.0 %" not in worth
    assert panel.plot.spec["data"][1]["y"] == []  # the curve of the other plan's run is gone with it
    selection.redo()
    assert "88.0 %" in panel.table.value and panel.plot.spec["data"][1]["y"]


def test_a_run_found_on_a_new_page_is_seen_beside_the_study_that_is_opened_then(selection):
    panel = finetune_panel(selection)
    panel.job.state = jobs.JobState("x", "t", "finetune", "running", 0.0)
    other = dataclasses.replace(selection.study, accuracy={"dense": 0.912})
    selection.study = dataclasses.replace(other, problem=dataclasses.replace(other.problem))
    assert "91.2 %" in panel.table.value


def test_the_run_of_the_study_in_view_is_shown(selection, watch):
    panel, first = finetune_panel(selection), selection.study
    panel.data.value, panel.epochs.value = "fashion-mnist", "1"
    panel.go.click()
    mine = watch(panel.job)
    assert selection.open(save_study(synthetic_vit(3)))
    assert panel.job.state is None and "trained on, and timed" in text_of(panel.job)
    assert finetune_panel(selection).job.state is None  # nor on a new page
    selection.show(first)
    assert panel.job.state.id == mine.id and finetune_panel(selection).job.state.id == mine.id


def test_the_folder_of_images_follows_from_score_to_finetune(selection):
    draft = StudyDraft.of(selection)
    draft.model, draft.data = selection.study.model.name, "/my/images"
    panel = finetune_panel(selection)
    assert panel.data.value == "/my/images"
    draft.data = "/my/other"
    assert panel.data.value == "/my/other"
    panel.data.value = "/typed"
    draft.data = "/third"
    assert panel.data.value == "/typed"
    panel.data.value = ""
    draft.model = "another_model"
    assert panel.data.value == ""


def test_a_metric_that_is_no_number_does_no_harm(selection):
    state = jobs.JobState("x", "t", "finetune", "running", 0.0, metrics=({"accuracy_dense": "?"},))
    assert finetune_facts(state, selection.study, selection.plan).dense is None


def _empty():
    selection = ExplorerState()
    selection.study = None
    return selection


def test_a_front_is_fine_tuned_as_one_job_and_its_networks_are_looked_for_at_once(
    selection, watch, monkeypatch
):
    panel = finetune_panel(selection)
    panel.data.value, panel.epochs.value = "fashion-mnist", "1"
    panel.budgets.value, panel.methods.value = "60%,40%", "exact,halp"
    looked = []
    monkeypatch.setattr(type(selection.accuracies), "look", lambda self: looked.append(1))
    panel.go.click()
    state = watch(panel.job)
    words = list(state.arguments)
    assert (
        words[words.index("--budgets") + 1] == "60%,40%"
        and words[words.index("--methods") + 1] == "exact,halp"
    )
    assert "--plan" not in words and "--out" not in words
    assert state.status == "done" and looked  # the stand-in says an accuracy


def test_an_empty_curve_says_that_it_waits():
    def words(info):
        return str(draw_training(info)["layout"]["annotations"])

    assert WAITS in words(training_info((), dense=0.9, pruned=None, epochs=3))
    started = training_info([{"epoch": 0.1, "loss": 2.0}], dense=0.9, pruned=None, epochs=3)
    assert started.loss and WAITS not in words(started)


def test_the_facts_say_where_training_made_it_worse():
    """The curve beside them ends lower than the accuracy of the network that is kept."""
    facts = FinetuneFacts(repaired=0.873, tuned=0.873, kept="repaired")
    assert "Training made it worse, so the repaired network is kept" in facts_table(facts)
    assert "made it worse" not in facts_table(dataclasses.replace(facts, tuned=0.9, kept="trained"))
