"""The page's head: study picker, what it was measured on, undo, redo, links, the address of the view."""

from collections.abc import Mapping
from typing import Any

import anywidget
from traitlets import Bool, List, Unicode

from mdp.core.counted import counted_in
from mdp.core.deployments import deployments
from mdp.core.quality import importance_doubt
from mdp.core.resources import WORDS
from mdp.core.study import StudyRecord
from mdp.core.tables import how_timed
from mdp.core.words import many

from ..state.address import address_of, go_to
from ..state.explorer_state import ExplorerState
from ..theme import ui


class Header(anywidget.AnyWidget):
    """Over one ExplorerState. On our own page the address keeps study, budget, pins, A, block, dim, tab
    and axis; in a notebook it leaves the address alone.

    Traits:
        studies: {"path", "text"} of each study to pick; opened, opened_text: the open one.
        deployments: of the open study, where there are several, that of the budget first.
        facts: what the open study was measured on.
        links: (text, address) pairs.
        address: the view as a query string.
    """

    _esm = ui.script("theme/dom.js", "widgets/header.js")
    _css = ui.css() + ui.static("widgets/header.css")

    studies = List().tag(sync=True)
    opened = Unicode("").tag(sync=True)
    opened_text = Unicode("").tag(sync=True)
    deployments = List().tag(sync=True)
    facts = Unicode("").tag(sync=True)
    links = List().tag(sync=True)
    address = Unicode("").tag(sync=True)
    can_undo = Bool(False).tag(sync=True)
    can_redo = Bool(False).tag(sync=True)

    def __init__(self, selection: ExplorerState, links: list[tuple[str, str]] | None = None):
        super().__init__(links=[list(link) for link in links or []])
        self.selection = selection
        selection.observe(self._show, ["studies", "study", "can_undo", "can_redo"])
        selection.observe(self._show_address, ["study", "plan", "reference", "block", "dim", "tab", "axis"])
        self.on_msg(self._receive)
        self._show()

    def _show(self, _change: Any = None) -> None:
        s = self.selection
        with self.hold_sync():
            self.studies = [{"path": i["path"], "text": study_text(i)} for i in s.studies]
            self.opened = str(s.study.path) if s.study and s.study.path else ""
            self.opened_text = s.study.name if s.study else ""
            self.deployments = list(deployments(s.study)) if s.study else []
            self.facts = study_facts(s.study) if s.study else ""
            self.can_undo, self.can_redo = s.can_undo, s.can_redo
        self._show_address()

    def _show_address(self, _change: Any = None) -> None:
        self.address = address_of(self.selection)

    def _receive(self, _widget: Any, content: Mapping[str, Any], _buffers: Any) -> None:
        s, kind = self.selection, content.get("kind")
        if kind == "open" and content.get("path") in {i["path"] for i in s.studies}:
            s.open(content["path"])
            self.send({"kind": "answered"})  # a study that did not open leaves the picker at the old one
        elif kind == "deploy":
            s.deploy(str(content.get("name", "")))
            self.send({"kind": "answered"})
        elif kind == "undo":
            s.undo()
        elif kind == "redo":
            s.redo()
        elif kind == "refresh":
            s.refresh()
        elif kind == "hello":
            s.refresh()
            fresh = not (s.can_undo or s.can_redo)
            go_to(s, str(content.get("address", "")))
            if fresh:
                s.begin()
            self.send({"kind": "answered"})


def study_text(item: Mapping[str, Any]) -> str:
    """One line for the picker."""
    return f"{item['name']} (damaged)" if "error" in item else str(item["name"])


def study_facts(study: StudyRecord) -> str:
    """`NVIDIA H200 · batch 256 · bfloat16`, and the images that its importance comes from."""
    p, q = study.tables.provenance, study.scores.provenance
    if own := counted_in(p):
        facts = [f"Budget in {WORDS[own]}: counted, for any device"]
    else:
        facts = [str(p["device"]), f"batch {p['batch']}", str(p["dtype"]), *how_timed(study.tables)]
    if q.get("method"):
        name = str(q["method"])
        scores = f"{name[:1].upper()}{name[1:]} scores"  # Taylor and Hessian are names
        doubt = importance_doubt(study)
        scores += f" ({doubt})" if doubt else ""
        facts.append(scores + scored_on(q))
    return " · ".join(facts)


def scored_on(scored: Mapping[str, Any]) -> str:
    """` on 200 images of imagenet`: how many images importance was taken on, and which, as far as known."""
    data = scored.get("dataset")
    of = f" of {data}" if isinstance(data, str) and data else ""
    count = scored.get("images")
    if isinstance(count, int):
        return f" on {many(count, 'image')}{of}"
    return f" on images{of}" if of else ""
