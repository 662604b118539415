"""What is wrong with the open study, red and in words, with the way out beside it: measure again."""

from typing import Any

import ipywidgets

from mdp import jobs
from mdp.cli.model_args import model_words
from mdp.core.errors import MdpError
from mdp.core.how_found import how_found
from mdp.core.quality import importance_doubt, importance_words, study_words
from mdp.core.study import StudyRecord

from ..state.explorer_state import ExplorerState
from ..theme import ui


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
        scores_only = study is not None and told == (importance_words(importance_doubt(study)),)
        self.again.layout.display = "none" if not told or scores_only else None
        self.layout.display = None if told else "none"

    def _start(self) -> None:
        s = self.selection
        s.tab = "New study"
        try:
            words = again_words(s.study)
            jobs.start(words, f"Latency of {s.study.model.name}, measured again")
        except MdpError as error:
            s.error = str(error)
        else:
            s.status = "Measuring again, in step 2 below. Build the study anew when it is done (step 4)."


def again_words(study: StudyRecord) -> list[str]:
    """The command that measures a study's tables once more, as they were.

    Raises:
        MdpError: no command can make the model again, or the tables do not say how they were measured.
    """
    p, ref = study.tables.provenance, study.model
    if "kind" not in p:
        raise MdpError(
            f"The tables of {ref.name} do not say how they were measured. Choose it in step 1 and measure it "
            "in step 2."
        )
    names = [term.name for term in study.problem.latency]
    how = how_found(study.problem.block, names)
    words = ["profile", *model_words(ref), "--device", str(p["kind"])]
    words += [
        "--batch",
        str(p["batch"]),
        "--dtype",
        str(p["dtype"]),
        "--attention",
        how["attention"],
        "--again",
    ]
    words += ["--threads", str(p["threads"])] if p.get("threads") else []
    words += ["--memory-format", str(p["memory_format"])] if p.get("memory_format") else []
    launch = str(p.get("launch", ""))
    runtime = next((name for name in ("compiled", "onnxruntime", "openvino") if name in launch), "")
    words += ["--runtime", runtime] if runtime else []
    return [*words, "--split-blocks"] if how["split_blocks"] else words
