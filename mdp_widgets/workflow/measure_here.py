"""A study of another machine, made one of this machine: its tables measured here, its importance kept."""

from pathlib import Path

import ipywidgets as widgets

from mdp.cli.model_args import naming
from mdp.core.deployment import DTYPES, launched_by
from mdp.core.how_found import how_found
from mdp.core.study import StudyRecord, save_study
from mdp.latency.local_device import measured_elsewhere, names_here
from mdp.latency.runtimes import PACKAGES, PRECISIONS
from mdp.operations import BuildOptions, ProfileOptions, argv

from ..theme import ui
from .artifacts import free_name
from .components import or_sentence, start_button
from .job_view import JobView

HERE = " · measured here"


class MeasureHere(widgets.VBox):
    """Over one ExplorerState, and there only while the open study is of another device: a button that
    measures the model here, then builds a study of these tables and the same importance, and opens it.

    Its parts are `go` and `job`.
    """

    def __init__(self, selection):
        self.selection = selection
        self.go = start_button(
            "Measure this model here", self.start, primary=True,
            tooltip="Measure latency tables on this device, and open a study of them and the same importance",
        )  # fmt: skip
        self.job = JobView("profile", "build", resume=lambda state: False)
        self._of: tuple[StudyRecord, str] | None = None  # the study that is measured, its path
        super().__init__([ui.row(self.go), self.job])
        self.layout.grid_gap = "8px"
        self.job.observe(self._ended, "state")
        selection.observe(self._show, "study")
        self._show()

    def start(self) -> None:
        """Measure; the rest follows when that is done."""
        study = self.selection.study
        options = or_sentence(lambda: measuring_here(study), self.job.complain) if study else None
        path = or_sentence(lambda: _path(study), self.job.complain) if options else None
        if path and self.job.start(argv(options), f"Latency of {study.model.name}, measured here"):
            self._of = study, path

    def _ended(self, change) -> None:
        state = change["new"]
        if self._of is None or state is None or state.status == "running":
            return
        study, path = self._of
        tables = str(state.result.get("path", ""))
        if state.kind == "profile" and state.status == "done" and not state.result.get("wrong"):
            options = or_sentence(lambda: building(study, path, tables), self.job.complain)
            if options:
                self.job.start(argv(options), f"Building the study “{options.name}”")
            return
        self._of = None
        if state.kind == "build" and state.status == "done":
            self._open(study, tables)
        elif state.result.get("path") and state.status != "done":
            self.job.complain("Its coarse tables are saved: the tab New study builds a study of them.")

    def _open(self, study: StudyRecord, path: str) -> None:
        s = self.selection
        s.refresh()
        if s.study is not study:  # somebody looks at something else by now
            self.job.complain("")
            return
        share = s.budget / study.problem.dense_latency
        if s.open(path):
            s.set_budget(max(share * s.study.problem.dense_latency, s.min_latency))

    def _show(self, _change=None) -> None:
        study = self.selection.study
        elsewhere = study is not None and bool(measured_elsewhere(study))
        self.go.layout.display = None if elsewhere else "none"
        self.layout.display = None if elsewhere or self.job.state is not None else "none"


def measuring_here(study: StudyRecord) -> ProfileOptions:
    """How the model of a study is measured on this machine: as there, as far as that can be.

    Raises:
        MdpError: no command can make the model again.
    """
    p = study.tables.provenance
    runtime, batch, dtype = launched_by(p.get("launch")), p.get("batch"), p.get("dtype")
    kind = next((kind for kind in ("cuda", "mps") if names_here(kind)), "cpu")
    if runtime in PACKAGES:  # those that serve networks on CPUs
        kind = "cpu"
    alike = runtime in PACKAGES or kind == p.get("kind")
    # What a GPU computes in half precision a CPU may not, nor PyTorch in int8.
    known = dtype in PRECISIONS.get(runtime, tuple(d for d in DTYPES if d != "int8"))
    how = how_found(study.problem.block, [term.name for term in study.problem.latency])
    return ProfileOptions(
        **naming(study.model),
        device=kind,
        batch=batch if isinstance(batch, int) and batch >= 1 else ProfileOptions.batch,
        dtype=str(dtype) if alike and known else ProfileOptions.dtype,
        runtime=runtime if alike else ProfileOptions.runtime,
        attention=how["attention"],
        split_blocks=how["split_blocks"],
    )


def building(study: StudyRecord, path: str, tables: str) -> BuildOptions:
    """A study of these tables and of the importance in the study at `path`.

    Raises:
        MdpError: no command can make the model again.
    """
    name = free_name(study.name.split(HERE)[0] + HERE)
    return BuildOptions(**naming(study.model), tables=tables, scores=path, name=name)


def _path(study: StudyRecord) -> str:
    return str(Path(study.path or save_study(study)).resolve())
