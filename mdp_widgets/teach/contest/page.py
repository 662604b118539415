"""You against the solver: three rounds, each made when it is opened."""

from typing import Any

import ipywidgets as widgets

from mdp.core.errors import MdpError

from ...state.explorer_state import ExplorerState
from ...theme import ui
from ...theme.markup import html
from .handed import Handed
from .play import Play
from .rounds import first_round, second_round
from .wishes import Wishes

HEAD = html(
    '<div class="mdp-step-head"><h2>7. {title}</h2><p class="mdp-ask">{text}</p></div>',
    title="You against the solver",
    text="Three rounds. In the first two you prune a network by hand; the solver answers with its own, and "
    "you see where you differ. In the third nothing fits, and you find out why.",
)
ROUNDS = ("Round 1: one budget", "Round 2: two budgets", "Round 3: impossible")


class ContestPage:
    """`.widget` is the page; `.rounds` the rounds made so far, by number."""

    def __init__(self, selection: ExplorerState, step: int, study: str):
        self.selection, self._step, self._study = selection, step, study
        self.handed = Handed(selection, selection.study)
        self.rounds: dict[int, Any] = {}
        self.choice = widgets.ToggleButtons(options=[(text, i + 1) for i, text in enumerate(ROUNDS)], value=1)
        self.choice.add_class("mdp-rounds")
        self.stage = widgets.VBox()
        self.widget = widgets.VBox([widgets.HTML(HEAD), self.choice, self.stage])
        self.widget.add_class("mdp-step")
        self.choice.observe(self._show, "value")
        self._show()

    def _show(self, _change: Any = None) -> None:
        number = self.choice.value
        if number not in self.rounds:
            try:
                self.rounds[number] = self._make(number)
            except MdpError as error:
                self.stage.children = (ui.sentence(str(error), "error"),)
                return
        self.stage.children = (self.rounds[number].widget,)

    def _make(self, number: int) -> Any:
        study = self.selection.study
        if number == 3:
            return Wishes(self.selection, self._step, self._study)
        round_ = first_round(study) if number == 1 else second_round(study)
        return Play(self.selection, round_, self._step, self._study, self.handed)
