"""The third round on the page: take wishes away, see what is possible, and say which one was to blame."""

from typing import Any

import ipywidgets as widgets

from mdp.core.errors import MdpError
from mdp.plot import formats as fmt
from mdp.solve import fastest, solve

from ...state.explorer_state import ExplorerState
from ...theme import ui
from ...theme.markup import html
from ..opening import aloud
from ..question import Question
from .impossible import Impossible, impossible, together, why


class Wishes:
    """`.widget` is the round; `.boxes` a tick for every wish, `.question` what is asked about it."""

    def __init__(self, selection: ExplorerState, step: int, study: str):
        self.record = selection.study
        found = impossible(self.record.problem)
        if found is None:
            self.widget = ui.sentence(
                "This study has no three wishes that contradict a budget: no third round."
            )
            return
        self.found: Impossible = found
        self.boxes = [widgets.Checkbox(True, description=w.text, indent=False) for w in found.wishes]
        self.said = widgets.HTML()
        self.question = Question(why(self.record.problem, found), study, step)
        for box in self.boxes:
            box.observe(self._show, "value")
        self._show()
        unit = self.record.problem.latency_unit
        head = html(
            '<h3 class="mdp-round-title">Round 3: find out why it cannot be</h3><p class="mdp-ask">Three '
            "people have a wish each, and the budget is {ms}. The solver says that nothing fits. Find "
            "out which wish it is.</p>",
            ms=fmt.ms(found.budget, unit),
        )
        card = ui.card(*self.boxes, self.said)
        card.add_class("mdp-wishes")
        self.widget = widgets.VBox([widgets.HTML(head), card, self.question])
        self.widget.add_class("mdp-round")

    def _show(self, _change: Any = None) -> None:
        problem, found = self.record.problem, self.found
        wishes = [w for w, box in zip(found.wishes, self.boxes, strict=True) if box.value]
        pins, unit = together(wishes), problem.latency_unit
        try:
            least = fastest(problem, pins).latency
            plan = solve(problem, found.budget, pins=pins)
            kept = plan.importance / (problem.dense_importance or 1.0)
            said = html(
                "Possible: with these wishes the fastest plan takes <b>{least}</b>. The best one within "
                "{budget} keeps <b>{kept}</b> of the importance.",
                least=fmt.ms(least, unit),
                budget=fmt.ms(found.budget, unit),
                kept=fmt.percent(kept),
            )
        except MdpError as error:
            said = html("<b>Impossible.</b> The solver says: {error}", error=error)
        self.said.value = aloud(said)
