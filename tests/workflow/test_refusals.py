"""What is typed wrong is said under its field at once, and its button waits: no job is started."""

import pytest

from mdp import jobs
from mdp.core.cores import whole_cores
from mdp_widgets.state.explorer_state import ExplorerState
from mdp_widgets.workflow import finetune_panel, study_panel, verify_panel


@pytest.fixture
def panel():
    return study_panel(ExplorerState())


def under(card, field):
    """The sentence that stands under a field of a card."""
    box = next(box for box in _boxes(card) if field in box.children)
    place = box.children[box.children.index(field) + 1]
    return "" if place.layout.display == "none" else str(place.value)


def _boxes(widget):
    for child in getattr(widget, "children", ()):
        if getattr(child, "children", ()):
            yield child
            yield from _boxes(child)


@pytest.mark.parametrize(
    ("card", "field", "typed", "said"),
    [
        ("profile", "threads", str(whole_cores() + 97), f"between 1 and {whole_cores()} on this machine"),
        ("profile", "threads", "0", "Threads 0 cannot be used; give 1 or more."),
        ("profile", "seconds", "0", "Seconds 0 cannot be used; give a number above 0."),
        ("profile", "seconds", "-5", "Seconds -5 cannot be used"),
        ("profile", "seconds", "nan", "Seconds nan cannot be used"),
        ("profile", "batch", "0", "Batch size 0 cannot be used; give 1 or more."),
        ("profile", "steps", "channels=0", "a number above 0"),
        ("profile", "steps", "wide", "is not understood"),
        ("score", "images", "none", "give a whole number"),
        ("model", "name", " ", "Name a model"),
        ("model", "data", "/nowhere", "There is no folder"),
        ("build", "name", "  ", "A study needs a name"),
    ],
)
def test_a_wrong_word_is_refused_beside_its_field(panel, card, field, typed, said):
    part = getattr(panel, card)
    widget, button = getattr(part, field), part.look if card == "model" else part.go
    right = widget.value
    assert under(part, widget) == ""
    widget.value = typed
    assert said in under(part, widget) and button.disabled and said in button.tooltip
    button.click()
    assert jobs.list_jobs() == []
    widget.value = right
    assert under(part, widget) == "" and (not button.disabled or card == "build")


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("size", "large", "Image size large is not the size of an image"),
        ("channels", "7", "pictures have 1 (grey) or 3 (colour)"),
        ("channels", "0", "Channels &#39;0&#39; cannot be used"),
        ("arguments", "depth=abc", "Arguments depth=abc cannot be used: depth is a number"),
        ("arguments", "depth='", "not closed"),
    ],
)
def test_a_network_that_cannot_be_is_refused_in_step_1_and_holds_up_the_others(panel, field, typed, said):
    options = panel.model.options
    getattr(options, field).value = typed
    assert said in under(panel.model, getattr(options, field))
    later = (panel.profile.go, panel.score.go, panel.build.go)
    assert panel.model.look.disabled and all(go.disabled for go in later)
    assert "step 1" in panel.profile.go.tooltip
    getattr(options, field).value = ""
    assert not panel.model.look.disabled and not panel.profile.go.disabled and not panel.score.go.disabled


@pytest.mark.parametrize(
    ("make", "field", "button", "typed", "said"),
    [
        (finetune_panel, "epochs", "go", "-1", "Epochs -1 cannot be used; give 0 or more."),
        (finetune_panel, "budgets", "go", "60%,much", "The budget &#39;much&#39; is not a number"),
        (finetune_panel, "methods", "go", "exact,best", "There is no method &#39;best&#39;"),
        (verify_panel, "subnetworks", "tables", "0", "Networks 0 cannot be used"),
        (verify_panel, "seconds", "tables", "0", "Seconds 0 cannot be used"),
        (verify_panel, "plans", "importance", "3", "Plans 3 cannot be used"),
        (verify_panel, "budgets", "importance", "", "The budget &#39;&#39; is not a number"),
    ],
)
def test_the_other_forms_refuse_as_early(vit, make, field, button, typed, said):
    panel = make(ExplorerState(vit))
    part, go = getattr(panel, field), getattr(panel, button)
    right = part.value
    part.value = typed
    assert said in under(panel, part) and go.disabled
    part.value = right
    assert under(panel, part) == "" and not go.disabled


def test_threads_are_a_cpu_s(panel):
    card = panel.profile
    card.threads.value = "1"
    assert not card.go.disabled
    card.device.value = "cuda"
    assert "for a CPU only" in under(card, card.threads) and card.go.disabled


def test_what_is_still_missing_is_no_fault(panel):
    panel.model.name.value = "tf_efficientnet_lite0"
    assert panel.score.go.disabled and "Name the images" in panel.score.go.tooltip
    assert not panel.model.look.disabled
    panel.score.method.value = "magnitude"  # which looks at no image
    assert not panel.score.go.disabled


def test_where_no_long_work_is_allowed_a_button_stays_as_it_is(monkeypatch):
    monkeypatch.setattr(jobs, "refusal", lambda: "Not here.")
    panel = study_panel(ExplorerState())
    panel.profile.batch.value = "0"
    panel.profile.batch.value = "1"
    assert panel.profile.go.disabled and panel.profile.go.tooltip == "Not here."
