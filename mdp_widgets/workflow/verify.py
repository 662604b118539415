"""The two tests of a study as buttons: its tables on whole networks, its importance on accuracy."""

from pathlib import Path

import ipywidgets as widgets

from mdp import jobs
from mdp.core.budgets import parse_budgets
from mdp.core.errors import MdpError
from mdp.core.names import digest
from mdp.core.paths import data_dir
from mdp.core.study import StudyRecord, load_study, save_study
from mdp.core.study_files import not_yours
from mdp.jobs import JobState
from mdp.latency.local_device import measured_elsewhere
from mdp.operations import VerifyOptions, argv
from mdp.operations.shared import FASHION

from ..theme import ui
from .components import combobox, fields, long_work, or_sentence, start_button, two_columns
from .finetune import images_for
from .form import form, values_of
from .job_view import JobView
from .measure_here import MeasureHere
from .refusals import form_checks, guard, with_places
from .study_draft import checked_data

TABLES = "Times random pruned networks as a whole, and compares with what the tables predict."
ACCURACY = "Cuts, repairs and measures plans of equal latency: does accuracy follow importance?"


def verify_panel(selection) -> widgets.VBox:
    """Both tests of the open study, and their job.

    Traits: it follows study of the state, and sets study when what was measured stands in it.
    Its parts: `subnetworks`, `seconds`, `tables` (a button); `data`, `plans`, `budgets`, `importance` (a
    button); `job`, and `here`, which measures the model on this device where the study is of another.
    """
    timed = form(VerifyOptions, "subnetworks", "seconds")
    tried = form(VerifyOptions, "plans", "images", "budgets")
    data = combobox("Images", [FASHION], images_for(selection), "fashion-mnist, or one folder per class")
    data.placeholder = "/path/to/a/folder/per/class"
    job = JobView("verify", resume=lambda state: is_about(state, selection.study))

    def start(title, asked, **wanted):
        study = selection.study
        if study is None:
            job.complain("Open a study first.")
            return
        options = or_sentence(lambda: verifying(study, **asked(), **wanted), job.complain)
        if options:
            job.start(argv(options), f"{title} of {study.name}")

    def test_tables():
        wrong = measured_elsewhere(selection.study) if selection.study else ""
        if wrong:
            job.complain(wrong)
        else:
            start("Whole networks", lambda: values_of(VerifyOptions, timed))

    def test_importance():
        def asked():
            return {**values_of(VerifyOptions, tried), "data": checked_data(data.value)}

        start("Accuracy at equal latency", asked, accuracy=True)

    def budgets_fit():
        if selection.study is not None:
            parse_budgets(tried["budgets"].value, selection.study.problem)

    def ended(change):
        old, new = change["old"], change["new"]
        if new is None or new.status == "running" or old is None or old.id != new.id or not new.arguments:
            return
        if old.status == "running" and is_about(new, selection.study):
            or_sentence(lambda: follow(selection, written(new)), job.complain)

    def other_study(_=None):
        if data.value in ("", FASHION):  # what somebody typed stays
            data.value = images_for(selection)
        if not job.running:
            job.complain("")
            job.find()

    job.observe(ended, "state")
    selection.observe(other_study, "study")
    tables = start_button("Measure whole networks", test_tables, tooltip=TABLES)
    importance = start_button("Test the importance", test_importance, tooltip=ACCURACY)
    here = MeasureHere(selection)
    of_tables = form_checks(VerifyOptions, timed)
    of_importance = form_checks(VerifyOptions, tried, budgets=budgets_fit)
    for button, parts, checks in ((tables, timed, of_tables), (importance, tried, of_importance)):
        look = guard(button, checks.values())
        for part in parts.values():
            part.observe(look, "value")
    asked_of_tables = fields(*with_places(timed, of_tables))
    left = widgets.VBox([ui.heading("Tables", 4), ui.sentence(TABLES), asked_of_tables, ui.row(tables), here])
    right = widgets.VBox(
        [
            ui.heading("Importance", 4),
            ui.sentence(ACCURACY),
            fields(data, *with_places(tried, of_importance)),
            ui.row(importance),
        ]
    )
    card = ui.card(two_columns(left, right), job, title="Test this study", note=jobs.refusal())
    panel = long_work(card)
    panel.subnetworks, panel.seconds = timed.values()
    panel.plans, panel.images, panel.budgets = tried.values()
    panel.data, panel.tables, panel.importance, panel.job, panel.here = data, tables, importance, job, here
    return panel


def verifying(study: StudyRecord, **asked) -> VerifyOptions:
    """A test of a study, kept in its file; what came along stays as it is, and a copy of the user's is made.

    Raises:
        MdpError: the study cannot be saved.
    """
    jobs.refuse_visitors()
    path = Path(study.path or save_study(study)).resolve()
    place, out = f"{path}{_away(study)}" if study.path else str(path), None
    if not_yours(load_study(path)):
        mine = data_dir().resolve() / "user" / "studies"
        out = mine / path.name  # a file of the same name stands for what came along
        if out.exists() and not _same(out, study):
            out = mine / f"{path.stem}-{digest(str(path))}.json"
    return VerifyOptions(study=place, out=str(out) if out else None, **asked)


def is_about(state: JobState, study: StudyRecord | None) -> bool:
    """Whether a job tests this study, and no budget."""
    if study is None or not study.path or "--strict" in state.arguments:
        return False
    path = str(Path(study.place).resolve())
    return path in (*state.arguments[1:2], written(state))


def written(state: JobState) -> str:
    """The file that a test writes to."""
    words = state.arguments
    return words[words.index("--out") + 1] if "--out" in words[:-1] else "".join(words[1:2])


def follow(selection, path: str) -> None:
    """Show what stands in the file of the open study by now, wherever a test has put it.

    Raises:
        MdpError: it cannot be read.
    """
    study = selection.study
    if str(Path(study.place).resolve()) == path:
        selection.learn(load_study(path))
    elif Path(path).is_file() and _same(Path(path), study):
        selection.moved(Path(path))


def _away(study: StudyRecord) -> str:
    """What names the shown deployment behind a file of the study: `@laptop`, mostly ""."""
    return study.place.removeprefix(str(study.path))


def _same(path: Path, study: StudyRecord) -> bool:
    try:
        return load_study(f"{path}{_away(study)}").problem.fingerprint == study.problem.fingerprint
    except MdpError:
        return False
