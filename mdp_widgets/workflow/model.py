"""Choose a model, its weights and its images, and look at what of it can be pruned."""

import contextlib
from typing import Any

import ipywidgets as widgets

from mdp.networks.models import SHIPPED_MODELS
from mdp.operations import InspectOptions, argv
from mdp.plot import formats as fmt

from ..theme import ui
from ..theme.markup import Markup, html, joined
from .components import (
    combobox,
    dropdown,
    facts_html,
    fields,
    flow,
    long_work,
    or_sentence,
    start_button,
    step_card,
    text,
)
from .job_view import JobView
from .model_options import ModelOptions
from .refusals import guard, with_places
from .study_draft import FASHION, NO_FILE, StudyDraft, checked_data, checked_model, checked_weights

SOME_TIMM = (
    "deit_tiny_patch16_224",
    "deit_small_patch16_224",
    "deit_base_patch16_224",
    "vit_small_patch14_dinov2",
    "resnet18",
    "resnet50",
    "resnet101",
)
WEIGHTS = {
    "the project's own": "demo",
    "pretrained (timm)": "pretrained",
    "a .safetensors file": "file",
    "untrained": "none",
}
NOTHING = (
    '<p class="mdp-note">Look at a model to see its dimensions, its blocks, and what stays as it is.</p>'
)
KINDS = {
    "channels": "channels",
    "embedding": "embedding",
    "heads": "attention heads",
    "qk": "Q/K width per head",
    "v": "V width per head",
    "mlp": "MLP width",
}


def model_panel(selection) -> widgets.VBox:
    """Choose a model and look at it; the other panels of the selection then measure and score that one.

    Traits: it sets model, weights and data of `StudyDraft.of(selection)`.
    """
    card = model_card(StudyDraft.of(selection))
    seen = ui.card(card.found, title="What of it can be pruned")
    seen.add_class("mdp-wide")
    return long_work(flow(card, seen))


def model_card(draft: StudyDraft, number: int = 1) -> widgets.VBox:
    """The card of step 1. Its parts are `name`, `weights`, `file`, `data`, `options`, `look`, `job`, and
    `found` (HTML), which is for the caller to place."""
    name = combobox(
        "Model", [*SHIPPED_MODELS, *SOME_TIMM], draft.model, "A network shipped here, or any timm model"
    )
    weights = dropdown("Weights", WEIGHTS.items(), "demo")
    file = text("File", placeholder="/path/to/checkpoint.safetensors")
    data = combobox(
        "Images", [FASHION], draft.data, "fashion-mnist, or a folder with one folder of images per class"
    )
    options = ModelOptions(draft)
    job = JobView("inspect", resume=draft.is_about)
    found = widgets.HTML(NOTHING)

    def follow(_=None):
        if name.value in SHIPPED_MODELS and weights.value != "file":
            weights.value = "demo"
        elif name.value not in SHIPPED_MODELS and weights.value == "demo":
            weights.value = "pretrained"
        file.layout.display = None if weights.value == "file" else "none"
        weights_word = file.value.strip() or NO_FILE if weights.value == "file" else weights.value
        if (draft.model, draft.weights) != (name.value.strip(), weights_word):
            found.value = NOTHING
        draft.model, draft.weights, draft.data = name.value.strip(), weights_word, data.value.strip()

    def other_model(_=None):
        if data.value in ("", FASHION):  # what somebody typed stays
            data.value = FASHION if name.value.startswith("fmnist_") else ""

    def asked():
        # Looking needs no images; those that are named are compared with it before somebody waits for step 3.
        return InspectOptions(**draft.naming(), data=checked_data(draft.data) if draft.data else None)

    def look():
        follow()
        options = or_sentence(asked, job.complain)
        if options:
            job.start(argv(options), f"Looking at {draft.model}")

    def show(change: Any):
        state = change["new"]
        if state is not None and "report" in state.result:
            # A job of another version may say it otherwise.
            with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
                found.value = report_html(state.result["report"])
                if state.arguments[1:2] == (draft.model,):
                    draft.family = str(state.result["report"]["family"])

    data.placeholder = "/path/to/images"
    name.observe(other_model, "value")
    for part in (name, weights, file, data):
        part.observe(follow, "value")
    checks = {
        "name": lambda: checked_model(draft.model),
        "file": lambda: checked_weights(draft.model, draft.weights),
        "data": lambda: checked_data(draft.data) if draft.data else None,
    }
    places = {what: (ui.sentence(), check, "error") for what, check in checks.items()}
    go = start_button("Look at it", look, tooltip="Find what of this model can be pruned")
    allowed = guard(go, [*places.values(), *options.checks])

    def check_all(_=None):
        draft.wrong = allowed()

    draft.observe(check_all, ["model", "weights", "data", "options"])
    job.observe(show, "state")
    if job.state is not None:
        show({"new": job.state})
    follow()
    check_all()
    shown = {"name": name, "weights": weights, "file": file, "data": data}
    inputs = fields(*with_places(shown, places), options)
    card = step_card(number, "Model", inputs, ui.row(go), job)
    card.name, card.weights, card.file, card.data = name, weights, file, data
    card.options = options
    card.look, card.job, card.found = go, job, found
    return card


def report_html(report: dict[str, Any]) -> Markup:
    """What `mdp inspect` found, as HTML."""
    totals = {
        "Model": f"{report['model']} ({report['family']})",
        "Size": f"{fmt.count(report.get('parameters', 0))} parameters, "
        f"{fmt.count(report.get('macs', 0))} MACs",
        **({"Images": report["data"]} if report.get("data") else {}),
        "Blocks": f"{report['blocks']}, of which {report['removable']} can be removed",
    }
    rows = [
        (KINDS.get(d["kind"], d["kind"]), d["dims"], _span(d["units"]), _span(d["options"]))
        for d in report["dims"]
    ]
    table = ui.table_html(("can be pruned", "dims", "units", "options"), rows)
    skipped = joined(
        html("<li><b>{name}</b>: {reason}</li>", name=s["name"], reason=s["reason"])
        for s in report["skipped"]
    )
    kept = html("<h4>Left as it is</h4><ul class='mdp-job-messages'>{items}</ul>", items=skipped)
    return joined([facts_html(totals), table, kept if skipped else ""])


def _span(pair: list[int]) -> str:
    low, high = pair
    return f"{high:,}" if low == high else f"{low:,} to {high:,}"
