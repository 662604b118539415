"""The hard constraint, kept on the device at hand: a plan whose *measured* latency meets the budget."""

import hashlib
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from mdp import jobs
from mdp.core.errors import MdpError
from mdp.core.names import slug
from mdp.core.paths import data_dir
from mdp.core.pins import pins_from_text, pins_text
from mdp.core.plan import Plan, check_plan_fits
from mdp.core.study import StudyRecord, save_study
from mdp.jobs import JobState
from mdp.latency.local_device import measured_elsewhere
from mdp.operations import EnforceOptions, argv
from mdp.plot import formats as fmt
from mdp.solve import Pins

from ..state.choices import solved
from ..theme import ui
from .artifacts import free_name
from .components import long_work, or_sentence, start_button, two_columns
from .enforce_story import story_html, story_of, story_of_study
from .job_view import JobView
from .measure_here import MeasureHere

NOTE = (
    "Solves, measures the pruned network here, and where it breaks the budget measures its parts anew and "
    "solves again, until what is measured fits."
)
KEPT = " · kept at "  # between a study's name and the budget, in the name of the study that comes of it


def budget_panel(selection) -> widgets.VBox:
    """`budget_card` alone in a cell. Its part is `card`.

    Traits: it follows study and budget of the state, and sets study, budget and pins when the plan that
    was kept is shown.
    """
    card = budget_card(selection)
    panel = long_work(card)
    panel.card = card
    return panel


def budget_card(selection) -> widgets.VBox:
    """Keep the present budget on this device, and see how it went. Over one ExplorerState.

    Its parts are `go`, `job`, `story` (HTML), `show`, the button that shows the plan that was measured, and
    `here`, which measures the model on this device where the study is of another.
    """
    job = JobView("enforce", "verify", resume=lambda state: is_about(state, selection.study), recap=False)
    story, problem = widgets.HTML(), ui.sentence(kind="error")
    shown: dict[str, Any] = {"story": None, "path": None}

    def start():
        ui.say(problem, "")
        study = selection.study
        wrong = measured_elsewhere(study) if study else "Open a study and choose a budget first."
        if wrong:
            job.complain(wrong)
            return
        options = or_sentence(lambda: enforcing(study, selection.budget, selection.pins), job.complain)
        if options:
            held = " and what is pinned" if selection.pins else ""
            job.start(argv(options), f"Keeping {fmt.ms(selection.budget)}{held} with {study.name}")

    def show():
        ui.say(problem, "")
        story = shown["story"]
        try:
            show_plan(selection, shown["path"], story.plan, story.pins)
        except MdpError as error:
            ui.say(problem, str(error), "error")
        else:
            ui.say(problem, f"Shown above: the plan that was kept, in {selection.study.name}.", "status")

    def tell(_=None):
        state, path = job.state, None
        found = story_of_study(selection.study)
        if state is not None and state.status == "done" and is_about(state, selection.study):
            made = story_of(state.result)
            # A study that carries a story of its own tells that, unless the job has just kept it anew.
            if made is not None and (found is None or state.arguments[1:2] == (_path(selection.study),)):
                found, path = made, state.result.get("path")
        shown["story"], shown["path"] = found, path
        story.value = story_html(found) if found else ""
        story.layout.display = None if found else "none"
        choosable = found is not None and found.plan is not None
        button.layout.display = None if choosable else "none"

    def ended(change):
        old, new = change["old"], change["new"]
        seen = new is not None and old is not None and new.id == old.id
        if seen and new.status == "done" and old.status == "running":
            selection.refresh()  # the study that came of it can be picked
        tell()

    def other_study(_=None):
        if not job.running:
            job.complain("")
            job.find()
        ui.say(problem, "")
        tell()

    go = start_button("Keep the budget on this device", start, tooltip=NOTE)
    button = ui.button("Show the plan that was kept", show, tooltip="Open its study, and choose this plan")
    job.observe(ended, "state")
    selection.observe(other_study, "study")
    tell()
    here = MeasureHere(selection)
    work, ending = widgets.VBox([ui.row(go), job, here]), widgets.VBox([story, ui.row(button), problem])
    card = ui.card(two_columns(work, ending), title="The measured budget", note=jobs.refusal() or NOTE)
    card.add_class("mdp-wide")
    card.go, card.job, card.story, card.show, card.here = go, job, story, button, here
    return card


def is_about(state: JobState, study: StudyRecord | None) -> bool:
    """Whether an earlier job kept a budget and is worth showing: it runs, or is about this study."""
    # Jobs of before are `verify --strict`.
    if state.kind != "enforce" and "--strict" not in state.arguments:
        return False
    here = _path(study)
    return state.status == "running" or (here and here in (*state.arguments[1:2], state.result.get("path")))


def enforcing(study: StudyRecord, budget: float, pins: Pins) -> EnforceOptions:
    """Keep a budget, and what is pinned, and save what comes of it as a study of its own.

    Asked the same again, that study is made anew; asked anything else, another one.

    Raises:
        MdpError: the study cannot be saved.
    """
    jobs.refuse_visitors()
    path = _path(study) or str(save_study(study).resolve())
    stem, held = study.name.split(KEPT)[0], pins_text(pins)
    # The corrected tables make another problem: what belongs to the study as it is stays valid.
    asked = hashlib.sha256(f"{path}\n{budget!r}\n{held}".encode()).hexdigest()[:8]
    name = f"{stem}{KEPT}{fmt.ms(budget)}{', pinned' * bool(pins)}"
    out = data_dir().resolve() / "user" / "studies" / f"{slug(name)}-{asked}.json"
    name = free_name(name, out)
    return EnforceOptions(study=path, budget=repr(budget), pins=held, out=str(out), name=name)


def show_plan(selection, path: str | None, plan: Plan, pins: str = "") -> None:
    """Open the study at `path` (None: the open one) and show exactly this plan, which was solved with `pins`.

    Raises:
        MdpError: the study does not open, or the plan or the pins do not belong to it.
    """
    if path and _path(selection.study) != path:
        selection.refresh()
        # As the list of studies writes it, so that the picker shows it as the open one.
        listed = (s["path"] for s in selection.studies if str(Path(s["path"]).resolve()) == path)
        if not selection.open(next(listed, path)):
            raise MdpError(selection.error)
    problem = selection.study.problem
    check_plan_fits(plan, problem)
    budget = max(plan.budget, plan.latency)
    asked = pins_from_text(pins, problem)
    best = solved(problem, budget, asked, {})
    same = (best.choices, best.removed_blocks) == (plan.choices, plan.removed_blocks)
    # What was kept need not be what the corrected tables would choose: it is pinned, since it was measured.
    if not selection.go(budget, asked if same else pins_of(selection.study, plan)):
        raise MdpError(selection.error)


def pins_of(study: StudyRecord, plan: Plan) -> Pins:
    """Pins that leave exactly this plan."""
    gone = set(plan.removed_blocks)
    blocks = {b.name: b.name not in gone for b in study.problem.blocks if b.removable}
    return Pins({dim: (kept, kept) for dim, kept in plan.choices.items() if kept is not None}, blocks)


def _path(study: StudyRecord | None) -> str:
    return str(Path(study.path).resolve()) if study is not None and study.path else ""
