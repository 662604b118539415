"""Open the study that the course uses, and set the page for a projector."""

from pathlib import Path

import ipywidgets as widgets

from mdp.core.quality import study_words
from mdp.core.words import many
from mdp.plot import formats as fmt

from ..state.explorer_state import ExplorerState
from ..theme import ui
from ..theme.markup import html

# What the lessons were written on: a small ViT, whose blocks have all five kinds of dims.
FIRST = "fmnist_vit"
_SHEET = Path(__file__).with_name("lessons.css").read_text(encoding="utf-8")


def open_study(study=None) -> ExplorerState:
    """A state with a study open: the one given (or its name or path), else a ViT at hand, else any."""
    selection = ExplorerState()
    if study is not None:
        if isinstance(study, str | Path):
            selection.open(study)
        else:
            selection.show(study)
        return selection
    whole = [s for s in selection.studies if "error" not in s]
    selection.open_any(sorted(whole, key=_least_fit))
    return selection


def _least_fit(item) -> tuple[bool, bool, bool]:
    """Sorts the model of the lessons first, and of its studies one whose plans were measured."""
    return item["model"] != FIRST, "vit" not in item["model"], not item.get("measured")


def sheet() -> widgets.HTML:
    """The style of the course's pages."""
    hidden = {"height": "0", "margin": "0", "overflow": "hidden"}
    return widgets.HTML(f"<style>{_SHEET}</style>", layout=hidden)


def sentence(selection: ExplorerState) -> widgets.HTML:
    """What is open, or what to do when nothing is."""
    study = selection.study
    if study is None:
        text = selection.error or (
            "There is no study at hand. Make one in the explorer (Model, Profile, Score), then come back."
        )
        return ui.sentence(text, "error")
    wrong = study_words(study)
    p, problem = study.tables.provenance, study.problem
    return ui.sentence(
        f"Everything below is live and computed from the study “{study.name}”: "
        f"{many(len(problem.blocks), 'block')}, "
        f"{len(problem.dims)} dimensions, {fmt.ms(problem.dense_latency, problem.latency_unit)} dense on "
        f"{p['device']}, batch {p['batch']}, {p['dtype']}." + "".join(f" {w}" for w in wrong),
        "error" if wrong else "note",
    )


def aloud(words: str) -> str:
    """A live sentence in large type, as HTML; plain words are escaped, those of `html` are not."""
    return html('<p class="mdp-say" aria-live="polite">{words}</p>', words=words)


def lesson(*children: widgets.Widget, selection: ExplorerState) -> widgets.Widget:
    """One step: controls left, figures right; a sentence instead where no study is open."""
    if selection.study is None:
        return ui.panel(sentence(selection))
    box = widgets.Box(children)
    box.add_class("mdp-lesson")
    return ui.panel(box)
