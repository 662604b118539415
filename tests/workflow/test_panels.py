"""From a model to a study, without a browser, through the real command line's arguments."""

import json

import pytest

from mdp import jobs
from mdp.core.errors import MdpError
from mdp.jobs.folders import folder_of
from mdp_widgets.state.explorer_state import ExplorerState
from mdp_widgets.workflow import (
    StudyDraft,
    model_panel,
    profile_panel,
    score_panel,
    study_panel,
)
from mdp_widgets.workflow.score import score_card
from mdp_widgets.workflow.study_draft import checked_weights

from ..synthetic import synthetic_vit
from .conftest import text_of


def test_from_a_model_to_an_open_study(watch):
    selection = ExplorerState()
    selection.study = None
    panel = study_panel(selection)
    panel.model.look.click()
    assert watch(panel.model.job).status == "done"
    assert "attention heads" in panel.model.found.value and "&lt;the classes&gt;" in panel.model.found.value
    assert panel.build.go.disabled and "step 2" in panel.build.go.tooltip
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
    assert not panel.build.go.disabled
    panel.build.name.value = "Mine"
    panel.build.go.click()
    assert watch(panel.build.job).status == "done", panel.build.job.state
    assert selection.study.name == "Mine" and selection.plan is not None
    assert panel.build.name.value == "my fmnist_vit"  # the next one's


def test_a_name_that_was_typed_stays_while_steps_end_and_the_model_changes():
    selection = ExplorerState(synthetic_vit(3))
    panel, draft = study_panel(selection), StudyDraft.of(selection)
    draft.model = "fmnist_resnet"
    assert panel.build.name.value == "my fmnist_resnet"
    panel.build.name.value = "Mine"
    draft.fresh += 1
    draft.model = "fmnist_vit"
    assert panel.build.name.value == "Mine"


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
        ("resnet50", "file", "", "Name the file"),
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


def test_weights_as_typed(tmp_path):
    file = tmp_path / "a.safetensors"
    file.write_bytes(b"")
    assert checked_weights("resnet50", str(file)) == str(file)
    with pytest.raises(MdpError, match="no demo network"):
        checked_weights("resnet50", "demo")
