"""Measure latency tables of the chosen model on this machine."""

import ipywidgets as widgets

from mdp.cli.profile import width_step
from mdp.core.deployment import check_threads
from mdp.core.quality import tables_words
from mdp.core.study import Tables
from mdp.core.tables import how_timed, list_tables
from mdp.jobs import JobState
from mdp.operations import ProfileOptions, argv
from mdp.plot import formats as fmt

from ..theme import ui
from ..theme.markup import html
from .components import fields, flow, long_work, or_sentence, start_button, step_card
from .form import form, values_of
from .job_view import JobView
from .refusals import form_checks, guard, with_places
from .study_draft import StudyDraft
from .timing_options import Switches

AGAIN = ", measured again"


def profile_panel(selection) -> widgets.VBox:
    """Measure the chosen model, beside what was measured before.

    Traits: it follows model and weights of `StudyDraft.of(selection)`, and counts up fresh when it is done.
    """
    draft = StudyDraft.of(selection)
    return long_work(flow(profile_card(draft), tables_card(draft)))


def tables_card(draft: StudyDraft) -> widgets.VBox:
    """The latency tables at hand of the chosen model. Its part is `table` (HTML)."""
    table = widgets.HTML()

    def look(_=None):
        found = list_tables(draft.model)
        if found:
            rows = [tables_row(saved.tables) for saved in found]
            table.value = ui.table_html(
                ("device", "batch", "number type", "timed", "entries", "spread"), rows
            ) + "".join(wrong_html(saved.tables) for saved in found)
        else:
            table.value = html(
                '<p class="mdp-note">Nothing was measured of {model} yet.</p>', model=draft.model
            )

    draft.observe(look, ["model", "fresh"])
    look()
    card = ui.card(table, title="Measured before")
    card.add_class("mdp-wide")
    card.table = table
    return card


def wrong_html(tables: Tables) -> str:
    """A red sentence about tables that are not to be trusted, "" about others."""
    words = tables_words(tables.provenance, tables.details)
    p = tables.provenance
    head = f"{p['device']}, batch {p['batch']}: "
    return html('<p class="mdp-error" role="alert">{text}</p>', text=head + words) if words else ""


def tables_row(tables: Tables) -> tuple[str, ...]:
    """Tables in short: device, batch, dtype, how timed, entries, spread of the readings."""
    p = tables.provenance
    spread = fmt.percent(p["spread"]) if isinstance(p.get("spread"), float) else ""
    return (
        p["device"],
        str(p["batch"]),
        p["dtype"],
        ", ".join(how_timed(tables)) or "as it runs",
        f"{p.get('entries', ''):,}" if p.get("entries") else "",
        spread,
    )


def profile_card(draft: StudyDraft, number: int = 2) -> widgets.VBox:
    """The card of step 2. Its parts are `device`, `batch`, `dtype`, `threads`, `seconds`, `steps` (of
    widths), `how`, `go`, `again`, `job` and `left`, a sentence on what a run that was stopped left."""
    parts = form(ProfileOptions, "device", "batch", "dtype", "threads", "seconds", "width_step")
    parts["width_step"].placeholder = "channels=8, or mlp=64 qk=8"
    left = ui.sentence()
    how = Switches(draft, parts["device"])
    job = JobView(
        "profile",
        idle="Times every part of the network at its widths. Stop whenever you like: what was measured is "
        "kept, and the next run goes on from there.",
        resume=draft.is_about,
    )

    def again():
        arguments = [word for word in job.state.arguments if word != "--again"]
        job.start([*arguments, "--again"], f"{job.state.title.removesuffix(AGAIN)}{AGAIN}")

    def offer_again(_=None):
        wrong = job.state is not None and job.state.status == "done" and bool(job.state.result.get("wrong"))
        more.layout.display = None if wrong else "none"

    def typed(name: str):
        return values_of(ProfileOptions, {name: parts[name]})[name]

    def asked():
        options = ProfileOptions(**draft.naming(), **values_of(ProfileOptions, parts | how.parts))
        width_step(options.width_step)  # refuses what is no step
        check_threads(options.device, options.threads)
        return options

    def measure():
        options = or_sentence(asked, job.complain)
        if options:
            job.start(
                argv(options),
                f"Latency of {draft.model}, batch {options.batch}, {options.dtype}{how.title()}",
            )

    def ended(change):
        draft.measured(change["new"])
        tell_left()

    def tell_left():
        ui.say(left, left_behind(job.state), "status")

    job.observe(ended, "state")
    tell_left()
    more = start_button("Measure again", again, tooltip="Measure the same once more; what is known is kept")
    job.observe(offer_again, "state")
    offer_again()
    go = start_button("Measure", measure, tooltip="Measure latency tables on this machine")
    checks = form_checks(
        ProfileOptions,
        parts,
        threads=lambda: check_threads(parts["device"].value, typed("threads")),
        width_step=lambda: width_step(typed("width_step")),
    )
    first = (ui.sentence(), draft.check, "note")
    look = guard(go, [*checks.values(), first])
    for part in parts.values():
        part.observe(look, "value")
    draft.observe(look, "wrong")
    look()
    inputs = fields(*with_places(parts, checks), how, first[0])
    card = step_card(number, "Latency", inputs, ui.row(go), job, left, more)
    card.again, card.left = more, left
    card.device, card.batch, card.dtype, card.threads, card.seconds, card.steps = parts.values()
    card.how = how
    card.go, card.job = go, job
    return card


def left_behind(state: JobState | None) -> str:
    """What a run that did not come to its end leaves for step 4, or what is missing; "" about others."""
    if state is None or state.status not in ("cancelled", "failed", "lost"):
        return ""
    if state.result.get("path"):
        return (
            "The coarse tables were complete and are saved: step 4 can build a study of them. Measure goes "
            "on to the finer ones."
        )
    reached = f" ({state.progress['text']})" if state.progress and state.progress["text"] else ""
    return (
        f"The coarse tables are not complete yet{reached}, so that this run left nothing for step 4. Measure "
        "goes on from there; what was measured is not measured twice."
    )
