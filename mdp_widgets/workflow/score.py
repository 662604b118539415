"""Score the importance of every unit on real images, then join scores and tables into a study."""

import ipywidgets as widgets

from mdp.core.errors import MdpError
from mdp.core.study_files import given_name
from mdp.operations import BuildOptions, ScoreOptions, argv
from mdp.operations.studies import BUDGETS

from ..theme import ui
from .artifacts import available_scores, available_tables, free_name
from .components import dropdown, fields, flow, long_work, offer, or_sentence, start_button, step_card, text
from .form import form, values_of
from .job_view import JobView
from .refusals import form_checks, guard
from .study_draft import StudyDraft, checked_data

ABOUT = {
    "auto": "Calibrated: a gradient score, set right by a few measurements.",
    "measured": "What the network's own answer loses when a width shrinks or a block goes, measured. The "
    "best, and "
    "the slowest: about a minute for the small networks here.",
    "calibrated": "Taylor or Hessian, put on one scale by measuring a few widths of each kind and every "
    "block.",
    "nvit": "The second-order score with the constants that NViT divides each kind of dimension by.",
    "taylor": "How much the loss would change, to first order, without the unit: real images are run through "
    "the network.",
    "hessian": "The square of that change, over all weights that the unit owns: real images are run through "
    "the network.",
    "magnitude": "The mean size of the weights that the unit owns. A baseline: it looks at no image.",
}


# A study without tables: what its budgets are of, as the menu of tables offers it.
NO_TABLE = "counted:"
COUNTED = [(f"no table: a budget of {words}", f"{NO_TABLE}{name}") for name, words in BUDGETS.items()]


def score_panel(selection) -> widgets.VBox:
    """Score the chosen model; join scores and tables into a study, which opens in `selection`.

    Traits: it follows model, weights and data of `StudyDraft.of(selection)`, and sets study of the state.
    """
    draft = StudyDraft.of(selection)
    return long_work(flow(score_card(draft), build_card(selection, draft)))


def score_card(draft: StudyDraft, number: int = 3) -> widgets.VBox:
    """The card of step 3. Its parts are `method`, `note`, `images`, `bad`, `go` and `job`."""
    parts = form(ScoreOptions, "method", "images", "skip_bad")
    method, images, bad = parts.values()
    note = ui.sentence(ABOUT["auto"])
    job = JobView("score", idle="Gives every unit a score; step 4 joins them.", resume=draft.is_about)

    def blind() -> bool:
        return method.value == "magnitude"

    def needs_images() -> None:
        if not blind() and not draft.data:
            checked_data("")  # a wrong folder is said in step 1

    def explain(change):
        ui.say(note, ABOUT[change["new"]])
        for part in (images, bad):
            part.layout.display = "none" if blind() else None

    def asked():
        named = draft.naming()
        if blind():
            return ScoreOptions(**named, method=method.value)
        chosen = values_of(ScoreOptions, parts)
        return ScoreOptions(**named, **chosen, data=checked_data(draft.data))

    def score():
        options = or_sentence(asked, job.complain)
        if options:
            by = "by its weights" if blind() else f"on {options.images} images"
            job.start(argv(options), f"Importance of {draft.model} {by}")

    method.observe(explain, "value")
    job.observe(lambda change: draft.measured(change["new"]), "state")
    go = start_button("Score", score, tooltip="Score the importance of every unit")
    place, check, kind = form_checks(ScoreOptions, {"images": images})["images"]
    checks = [(place, lambda: None if blind() else check(), kind)]
    checks += [(ui.sentence(), what, "note") for what in (needs_images, draft.check)]
    look = guard(go, checks)
    for part in (method, images):
        part.observe(look, "value")
    draft.observe(look, ["data", "wrong"])
    look()
    missing = [place for place, _, kind in checks if kind == "note"]
    inputs = fields(method, note, images, place, bad, *missing)
    card = step_card(number, "Importance", inputs, ui.row(go), job)
    card.method, card.note, card.images, card.bad, card.go, card.job = method, note, images, bad, go, job
    return card


def build_card(selection, draft: StudyDraft, number: int = 4) -> widgets.VBox:
    """The card of step 4. Its parts are `tables`, `scores`, `name`, `go` and `job`."""
    tables, scores = dropdown("Latency", []), dropdown("Importance", [])
    name = text("Name")
    job = JobView("build", resume=lambda state: state.status == "running")

    proposed = name.value

    def propose() -> None:
        nonlocal proposed
        proposed = name.value = free_name(f"my {draft.model}")

    def look(_=None):
        timed = available_tables(draft.model) or [("none yet: step 2", "")]
        offer(tables, [*timed, *COUNTED], keep=False)
        offer(scores, available_scores(draft.model) or [("none yet: step 3", "")], keep=False)
        if name.value == proposed:  # what somebody typed meanwhile stays
            propose()

    def complete() -> None:
        if not (tables.value and scores.value):
            lacks = "latency tables (step 2)" if not tables.value else "scores (step 3)"
            raise MdpError(f"A study of {draft.model} needs {lacks} first.")

    def asked():
        named = draft.naming()
        complete()
        called = given_name(name.value)
        counted = tables.value.removeprefix(NO_TABLE) if tables.value.startswith(NO_TABLE) else None
        budget = {"budget_in": counted} if counted else {"tables": tables.value}
        return BuildOptions(**named, **budget, scores=scores.value, name=called)

    def make():
        options = or_sentence(asked, job.complain)
        if options:
            job.start(argv(options), f"Building the study “{options.name}”")

    def built(change):
        state, before = change["new"], change["old"]
        seen = before is not None and state is not None and before.id == state.id
        if seen and before.status == "running" and state.status == "done":
            selection.refresh()
            # No page jumps to a study that was built before it loaded, or from another page.
            if state.id == job.started_here:
                selection.open(str(state.result["path"]))
            propose()  # the name is taken now
            look()

    draft.observe(look, ["model", "fresh"])
    job.observe(built, "state")
    go = start_button("Build and open", make, primary=True, tooltip="Join both into a study and open it")
    look()
    checks = [(ui.sentence(), lambda: given_name(name.value), "error")]
    checks += [(ui.sentence(), what, "note") for what in (complete, draft.check)]
    ready = guard(go, checks)
    for part in (tables, scores, name):
        part.observe(ready, "value")
    draft.observe(ready, ["model", "wrong"])
    ready()
    places = [place for place, _, _ in checks]
    card = step_card(number, "Study", fields(tables, scores, name, *places), ui.row(go), job)
    card.tables, card.scores, card.name, card.go, card.job = tables, scores, name, go, job
    return card
