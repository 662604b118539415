"""From a model to an open study in four steps side by side: model, latency, importance, study."""

import ipywidgets as widgets

from ..theme import ui
from .components import flow, long_work
from .model import model_card
from .profile import profile_card
from .score import build_card, score_card
from .study_draft import StudyDraft


def study_panel(selection) -> widgets.VBox:
    """All four steps in one view. Its parts are `model`, `profile`, `score` and `build`, the cards.

    Traits: it sets model, weights and data of `StudyDraft.of(selection)`, and at the end study of the state.
    """
    draft = StudyDraft.of(selection)
    model, profile = model_card(draft), profile_card(draft)
    score, build = score_card(draft), build_card(selection, draft)
    seen = ui.card(model.found, title="What of the model can be pruned")
    panel = long_work(flow(model, profile, score, build), seen)
    panel.model, panel.profile, panel.score, panel.build = model, profile, score, build
    return panel
