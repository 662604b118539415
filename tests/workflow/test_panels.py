"""The panels driven without a browser, through the real command line's arguments."""

import dataclasses
import io
import json
import sys
import zipfile
from pathlib import Path

import pytest

from mdp import jobs
from mdp.core.errors import MdpError
from mdp.core.plan import load_plan, plan_to_json
from mdp.core.study import save_study
from mdp.jobs import launch
from mdp.jobs.folders import folder_of
from mdp.plot import formats as fmt
from mdp_widgets.state.explorer_state import ExplorerState
from mdp_widgets.workflow import (
    StudyDraft,
    finetune_panel,
    model_panel,
    profile_panel,
    score_panel,
    study_panel,
    takeaway_panel,
)
from mdp_widgets.workflow.finetune_facts import finetune_facts
from mdp_widgets.workflow.score import score_card
from mdp_widgets.workflow.study_draft import checked_weights

from ..synthetic import synthetic_vit


@pytest.fixture(autouse=True)
def quick_work(monkeypatch):
    monkeypatch.setattr(launch, "COMMAND", (sys.executable, str(Path(__file__).with_name("fake_work.py"))))


@pytest.fixture
def selection():
    selection = ExplorerState(synthetic_vit(2))
    selection.study.path or save_study(selection.study)
    return selection


@pytest.fixture
def saved(monkeypatch):
    """What the page was given to save: name -> bytes."""
    files = {}
    from mdp_widgets.export.download import Download

    def send(self, content, buffers=None):
        files[content["name"]] = bytes(buffers[0]) if buffers else content

    monkeypatch.setattr(Download, "send", send)
    return files


def text_of(job):
    return job.children[0].value


def write_card(tmp_path, name, extra):
    """A network's architecture file with this under "extra"."""
    folder = tmp_path / "user" / "networks" / name
    folder.mkdir(parents=True)
    (folder / "architecture.json").write_text(json.dumps({"extra": extra}))


def test_from_a_model_to_an_open_study(watch):
    selection = ExplorerState()
    selection.study = None
    panel = study_panel(selection)
    panel.model.look.click()
    assert watch(panel.model.job).status == "done"
    assert "attention heads" in panel.model.found.value and "&lt;the classes&gt;" in panel.model.found.value
    panel.build.go.click()
    assert "needs latency tables (step 2) first" in text_of(panel.build.job)
    panel.profile.batch.value = "8"
    panel.profile.how.parts["attention"].value = "split"
    panel.profile.go.click()
    state = watch(panel.profile.job)
    assert state.status == "done" and state.arguments[-4:] == ("--batch", "8", "--attention", "split")
    assert panel.build.tables.label == "batch 8, float32, attention split, test device"
    panel.build.go.click()
    assert "needs scores (step 3) first" in text_of(panel.build.job)
    panel.score.go.click()
    assert watch(panel.score.job).status == "done"
    assert panel.build.scores.label.endswith(": hessian, 1024 images, Fashion-MNIST")
    panel.build.name.value = "Mine"
    panel.build.go.click()
    assert watch(panel.build.job).status == "done", panel.build.job.state
    assert selection.study.name == "Mine" and selection.plan is not None
    assert panel.build.name.value == "my fmnist_vit"


def test_a_study_built_earlier_is_not_opened_by_a_new_page():
    folder = folder_of("20260101-000000-build-x")
    folder.mkdir(parents=True)
    job = {"title": "b", "kind": "build", "pid": 1, "created": None, "started": 1.0, "arguments": ["build"]}
    (folder / "job.json").write_text(json.dumps(job))
    (folder / "exit").write_text("0")
    selection = ExplorerState(synthetic_vit(3))
    panel = study_panel(selection)
    assert selection.study.name == "synthetic ViT 3" and panel.build.job.state is None


@pytest.mark.parametrize("batch", ["0", "-1", "abc", "1.5", ""])
def test_a_bad_batch_is_a_sentence_before_anything_starts(batch):
    panel = study_panel(ExplorerState())
    panel.profile.batch.value = batch
    panel.profile.go.click()
    assert "Batch size" in text_of(panel.profile.job) and jobs.list_jobs() == []


@pytest.mark.parametrize(
    ("name", "weights", "file", "said"),
    [
        ("", "demo", "", "Name a model"),
        ("--help", "none", "", "Name a model"),
        ("resnet50", "file", "", "not a .safetensors file"),
        ("resnet50", "file", "/nowhere/x.pth", "not a .safetensors file"),
        ("resnet50", "file", "/nowhere/x.safetensors", "There is no file"),
    ],
)
def test_a_bad_model_is_a_sentence(name, weights, file, said):
    panel = study_panel(ExplorerState())
    panel.model.name.value = name
    panel.model.weights.value = weights
    panel.model.file.value = file
    panel.model.look.click()
    assert said in text_of(panel.model.job) and jobs.list_jobs() == []


def test_a_folder_without_images_is_a_sentence(tmp_path):
    panel = study_panel(ExplorerState())
    panel.model.data.value = str(tmp_path / "nowhere")
    panel.score.go.click()
    assert "There is no folder" in text_of(panel.score.job)


def test_the_images_that_come_along_are_named_for_their_networks_only():
    panel = study_panel(ExplorerState())
    model = panel.model
    assert model.data.value == "fashion-mnist"
    model.name.value = "tf_efficientnet_lite0"
    assert model.data.value == ""
    panel.score.go.click()
    assert "Name the images" in text_of(panel.score.job) and jobs.list_jobs() == []
    model.data.value = "fashion-mnist"
    assert model.data.value == "fashion-mnist"
    model.data.value = "/my/images"
    model.name.value = "fmnist_vit"
    assert model.data.value == "/my/images"


def test_an_unknown_name_shows_the_near_ones(watch):
    panel = study_panel(ExplorerState())
    panel.model.name.value = "unknown_net"
    assert panel.model.weights.value == "pretrained"
    panel.model.look.click()
    watch(panel.model.job)
    assert "near names: resnet50" in text_of(panel.model.job)


def test_another_model_has_no_tables_of_the_first(watch):
    panel = study_panel(ExplorerState())
    panel.profile.go.click()
    watch(panel.profile.job)
    assert panel.build.tables.value
    panel.model.name.value = "resnet50"
    assert not panel.build.tables.value


def test_the_panels_of_a_selection_share_the_model():
    selection = ExplorerState()
    StudyDraft.of(selection).model = "fmnist_resnet"
    for panel in (model_panel, profile_panel, score_panel):
        panel(selection)
    assert (
        StudyDraft.of(selection).model == "fmnist_resnet"
        and StudyDraft.of(ExplorerState()).model == "fmnist_vit"
    )


def test_a_method_says_what_it_does_and_asks_only_for_what_it_needs():
    card = score_card(StudyDraft.of(ExplorerState()))
    card.method.value = "magnitude"
    assert card.images.layout.display == "none" and "looks at no image" in card.note.value
    card.method.value = "taylor"
    assert card.images.layout.display is None and "real images" in card.note.value


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


def test_everything_to_take_away(selection, saved, watch):
    parts = takeaway_panel(selection).parts
    for name in ("plan", "tables", "report", "svg", "png", "csv", "json", "html", "all"):
        parts.buttons[name].click()
    names = {n.removeprefix(f"synthetic-ViT-2-{selection.plan.budget:.4g}ms") for n in saved}
    assert names == {
        ".json",
        "-tables.zip",
        ".html",
        "-front.svg",
        "-front.png",
        "-front.csv",
        "-front.json",
        "-front.html",
        "-figures.zip",
    }
    by_end = {n.removeprefix(f"synthetic-ViT-2-{selection.plan.budget:.4g}ms"): v for n, v in saved.items()}
    assert json.loads(by_end[".json"])["format"] == "mdp-plan/1"
    assert b"<svg" in by_end["-front.svg"] and by_end["-front.png"]["kind"] == "picture"
    tables = zipfile.ZipFile(io.BytesIO(by_end["-tables.zip"]))
    assert {"plan.csv", "terms.csv"} < set(tables.namelist())
    lines = by_end["-front.csv"].decode().splitlines()
    front = json.loads(by_end["-front.json"])
    assert lines[0].split(",") == front["columns"] and len(lines) == 1 + len(front["rows"]) > 2
    assert front["figure"]["data"] and "var(--" not in json.dumps(front)
    figures = zipfile.ZipFile(io.BytesIO(by_end["-figures.zip"])).namelist()
    assert {"survivors.svg", "survivors.csv", "survivors.json", "curve.csv"} < set(figures)
    assert parts.problem.value == ""


def test_network_and_onnx_are_made_by_jobs_and_saved(selection, saved, watch):
    parts = takeaway_panel(selection).parts
    parts.buttons["network"].click()
    watch(parts.network)
    archive = next(v for n, v in saved.items() if n.endswith("-network.zip"))
    assert zipfile.ZipFile(io.BytesIO(archive)).namelist() == ["model.safetensors", "architecture.json"]
    parts.buttons["onnx"].click()
    watch(parts.network)
    watch(parts.onnx)
    assert next(v for n, v in saved.items() if n.endswith(".onnx")) == b"onnx"


def test_a_finetuned_network_of_the_plan_is_offered(selection, saved, tmp_path):
    from mdp.core.plan import plan_to_json
    from mdp_widgets.workflow.plans import network_folder

    folder = network_folder(selection, "-3epochs")
    folder.mkdir(parents=True)
    (folder / "architecture.json").write_text(json.dumps({"extra": {"plan": plan_to_json(selection.plan)}}))
    (folder / "model.safetensors").write_bytes(b"tuned")
    parts = takeaway_panel(selection).parts
    assert [label for label, _ in parts.which.options] == ["as pruned, not fine-tuned", "fine-tuned: 3epochs"]
    parts.which.value = str(folder)
    parts.buttons["network"].click()
    archive = next(v for n, v in saved.items() if n.endswith("-network.zip"))
    assert zipfile.ZipFile(io.BytesIO(archive)).read("model.safetensors") == b"tuned"
    selection.set_budget("80%")
    assert len(parts.which.options) == 1


def test_a_folder_that_cannot_be_written_is_a_sentence_everywhere(selection, saved, tmp_path, monkeypatch):
    panels = study_panel(selection), finetune_panel(selection)
    parts = takeaway_panel(selection).parts
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MDP_DATA", str(tmp_path / "file" / "data"))
    study, finetune = panels
    finetune.data.value = "fashion-mnist"
    for go, job in (
        (study.model.look, study.model.job),
        (study.profile.go, study.profile.job),
        (study.score.go, study.score.job),
        (finetune.go, finetune.job),
    ):
        go.click()
        assert "MDP_DATA" in text_of(job), text_of(job)
    for name in ("network", "onnx"):
        parts.buttons[name].click()
        assert "MDP_DATA" in parts.problem.value
    parts.buttons["plan"].click()  # needs no folder
    assert saved and parts.problem.value == ""


def test_without_long_work_only_what_is_made_already_can_be_taken(selection, monkeypatch):
    monkeypatch.setenv("MDP_LONG_WORK", "off")
    buttons = takeaway_panel(selection).parts.buttons
    assert {name for name, button in buttons.items() if button.disabled} == {"network", "onnx"}
    assert "switched off" in buttons["onnx"].tooltip


def test_nothing_to_take_away_is_a_sentence(saved):
    parts = takeaway_panel(_empty()).parts
    for button in parts.buttons.values():
        button.click()
        assert "Open a study" in parts.problem.value
    assert saved == {}


def test_weights_as_typed(tmp_path):
    file = tmp_path / "a.safetensors"
    file.write_bytes(b"")
    assert checked_weights("resnet50", str(file)) == str(file)
    with pytest.raises(MdpError, match="no demo network"):
        checked_weights("resnet50", "demo")


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
