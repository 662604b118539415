"""The open study as a file: its name, and whether it should be there at all."""

from collections.abc import Mapping
from typing import Any

import anywidget
from traitlets import Bool, Unicode

from mdp import jobs
from mdp.core.errors import MdpError
from mdp.core.saved_networks import networks_of_study
from mdp.core.study import StudyRecord
from mdp.core.study_files import delete_study, not_yours, plans_of, rename_study
from mdp.core.words import many

from ..state.explorer_state import ExplorerState
from ..theme import ui


class StudyMenu(anywidget.AnyWidget):
    """Over one ExplorerState: a menu that renames or deletes the open study. Works alone in a cell.

    Traits:
        name: the open study's; "" while none is open.
        why: a sentence on why it can be neither renamed nor deleted, "" where it can.
        belongs: a sentence on what goes with it and what stays.
        said: a sentence about what was done or could not be; wrong: whether it could not.
    """

    _esm = ui.script("theme/dom.js", "widgets/dropdown.js", "widgets/study_menu.js")
    _css = ui.css() + ui.static("widgets/plan_bar.css") + ui.static("widgets/study_menu.css")

    name = Unicode("").tag(sync=True)
    why = Unicode("").tag(sync=True)
    belongs = Unicode("").tag(sync=True)
    said = Unicode("").tag(sync=True)
    wrong = Bool(False).tag(sync=True)

    def __init__(self, selection: ExplorerState):
        super().__init__()
        self.selection = selection
        selection.observe(self._show, "study")
        self.on_msg(self._receive)
        self._show()

    def _show(self, _change: Any = None) -> None:
        study = self.selection.study
        with self.hold_sync():
            self.name = study.name if study else ""
            self.why = not_yours(study) or jobs.refusal() if study else ""

    def _receive(self, _widget: Any, content: Mapping[str, Any], _buffers: Any) -> None:
        acts = {
            "look": self.look,
            "rename": lambda: self.rename(str(content.get("to", ""))),
            "delete": self.delete,
        }
        kind = content.get("kind")
        if kind not in acts or self.selection.study is None:
            return
        self._say("")
        try:
            acts[kind]()
        except MdpError as error:
            self._say(str(error), failed=True)

    def look(self) -> None:
        """Say what belongs to the study, for who is about to delete it."""
        self.belongs = belongs(self.selection.study)

    def rename(self, to: str) -> None:
        """Give the open study another name. Raises MdpError where that cannot be."""
        study = self._mine()
        self.selection.moved(rename_study(study.path, to))
        self._say(f"Renamed to {self.selection.study.name!r}.")

    def delete(self) -> None:
        """Delete the open study; another one opens. Raises MdpError where that cannot be."""
        study = self._mine()
        delete_study(study.path)
        self.selection.deleted()
        self._say(f"Deleted {study.name!r}.")

    def _mine(self) -> StudyRecord:
        jobs.refuse_visitors()
        study = self.selection.study
        if not_yours(study):
            raise MdpError(not_yours(study))
        jobs.refuse_while_used(study.path)
        return study

    def _say(self, sentence: str, failed: bool = False) -> None:
        with self.hold_sync():
            self.said, self.wrong = sentence, failed


def belongs(study: StudyRecord) -> str:
    """What goes with a study that is deleted, and what stays, in a sentence."""
    plans, networks = len(plans_of(study)), len(networks_of_study(study.problem.fingerprint))
    goes = f" and its {many(plans, 'named plan')} go" if plans else " goes"
    stays = f" {many(networks, 'pruned network')} of it," if networks else ""
    return f"Its file{goes};{stays} its tables and its scores stay. This cannot be undone."
