"""How good the numbers of the open study are: what is wrong, red and in words, and its two tests."""

from typing import Any

import ipywidgets

from mdp import jobs
from mdp.cli.model_args import naming
from mdp.core.deployment import launched_by
from mdp.core.errors import MdpError
from mdp.core.how_found import how_found
from mdp.core.quality import (
    accuracy_check,
    accuracy_check_words,
    failed_words,
    follows_accuracy,
    importance_doubt,
    importance_words,
    study_words,
    tables_words,
    verification_words,
)
from mdp.core.study import StudyRecord, interpolation_note
from mdp.operations import ProfileOptions, argv
from mdp.plot import formats as fmt
from mdp.plot.importance_accuracy import (
    draw_importance_test,
    importance_test,
    importance_test_label,
    importance_test_table,
)
from mdp.plot.labels import LABELS

from ..state.explorer_state import ExplorerState
from ..theme import ui
from ..widgets.plot import Plot

UNTESTED = "Whether importance follows accuracy was not tested: {how} measures plans of equal latency."
UNVERIFIED = "No whole network was measured yet: {how} compares predicted with measured latency."
# What does each, where its button stands below: see mdp_widgets.workflow.verify.
BUTTONS = ("“Measure whole networks” below", "“Test the importance” below")
WHY = {
    True: "Points that rise to the right: more importance, more accuracy.",
    None: "Points that rise to the right would say: more importance, more accuracy.",
    False: "The points of one colour should rise to the right. They do not.",
}


class QualityNotice(ipywidgets.HBox):
    """Over one ExplorerState. It takes no room while nothing is wrong; `words` is the sentence, `again` the
    button that starts measuring the study's model anew and opens the tab that shows it."""

    def __init__(self, selection: ExplorerState):
        self.selection = selection
        self.words = ui.sentence(kind="warning")
        self.words.layout.flex = "1 1 0"
        self.again = ui.button("Measure again", self._start, tooltip="Measure these latency tables once more")
        if jobs.refusal():
            self.again.disabled, self.again.tooltip = True, jobs.refusal()
        super().__init__([self.words, self.again], layout={"align_items": "center", "grid_gap": "12px"})
        self.add_class("mdp-quality")
        selection.observe(self._show, "study")
        self._show()

    def _show(self, _change: Any = None) -> None:
        study = self.selection.study
        told = study_words(study) if study is not None else ()
        ui.say(self.words, " ".join(told), "warning")
        scores = study is not None and (failed_words(study) or importance_words(importance_doubt(study)))
        scores_only = told == (scores,)
        self.again.layout.display = "none" if not told or scores_only else None
        self.layout.display = None if told else "none"

    def _start(self) -> None:
        s = self.selection
        s.open_tab("New study")
        try:
            jobs.start(argv(measuring_again(s.study)), f"Latency of {s.study.model.name}, measured again")
        except MdpError as error:
            s.complain(str(error))
        else:
            s.say("Measuring again, in step 2 below. Build the study anew when it is done (step 4).")


class QualityView:
    """Over one ExplorerState: the test of the tables and that of importance, as sentences and a figure.
    `.widget` is what to show, `.plot` accuracy over importance of the measured plans.

    Args:
        buttons: whether the buttons that run the tests stand below; else the sentences name the commands.
    """

    def __init__(self, selection: ExplorerState, height: str = "300px", buttons: bool = False):
        self.selection, self._buttons = selection, buttons and not jobs.refusal()
        self.tables, self.importance, self.rates = ui.sentence(), ui.sentence(), ipywidgets.HTML()
        self.plot = Plot(height=height, filename="importance-test")
        self.why = ui.sentence()
        self.figure = ui.card(
            self.plot, self.why, title="Accuracy over importance kept", flex="1.4 1 0", min_width="0"
        )
        words = ui.card(
            ui.heading("Latency: whole networks"),
            self.tables,
            ui.heading("Importance: accuracy at equal latency"),
            self.importance,
            self.rates,
            flex="1 1 0",
            min_width="0",
        )
        self.widget = ipywidgets.HBox([words, self.figure])
        self.widget.add_class("mdp-columns")
        selection.observe(self._show, "study")
        selection.accuracies.observe(self._draw, "since")
        self._show()

    def _show(self, _change: Any = None) -> None:
        study = self.selection.study
        if study is None:
            return
        tables, command = study.tables, f"mdp verify '{study.name}'"
        tests = BUTTONS if self._buttons else (command, f"{command} --accuracy")
        wrong = tables_words(tables.provenance, tables.details) or verification_words(study.verification)
        told = f"{_verified(study) or UNVERIFIED.format(how=tests[0])} {interpolation_note(tables)}".strip()
        ui.say(self.tables, wrong or told, "warning" if wrong else "note")
        doubt = failed_words(study) or importance_words(importance_doubt(study))
        tested = accuracy_check_words(study) or UNTESTED.format(how=tests[1])
        ui.say(self.importance, doubt or tested, "warning" if doubt else "note")
        self.rates.value = _rates(study)
        self._draw()

    def _draw(self, _change: Any = None) -> None:
        s = self.selection
        if s.study is None:
            return
        info = importance_test(s.study, s.accuracies.since)
        self.figure.layout.display = None if info.bands else "none"
        ui.say(self.why, WHY[follows_accuracy(accuracy_check(s.study))])
        self.plot.show(draw_importance_test(info), importance_test_label(info), *importance_test_table(info))


def _verified(study: StudyRecord) -> str:
    """What `mdp verify` found, in a sentence; "" where it did not run."""
    check = study.verification or {}
    error, worst, count = (check.get(key) for key in ("median_error", "worst_error", "subnetworks"))
    if not isinstance(error, int | float):
        return ""
    at_worst = f", {fmt.percent(worst)} at worst" if isinstance(worst, int | float) else ""
    return (
        f"{count} whole networks measured: predictions off by {fmt.percent(error)} at the median{at_worst}."
    )


def _rates(study: StudyRecord) -> str:
    """The exchange rates of the test as a table; "" where there are none."""
    told = accuracy_check(study).get("exchange_rates")
    rates = [(k, v) for k, v in told.items() if isinstance(v, int | float)] if isinstance(told, dict) else []
    if not rates:
        return ""
    rows = [(LABELS.get(kind, kind), f"{rate:.2f}".replace("-", "−")) for kind, rate in rates]
    return ui.table_html(("kind", "points of accuracy per 1 % of importance"), rows)


def measuring_again(study: StudyRecord) -> ProfileOptions:
    """How a study's tables are measured once more, as they were.

    Raises:
        MdpError: no command can make the model again, or the tables do not say how they were measured.
    """
    p, ref = study.tables.provenance, study.model
    if p.get("launch") == "imported":
        raise MdpError(
            f"The tables of {ref.name} were measured on {p.get('device')} and imported: they cannot be "
            "measured again here."
        )
    if "kind" not in p:
        raise MdpError(
            f"The tables of {ref.name} do not say how they were measured. Choose it in step 1 and measure it "
            "in step 2."
        )
    how = how_found(study.problem.block, [term.name for term in study.problem.latency])
    return ProfileOptions(
        **naming(ref),
        device=str(p["kind"]),
        batch=p["batch"],
        dtype=str(p["dtype"]),
        threads=p.get("threads") or None,
        memory_format=p.get("memory_format") or ProfileOptions.memory_format,
        runtime=launched_by(p.get("launch")),
        attention=how["attention"],
        split_blocks=how["split_blocks"],
        again=True,
    )
