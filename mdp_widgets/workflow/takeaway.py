"""Take the result away: plan, pruned network, ONNX, tables, figures, report. Nothing needs a server route."""

import json
from pathlib import Path

import ipywidgets as widgets

from mdp import jobs
from mdp.core.csv_export import all_tables
from mdp.core.file_sets import current
from mdp.core.plan import plan_to_json
from mdp.core.saved_networks import Network, networks_of_plan
from mdp.operations import ExportOptions, ExtractOptions, argv

from ..export.download import Download
from ..export.figure_export import picture_csv, picture_html, picture_json, pictures, pictures_zip, zipped
from ..export.report import report_html
from ..theme import ui
from .components import dropdown, long_work, offer, or_sentence
from .form import form
from .job_view import JobView
from .keep_budget import budget_card
from .plans import network_folder, plan_files, plan_name, plan_stem

# What belongs to a pruned network: weights and the JSON that rebuilds it; a run's own files stay here.
NETWORK_FILES = ("model.safetensors", "architecture.json")

# A folder for each: what was repaired is another network than what was only cut.
REPAIRED = "-repaired"

# A figure as text: kind of file -> its MIME type, and what writes it.
AS_TEXT = {
    "svg": ("image/svg+xml", lambda picture: picture.svg),
    "csv": ("text/csv", picture_csv),
    "json": ("application/json", picture_json),
    "html": ("text/html", picture_html),
}


class TakeAway:
    """The buttons and what they do. `.widget` is what to show.

    Attributes:
        which: Dropdown of networks of the plan: "" takes it out of the dense one, else a folder (fine-tuned).
        repair: Checkbox: repair a network that is taken out of the dense one.
        figure: Dropdown of figures.
        buttons: name -> Button.
        network, onnx: JobViews.
        budget: the card that keeps the budget on this device.
        download: saves in the browser.
        problem: the sentence about what could not be done.
    """

    def __init__(self, selection):
        self.selection = selection
        self.download, self.problem = Download(), ui.sentence(kind="error")
        self.which = ui.unseen(dropdown("Network", [], tooltip="Which network"))
        self.figure = ui.unseen(dropdown("Figure", [], tooltip="Which figure"))
        self.repair = form(ExtractOptions, "repair")["repair"]
        self.repair.value = True  # it costs seconds and no label
        self.network = JobView("extract", resume=lambda state: state.status == "running")
        self.onnx = JobView("export", resume=lambda state: state.status == "running")
        self.budget = budget_card(selection)
        self._asked: dict[str, tuple[str, str]] = {}  # job -> what to do at its end, name of the file to save
        do = {
            "plan": ("Plan (JSON)", self.save_plan),
            "network": ("Weights and JSON (zip)", self.take_network),
            "onnx": ("ONNX", self.take_onnx),
            "tables": ("Tables (CSV)", self.save_tables),
            "report": ("Report (HTML)", self.save_report),
            "svg": ("SVG", lambda: self.save_picture("svg")),
            "png": ("PNG", lambda: self.save_picture("png")),
            "csv": ("CSV", lambda: self.save_picture("csv")),
            "json": ("JSON", lambda: self.save_picture("json")),
            "html": ("HTML", lambda: self.save_picture("html")),
            "all": ("All (zip)", self.save_all_pictures),
        }
        self.buttons = {name: ui.button(text, self._guarded(act)) for name, (text, act) in do.items()}
        self.buttons["network"].button_style = "primary"
        self.widget = long_work(self.problem, _grid(self), self.download)
        self.network.observe(self._ended, "state")
        self.onnx.observe(self._ended, "state")
        self.which.observe(self.look, "value")
        self.repair.observe(self.look, "value")
        selection.observe(self.look, ["study", "plan", "block", "dim", "front_over"])
        self.look()

    def save_plan(self) -> None:
        plan = self.selection.accuracies.added(self.selection.plan)
        text = json.dumps(plan_to_json(plan), indent=1, ensure_ascii=False)
        self.download.save(f"{self._name}.json", text, "application/json")

    def save_tables(self) -> None:
        archive = zipped(all_tables(self.selection.study, self.selection.plan))
        self.download.save(f"{self._name}-tables.zip", archive, "application/zip")

    def save_report(self) -> None:
        s = self.selection
        a = s.reference and s.reference.plan
        front, turned = s.front_over or (s.front, None)
        text = report_html(s.study, s.plan, front, a, s.beside, s.accuracies.since, turned)
        self.download.save(f"{self._name}.html", text, "text/html")

    def save_picture(self, kind: str) -> None:
        """The chosen figure as "svg", "png", "csv", "json" or "html"."""
        chosen = next(p for p in pictures(self.selection) if p.name == self.figure.value)
        name = f"{self._name}-{chosen.name}.{kind}"
        if kind == "png":
            self.download.save_picture(name, chosen.svg, chosen.width, chosen.height)
        else:
            mime, text = AS_TEXT[kind]
            self.download.save(name, text(chosen), mime)

    def save_all_pictures(self) -> None:
        archive = pictures_zip(pictures(self.selection))
        self.download.save(f"{self._name}-figures.zip", archive, "application/zip")

    def take_network(self) -> None:
        """Save the chosen network; where there is none yet, a job first takes it out of the dense one."""
        name = f"{self._name}-network.zip"
        if folder := self._at_hand():
            self._save_path("zip", name, folder)
        else:
            self._extract("zip", name)

    def take_onnx(self) -> None:
        """Save the chosen network as ONNX, exported as a job."""
        if folder := self._at_hand():
            self._export(folder)
        else:
            self._extract("export", "")

    def look(self, _change=None) -> None:
        """Follow the selection: which figures and which networks there are."""
        plan = self.selection.plan
        stem = plan_stem(self.selection) if plan else ""
        at_hand = networks_of_plan(plan) if plan else []
        made = [
            (
                f"{'made before' if one.accuracy is None else 'fine-tuned'}: "
                + one.name.removeprefix(stem).strip("-"),
                str(one.folder),
            )
            for one in at_hand
            if one.name not in (stem, stem + REPAIRED)  # what this panel makes of the first choice
        ]
        offer(self.which, [("as pruned, not fine-tuned", ""), *made])
        off = jobs.refusal()  # then only what is made already can be taken
        for name, made in (("network", self._at_hand(at_hand) is not None), ("onnx", False)):
            button = self.buttons[name]
            button.disabled = bool(off) and not made
            button.tooltip = off if button.disabled else button.description
        offer(self.figure, [(p.title, p.name) for p in pictures(self.selection)])

    def _at_hand(self, networks: list[Network] | None = None) -> Path | None:
        """The chosen network where it is made already: what was repaired once need not be repaired again.

        `networks` are those of the plan, where they are known.
        """
        if self.which.value or self.selection.plan is None:
            return Path(self.which.value) if self.which.value else None
        own = self._folder()
        found = networks_of_plan(self.selection.plan) if networks is None else networks
        made = any(one.folder.resolve() == own for one in found)
        return own if made and current(own, "model.safetensors").is_file() else None

    def _folder(self) -> Path:
        """Where the first choice is taken out to, as repaired or only cut."""
        return network_folder(self.selection, REPAIRED if self.repair.value else "")

    @property
    def _name(self) -> str:
        return plan_name(self.selection) if self.selection.plan else ""

    def _extract(self, then: str, name: str) -> None:
        study, plan = plan_files(self.selection)
        options = ExtractOptions(study=study, plan=plan, out=str(self._folder()), repair=self.repair.value)
        if self.network.start(argv(options), f"Taking the network out of {self.selection.study.model.name}"):
            self._asked[self.network.job_id] = (then, name)

    def _export(self, folder: Path) -> None:
        out = folder / f"{folder.name}.onnx"
        options = ExportOptions(source=str(folder), onnx=str(out))
        if self.onnx.start(argv(options), f"Writing {out.name}"):
            self._asked[self.onnx.job_id] = ("file", out.name)

    def _ended(self, change) -> None:
        state = change["new"]
        if state is None or state.status == "running" or state.id not in self._asked:
            return
        then, name = self._asked.pop(state.id)
        if state.status != "done":
            return
        path = Path(str(state.result.get("path", "")))
        if then == "export":
            self._export(path)
        else:
            self._save_path(then, name, path)
        self.look()

    def _save_path(self, how: str, name: str, path: Path) -> None:
        try:
            if how == "zip":
                body = zipped({n: current(path, n).read_bytes() for n in NETWORK_FILES})
                self.download.save(name, body, "application/zip")
            else:
                self.download.save(name, path.read_bytes())
        except OSError as error:
            self._complain(f"{error.filename or path} could not be read: {error.strerror}. Try again.")

    def _complain(self, sentence: str) -> None:
        ui.say(self.problem, sentence, "error")

    def _guarded(self, act):
        def click():
            self._complain("")
            if self.selection.plan is None:
                self._complain(
                    "Open a study and choose a budget first; then there is something to take away."
                )
            else:
                or_sentence(act, self._complain)

        return click


def takeaway_panel(selection) -> widgets.VBox:
    """Everything to take away of the present plan. `.parts` is the TakeAway behind it.

    Traits: it follows study, plan, block and dim of the ExplorerState.
    """
    parts = TakeAway(selection)
    parts.widget.parts = parts
    return parts.widget


def _grid(parts: TakeAway) -> widgets.Box:
    b = parts.buttons
    grid = widgets.Box(
        [
            ui.card(
                parts.which,
                parts.repair,
                ui.row(b["network"], b["onnx"], gap="6px"),
                parts.network,
                parts.onnx,
                title="The pruned network",
                note=jobs.refusal()
                or "Weights (safetensors) with the JSON that rebuilds it, or ONNX for other runtimes.",
            ),
            ui.card(
                ui.row(b["plan"], b["tables"], gap="6px"),
                title="Plan and tables",
                note="What is kept and what is proven, as JSON; the latency tables and the plan as CSV.",
            ),
            ui.card(
                parts.figure,
                ui.row(*(b[kind] for kind in ("svg", "png", "csv", "json", "html", "all")), gap="6px"),
                title="Figures",
                note="As they are now, for the chosen budget and block: as pictures, and their numbers.",
            ),
            ui.card(
                ui.row(b["report"]),
                title="Report",
                note="One file for those without the explorer: numbers, pictures, provenance. Prints well.",
            ),
            parts.budget,
        ]
    )
    grid.add_class("mdp-take")
    return grid
