"""Step 1 of a new study says how the model is built, and all later steps say it too."""

import sys

import pytest
from PIL import Image

from mdp import jobs
from mdp.core.errors import MdpError
from mdp.jobs import launch
from mdp_widgets.state.explorer_state import ExplorerState
from mdp_widgets.workflow import study_panel
from mdp_widgets.workflow.model_options import built_as

from ..synthetic import synthetic_vit


@pytest.fixture
def data(tmp_path):
    for i in range(9):
        folder = tmp_path / "pictures" / "abc"[i % 3]
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(folder / f"{i}.png")
    return tmp_path / "pictures"


def test_what_is_chosen_becomes_options(data):
    assert built_as(("", "", "", ""), "") == {}
    assert built_as(("data", "28 x 32", "1", "depth=6 act=null"), str(data)) == {
        "classes": "3", "input_size": "28x32", "in_chans": "1", "arg": ("depth=6", "act=null"),
    }  # fmt: skip
    assert built_as(("0", "", "", ""), "") == {"classes": "0"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("data", "", "", ""), "Name their folder"),
        (("", "large", "", ""), "is not the size of an image"),
        (("", "", "rgb", ""), "whole number"),
        (("", "", "", "depth"), "not understood"),
        (("", "", "", "x='"), "quotation mark"),
        (("", "", "", "x=__import__('os')"), "not understood"),
    ],
)
def test_what_makes_no_sense_is_a_sentence(options, said):
    with pytest.raises(MdpError, match=said):
        built_as(options, "")


def test_every_step_builds_the_same_model(data, watch):
    panel = study_panel(ExplorerState(synthetic_vit(2)))
    options = panel.model.options
    options.head.value, options.size.value, panel.model.data.value = "data", "56", str(data)
    words = ("--input-size", "56", "--classes", "3")
    panel.score.bad.value = True
    for card, go in (
        (panel.model, panel.model.look),
        (panel.profile, panel.profile.go),
        (panel.score, panel.score.go),
    ):
        go.click()
        state = watch(card.job)
        assert state.status == "done" and state.arguments[4:8] == words, state
    assert "--skip-bad" in state.arguments
    options.size.value = "wide"
    before = len(jobs.list_jobs())
    panel.profile.go.click()
    assert (
        "is not the size of an image" in panel.profile.job.children[0].value
        and len(jobs.list_jobs()) == before
    )


def test_images_of_other_classes_are_said_in_step_1_beside_what_was_found(data, watch, monkeypatch):
    monkeypatch.setattr(launch, "COMMAND", (sys.executable, "-m", "mdp"))
    panel = study_panel(ExplorerState(synthetic_vit(2)))
    panel.model.data.value = str(data)
    panel.model.look.click()
    state = watch(panel.model.job, seconds=120)
    assert state.status == "failed" and "3 classes and fmnist_vit has 10" in str(
        panel.model.job.children[0].value
    )
    assert "attention heads" in panel.model.found.value
    panel.model.options.head.value = "data"
    panel.model.look.click()
    assert watch(panel.model.job, seconds=120).status == "done"
