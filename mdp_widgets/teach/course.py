"""The course: six steps, a contest, exercises and the paper's claims, one page at a time over one state.

from mdp_widgets.teach import Course
Course()
"""

from typing import Any

import ipywidgets as widgets

from mdp.core.names import slug
from mdp.core.study import StudyRecord

from ..state.explorer_state import ExplorerState
from ..theme import ui
from ..widgets.header import Header
from .claims_page import ClaimsPage
from .contest.page import ContestPage
from .cutting import cutting
from .exercises_page import KEYS, ExercisesPage
from .layers import linear
from .measurement import measurement
from .one_program import one_program
from .opening import open_study, sentence, sheet
from .page import ODD, StepPage, cannot
from .rail import Rail
from .removal import removal
from .sensitivity import sensitivity
from .steps import OUTLINE, STEPS

LINKS = [("Explorer", "/"), ("Inspect", "/inspect")]
FIGURES = (cutting, sensitivity, linear, removal, one_program, measurement)
CONTEST, EXERCISES, CLAIMS = "You against the solver", "Exercises", "The paper's claims"


class Course:
    """The page. `.widget` is what a cell shows; `.pages` holds the pages made so far, by number from 1.

    Args:
        study: a Study, its name or its path; default: the ViT that the steps were written on.
    """

    def __init__(self, study: StudyRecord | str | None = None, selection: ExplorerState | None = None):
        self.selection = s = selection or open_study(study)
        self.pages: dict[int, Any] = {}
        self.header = Header(s, LINKS)
        self.notice = ui.sentence()
        self.notice.add_class("mdp-notice")
        self.rail = Rail(self.go_to)
        self.stage = widgets.VBox()
        self.stage.add_class("mdp-stage")
        self.back = ui.button("← Back", lambda: self.turn(-1))
        self.next = ui.button("Next step →", lambda: self.turn(1), primary=True)
        turning = ui.row(self.back, self.next, justify_content="space-between")
        turning.add_class("mdp-turning")
        self._open: tuple[str, str] | None = None
        self.widget = ui.panel(sheet(), self.header, self.notice, self.rail, self.stage, turning)
        self.widget.add_class("mdp-course")
        s.observe(self._other_study, "study")
        s.observe(self._tell, ["error", "status"])
        self._other_study()
        self._tell()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return self.widget._repr_mimebundle_(**kwargs)

    @property
    def titles(self) -> list[tuple[str, list[str]]]:
        """Title and questions of every page, for the rail."""
        steps = [(title, [f"{key}-prediction", f"{key}-check"]) for title, key in OUTLINE]
        return [*steps, (CONTEST, ["contest-1", "contest-2", "contest-3"]), (EXERCISES, KEYS), (CLAIMS, [])]

    def go_to(self, number: int) -> None:
        """Show one page, from 1."""
        if self.selection.study is None or not 1 <= number <= len(self.titles):
            return
        shown = None
        if number not in self.pages:
            try:
                self.pages[number] = self._page(number)
            except ODD as error:
                shown = ui.sentence(cannot(error), "error")
        self.stage.children = (shown or self.pages[number].widget,)
        self.rail.step = number
        self.back.layout.visibility = "visible" if number > 1 else "hidden"
        self.next.layout.visibility = "visible" if number < len(self.titles) else "hidden"

    def turn(self, by: int) -> None:
        """To the next page, or the one before."""
        self.lead_to(self.rail.step + by)

    def lead_to(self, number: int) -> None:
        """Show the page that a button of the page leads to; the browser remembers it."""
        self.rail.by_page = True
        self.go_to(number)

    def _page(self, number: int) -> Any:
        study = self.rail.study
        if number <= len(STEPS):
            step = STEPS[number - 1](self.selection.study)
            return StepPage(self.selection, step, number, FIGURES[number - 1], study)
        if number == len(STEPS) + 1:
            return ContestPage(self.selection, number, study)
        if number == len(STEPS) + 2:
            return ExercisesPage(number, study)
        return ClaimsPage(self.lead_to, number)

    def _other_study(self, _change: Any = None) -> None:
        """Every page anew; not where only more is known about the same study."""
        study = self.selection.study
        now = ("", "") if study is None else (study.name, study.problem.fingerprint)
        if now == self._open:
            return
        self._open, self.pages = now, {}
        if study is None:
            self.stage.children = (sentence(self.selection),)
            return
        with self.rail.hold_sync():
            self.rail.study = study.path.stem if study.path else slug(study.name)
            self.rail.titles = [list(title) for title in self.titles]
            self.go_to(min(self.rail.step, len(self.titles)))

    def _tell(self, _change: Any = None) -> None:
        s = self.selection
        ui.say(self.notice, s.error or s.status, "error" if s.error else "status")
