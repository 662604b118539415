"""The front with what it is compared with: toggles, figure, clicks."""

from typing import Any

import ipywidgets

from mdp.core.measurements import finetuned, verified
from mdp.plot.front import MOVING, draw_front, front_info, front_label, front_table
from mdp.plot.front_layers import finetuned_points, line_points, verified_points

from ..state.baselines import WHAT, Baselines
from ..state.explorer_state import ExplorerState
from ..state.polling import Follow
from ..theme import ui
from ..widgets.plot import Plot

TOGGLES = {
    "ablations": ("Ablations", "The other corners: channels only or blocks too, linear or measured latency"),
    "greedy": ("Greedy", "What costs the least importance per latency saved goes first"),
    "random": ("Random", "Random choices that fit, three for each budget"),
    "measured": ("Measured", "Random sub-networks measured end to end; a line leads from the prediction"),
    "finetuned": ("Fine-tuned", "Fine-tuned networks with their accuracy"),
}
MISSING = {
    "measured": "Nothing was measured end to end yet: run `mdp verify` on this study",
    "finetuned": "No network of this study was fine-tuned yet: see the Fine-tune tab",
}


class FrontView:
    """Over one state. `.plot` is the figure, `.toggles` the row of buttons to put beside its heading."""

    def __init__(self, selection: ExplorerState, height: str = "100%"):
        self.selection = s = selection
        self.baselines = Baselines(s)
        self.plot = Plot(height=height, filename="pareto-front")
        self.buttons = {
            key: ipywidgets.ToggleButton(description=text, tooltip=title, layout={"width": "auto"})
            for key, (text, title) in TOGGLES.items()
        }
        self.busy = ipywidgets.HTML()  # for screen readers; the button in question says it for the eye
        self.busy.add_class("mdp-h-hidden")
        self.toggles = ui.row(*self.buttons.values(), self.busy, gap="2px", flex_flow="row nowrap")
        self.toggles.add_class("mdp-toggles")
        for button in self.buttons.values():
            button.observe(self._toggled, "value")
        self.baselines.observe(self._gather, "found")
        self.baselines.observe(self._tell, "computing")
        s.observe(self._on_study, "study")
        s.observe(self.draw, ["plan", "front", "reference"])
        self.plot.on_click(self._click)
        self._on_study()
        self.follow = Follow(s, self._on_study)

    def _on_study(self, _change: Any = None) -> None:
        study = self.selection.study
        there = {
            "measured": bool(study and verified(study)),
            "finetuned": bool(study and finetuned(study)),
        }
        for key, present in there.items():
            button = self.buttons[key]
            button.disabled = not present
            button.tooltip = TOGGLES[key][1] if present else MISSING[key]
            button.value = button.value and present
        self._gather()

    def _toggled(self, _change: Any = None) -> None:
        self.baselines.wanted = tuple(key for key in WHAT if self.buttons[key].value)
        self._tell()
        self._gather()

    def _gather(self, _change: Any = None) -> None:
        """What is to be seen beside the front, made once and drawn on every step of a drag."""
        study = self.selection.study
        if study is not None:
            found = [line_points(study, line) for line in self.baselines.shown()]
            if self.buttons["measured"].value:
                found.append(verified_points(study, verified(study)))
            if self.buttons["finetuned"].value:
                found.append(finetuned_points(study, finetuned(study)))
            self.selection.compare_front_with(p for p in found if p.latency)
        self.draw()

    def _tell(self, _change: Any = None) -> None:
        waiting = self.baselines.waiting()
        for key in WHAT:
            button, (_, title) = self.buttons[key], TOGGLES[key]
            # A style, not a word: the row must not move.
            (button.add_class if key in waiting else button.remove_class)("mdp-computing")
            button.tooltip = f"{title}. Computing: the points appear here" if key in waiting else title
        text = f"Computing {', '.join(TOGGLES[key][0].lower() for key in waiting)}." if waiting else ""
        self.busy.value = f"<span role='status'>{text}</span>"

    def draw(self, _change: Any = None) -> None:
        s = self.selection
        if s.study is None or s.plan is None:
            return
        info = front_info(s.study, s.front, s.plan, s.reference and s.reference.plan, s.beside)
        spec = draw_front(info)
        self.plot.show(spec, front_label(info), *front_table(info), still=len(spec["data"]) - MOVING)

    def _click(self, point: dict[str, Any]) -> None:
        """A click chooses the point of the front that the hover tells of, else the nearest in latency."""
        s, at = self.selection, point.get("at")
        latency = at[0] if isinstance(at, list) and at else None
        if point.get("name") == "front":
            latency = point.get("x")
        if s.front is None or not isinstance(latency, int | float):
            return
        nearest = min(s.front.points, key=lambda p: abs(p.plan.latency - latency), default=None)
        if nearest is not None:
            s.set_budget(max(nearest.plan.latency, s.min_latency))
