"""Both tests of a study as buttons; and a study of another machine measured here in one click."""

import dataclasses
import itertools

import pytest

from mdp import jobs
from mdp.core.study import load_study, save_study
from mdp.latency.local_device import names_here
from mdp.operations import argv
from mdp_widgets.state.explorer_state import ExplorerState
from mdp_widgets.workflow import budget_panel, measure_here, verify_panel
from mdp_widgets.workflow.measure_here import measuring_here

from ..synthetic import synthetic_vit
from .conftest import text_of


def study_on(device, kind="cpu"):
    study = synthetic_vit(2)
    provenance = {**study.tables.provenance, "device": device, "kind": kind, "batch": 4, "dtype": "float16"}
    model = dataclasses.replace(study.model, weights="demo", arguments={})
    return dataclasses.replace(
        study, tables=dataclasses.replace(study.tables, provenance=provenance), model=model
    )


def opened(study):
    selection = ExplorerState()
    assert selection.open(save_study(study))
    return selection


def test_the_tables_are_tested_by_a_button(watch):
    selection = opened(study_on(names_here("cpu")[0]))
    panel, plan = verify_panel(selection), selection.plan
    panel.subnetworks.value, panel.seconds.value = "7", "5"
    panel.tables.click()
    state = watch(panel.job)
    assert state.status == "done", jobs.output(state.id)
    assert state.arguments[2:] == ("--subnetworks", "7", "--seconds", "5")
    assert selection.study.verification["subnetworks"] == 7 and selection.plan is plan
    assert load_study(selection.study.path).verification["subnetworks"] == 7
    assert "done" in text_of(verify_panel(selection).job)  # found again by a new page


def test_the_importance_is_tested_by_a_button(watch):
    selection = opened(study_on("elsewhere"))
    panel = verify_panel(selection)
    panel.data.value, panel.budgets.value, panel.plans.value = "fashion-mnist", "60%", "5"
    panel.importance.click()
    state = watch(panel.job)
    assert state.status == "done", jobs.output(state.id)
    assert state.arguments[2:] == ("--accuracy", "--budgets", "60%", "--plans", "5")
    assert selection.study.accuracy["dense"] == 0.9


def test_a_study_that_came_along_is_tested_in_a_copy(watch, tmp_path, monkeypatch):
    monkeypatch.setattr("mdp_widgets.workflow.verify.measured_elsewhere", lambda study: "")
    selection = ExplorerState()
    assert selection.open("fmnist-vit-cpu")
    shipped, budget = selection.study.path, selection.set_budget("40%") and selection.budget
    before = shipped.read_bytes()
    panel = verify_panel(selection)
    panel.tables.click()
    watch(panel.job)
    mine = tmp_path / "user" / "studies" / "fmnist-vit-cpu.json"
    assert selection.study.path == mine and shipped.read_bytes() == before
    assert selection.budget == budget and selection.study.verification["median_error"] == 0.03
    assert str(mine) in {s["path"] for s in selection.studies}


@pytest.mark.parametrize(
    ("field", "value", "said", "button"),
    [("subnetworks", "0", "Networks 0 cannot", "tables"), ("seconds", "x", "Seconds “x” cannot", "tables"),
     ("plans", "2", "Plans 2 cannot", "importance"), ("data", "", "Name the images", "importance")],
)  # fmt: skip
def test_what_is_typed_wrong_is_a_sentence(field, value, said, button):
    panel = verify_panel(opened(study_on(names_here("cpu")[0])))
    getattr(panel, field).value = value
    getattr(panel, button).click()
    assert said in text_of(panel.job) and jobs.list_jobs() == []


def test_without_long_work_nothing_can_be_started(monkeypatch):
    monkeypatch.setenv("MDP_LONG_WORK", "off")
    panel = verify_panel(ExplorerState(synthetic_vit(2)))
    assert panel.tables.disabled and panel.importance.disabled and panel.here.go.disabled


def test_a_study_of_another_machine_is_measured_here_in_one_click(watch):
    selection = opened(study_on("NVIDIA H200", "cuda"))
    share = selection.budget / selection.study.problem.dense_latency
    card = budget_panel(selection).card
    card.go.click()
    assert "were measured on NVIDIA H200" in text_of(card.job) and jobs.list_jobs() == []
    assert card.here.layout.display is None
    card.here.go.click()
    done = watch(card.here.job, lambda job: job.state.kind == "build" and not job.running)
    assert done.status == "done", jobs.output(done.id)
    profile = next(job for job in jobs.list_jobs() if job.kind == "profile")
    words = " ".join(profile.arguments)  # no half precision on a CPU
    assert "--device cpu --batch 4" in words and "dtype" not in words
    assert selection.study.name == "synthetic ViT 2 · measured here"
    assert selection.budget / selection.study.problem.dense_latency == pytest.approx(share)


@pytest.mark.parametrize(
    ("facts", "words"),
    [({"launch": "onnxruntime", "kind": "cpu", "dtype": "int8"}, "--dtype int8 --runtime onnxruntime"),
     ({"launch": "openvino", "kind": "cpu", "dtype": "float32"}, "--runtime openvino"),
     ({"launch": "imported", "kind": "cpu", "dtype": "int8"}, ""), ({"kind": "cpu", "dtype": "int4"}, ""),
     ({"launch": "compiled graph", "kind": "cuda", "dtype": "float16"}, ""), ({"dtype": ["int8"]}, ""),
     ({"kind": "cpu", "dtype": "bfloat16"}, "--dtype bfloat16")],
)  # fmt: skip
def test_it_is_measured_here_as_it_was_there_where_that_can_be(facts, words, monkeypatch):
    monkeypatch.setattr(measure_here, "names_here", lambda kind: ["x"] if kind == "cpu" else [])
    study = study_on("another")
    tables = dataclasses.replace(study.tables, provenance={"device": "another", "batch": 4, **facts})
    asked = argv(measuring_here(dataclasses.replace(study, tables=tables)))
    assert words == " ".join(
        f"{a} {b}" for a, b in itertools.pairwise(asked) if a in ("--dtype", "--runtime")
    )


def test_a_study_of_this_machine_offers_no_such_thing():
    card = budget_panel(opened(study_on(names_here("cpu")[0]))).card
    assert card.here.layout.display == "none"
