"""The front with what it is compared with: toggles, figure, clicks; in importance, or in accuracy."""

from typing import Any

import ipywidgets

from mdp.core.measurements import finetuned, verified
from mdp.core.plan_accuracy import measured_plans
from mdp.core.resources import budgeted, said
from mdp.plot.accuracy_draw import draw_accuracy
from mdp.plot.accuracy_front import AccuracyFront, accuracy_front, accuracy_label, accuracy_table, with_chosen
from mdp.plot.front import MOVING, draw_front, front_info, front_label, front_table
from mdp.plot.front_layers import finetuned_points, line_points, verified_points

from ..state.baselines import WHAT, Baselines
from ..state.explorer_state import ExplorerState
from ..state.limits import sums_beside
from ..state.other_front import OtherFront
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
AXES = {
    "importance": ("Importance", "Importance kept against latency"),
    "accuracy": ("Accuracy", "Measured accuracy against latency"),
}
UNMEASURED = "No plan of this study was measured yet: run `mdp measure` on it"
OVER = "Shown against what the budget is of"
IN_IMPORTANCE = "Shown against importance; against accuracy stands all that was measured"


class FrontView:
    """Over one state. `.plot` is the figure, `.toggles` the row of buttons to put beside its heading, `.axis`
    the switch between importance and accuracy, with the choice of what it goes over, to put under it."""

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
        self.axes = {
            key: ipywidgets.ToggleButton(description=text, tooltip=title, layout={"width": "auto"})
            for key, (text, title) in AXES.items()
        }
        self.over = ui.unseen(
            ipywidgets.Dropdown(
                options=[("over latency", "")],
                description="Front goes",
                tooltip="What the front goes over; the budget and all other limits hold",
            )
        )
        self.axis = ui.row(self.over, *self.axes.values(), gap="0", flex_flow="row nowrap")
        self.axis.add_class("mdp-axis")
        for key, button in self.axes.items():
            button.observe(lambda change, key=key: self._switch(key, change["new"]), "value")
        self.other = OtherFront(s)
        self._measured: AccuracyFront | None = None  # all but the chosen plan: made once, not at every step
        self.baselines.observe(self._gather, "found")
        self.baselines.observe(self._tell, "computing")
        s.observe(self._on_study, "study")
        s.observe(self.draw, ["plan", "front", "reference"])
        s.observe(self._on_study, ["axis", "over"])
        self.over.observe(self._choose_over, "value")
        self.other.observe(self.draw, ["front", "problem"])
        s.accuracies.observe(self._learn, "since")
        s.accuracies.observe(self._on_study, "networks")  # there may be one to show where there was none
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
            self.buttons[key].value = self.buttons[key].value and present
        for key, button in self.buttons.items():
            present = there.get(key, True)
            button.disabled = self.in_accuracy or self.goes_over or not present
            button.tooltip = TOGGLES[key][1] if present else MISSING[key]
            button.tooltip = IN_IMPORTANCE if self.in_accuracy else OVER if self.goes_over else button.tooltip
        self._offer_over()
        self._learn()
        self._gather()

    @property
    def in_accuracy(self) -> bool:
        return self.selection.axis == "accuracy" and self._anything() and not self.goes_over

    @property
    def goes_over(self) -> bool:
        """Whether the front goes over another resource than what the budget is of."""
        return self.selection.over != ""

    def _offer_over(self) -> None:
        """What there is to go over; nothing to choose where the study knows one thing only."""
        study = self.selection.study
        names = sums_beside(study.problem) if study else []
        first = budgeted(study.problem.latency_unit) if study else "latency"
        options = [(f"over {first}", ""), *((f"over {said(study.problem.resource[n])}", n) for n in names)]
        value = self.selection.over if self.selection.over in names else ""
        with self.over.hold_trait_notifications():
            if self.over.options != tuple(options):
                self.over.options = options
            self.over.value = value
        self.over.layout.display = "" if names else "none"

    def _choose_over(self, change: Any) -> None:
        if change["new"] is not None:
            self.selection.show_over(change["new"])

    def _anything(self) -> bool:
        """Whether there is an accuracy to show against latency."""
        s = self.selection
        return s.study is not None and bool(
            measured_plans(s.study) or s.accuracies.since or finetuned(s.study)
        )

    def _learn(self, _change: Any = None) -> None:
        """Something is known since: the switch may be of use, and the figure has more to show."""
        self._measured = None
        there = self._anything()
        self.axes["accuracy"].disabled = self.goes_over or not there
        tip = OVER if self.goes_over else AXES["accuracy"][1]
        self.axes["accuracy"].tooltip = tip if there else UNMEASURED
        for key, button in self.axes.items():
            button.value = key == ("accuracy" if self.in_accuracy else "importance")
        if self.in_accuracy:
            self.draw()

    def _switch(self, key: str, pressed: bool) -> None:
        now = "accuracy" if self.in_accuracy else "importance"
        if pressed:
            self.selection.show_axis(key)
        elif key == now:
            self.axes[key].value = True  # one of them is always on

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
        if self.in_accuracy:
            self._draw_accuracy()
            return
        a = s.reference and s.reference.plan
        if self.goes_over and self.other.problem is not None:
            info = front_info(s.study, self.other.front, s.plan, a, turned=self.other.problem)
        else:
            info = front_info(s.study, s.front, s.plan, a, s.beside)
        spec = draw_front(info)
        self.plot.show(spec, front_label(info), *front_table(info), still=len(spec["data"]) - MOVING)

    def _draw_accuracy(self) -> None:
        s, known = self.selection, self.selection.accuracies
        if self._measured is None:
            self._measured = accuracy_front(s.study, also=known.since, tuned=finetuned(s.study))
        a = s.reference.plan if s.reference else None
        info = with_chosen(self._measured, s.plan, known.of(s.plan), a, known.of(a))
        spec = draw_accuracy(info)
        self.plot.show(spec, accuracy_label(info), *accuracy_table(info), still=len(spec["data"]) - MOVING)

    def _click(self, point: dict[str, Any]) -> None:
        """A click chooses the point of the front that the hover tells of, else the nearest in latency."""
        s, at = self.selection, point.get("at")
        latency = at[0] if isinstance(at, list) and at else None
        if point.get("name") == "front" or (self.in_accuracy and point.get("x") is not None):
            latency = point.get("x")
        if self.in_accuracy and isinstance(latency, int | float):
            s.set_budget(max(latency * (1 + 1e-12), s.min_latency))
            return
        if self.goes_over:
            self._limit(latency)
            return
        if s.front is None or not isinstance(latency, int | float):
            return
        nearest = min(s.front.points, key=lambda p: abs(p.plan.latency - latency), default=None)
        if nearest is not None:
            s.set_budget(max(nearest.plan.latency, s.min_latency))

    def _limit(self, at: Any) -> None:
        """A click on a front over another resource limits that one; the budget stays."""
        s, front = self.selection, self.other.front
        if front is None or not isinstance(at, int | float):
            return
        nearest = min(front.points, key=lambda p: abs(p.plan.latency - at), default=None)
        if nearest is not None:
            s.set_limit(s.over, nearest.plan.latency)
