"""What the page gives away, without a browser: files as they arrive."""

import io
import json
import zipfile

from mdp.core.plan import plan_to_json
from mdp_widgets.state.explorer_state import ExplorerState
from mdp_widgets.workflow import (
    finetune_panel,
    study_panel,
    takeaway_panel,
)
from mdp_widgets.workflow.plans import network_folder

from .conftest import text_of


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
    first = parts.network.job_id
    parts.buttons["onnx"].click()  # of the network that is there: it is not repaired again
    watch(parts.onnx)
    assert next(v for n, v in saved.items() if n.endswith(".onnx")) == b"onnx"
    again = takeaway_panel(selection).parts
    again.buttons["network"].click()
    assert parts.network.job_id == first and not again.network.job_id
    again.repair.value = False  # another network than the repaired one
    again.buttons["onnx"].click()
    watch(again.network)
    watch(again.onnx)
    folders = {
        path.parent.name.endswith("-repaired") for path in network_folder(selection).parent.glob("*/*.onnx")
    }
    assert folders == {True, False}


def test_a_finetuned_network_of_the_plan_is_offered(selection, saved, tmp_path):
    folder = network_folder(selection, "-3epochs")
    folder.mkdir(parents=True)
    plan = plan_to_json(selection.plan)
    record = {"extra": {"plan": plan, "finetuned": {"accuracy_tuned": 0.9}}}
    (folder / "architecture.json").write_text(json.dumps(record))
    (folder / "model.safetensors").write_bytes(b"tuned")
    for suffix in ("-repaired", "-by-hand"):  # the panel's own, and one that nobody trained
        (other := network_folder(selection, suffix)).mkdir()
        (other / "architecture.json").write_text(json.dumps({"extra": {"plan": plan}}))
    parts = takeaway_panel(selection).parts
    offered = {"as pruned, not fine-tuned", "fine-tuned: 3epochs", "made before: by-hand"}
    assert {label for label, _ in parts.which.options} == offered
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


def _empty():
    selection = ExplorerState()
    selection.study = None
    return selection
