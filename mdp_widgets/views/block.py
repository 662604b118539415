"""The block in question: why it is as it is, its latency surface, its importance curve, and pins."""

from typing import Any

import ipywidgets

from mdp.plot.curve import curve_info, curve_label, curve_table, draw_curve
from mdp.plot.labels import dim_label
from mdp.plot.surface import surface_info, surface_label, surface_table, terms_of
from mdp.plot.surface_draw import draw_surface
from mdp.plot.why import why_sentences

from ..state.explorer_state import ExplorerState
from ..theme import ui
from ..theme.markup import Markup, html, joined
from ..widgets.plot import Plot
from .explanation import Because

DECISIONS = {"free": None, "kept": True, "removed": False}
NO_BLOCKS = html(
    "<div class='mdp-why'><p>Nothing of this network can go as a block: only its widths are chosen.</p></div>"
)


class BlockView:
    """Three cards over one ExplorerState. `.widget` is what to show; `.surface` and `.curve` are the figures.

    `because` is the answer to "why?" where another view shows it too.
    """

    def __init__(self, selection: ExplorerState, height: str = "300px", because: Because | None = None):
        self.selection = selection
        self.because = because or Because(selection)
        self._updating = False
        self.block = ipywidgets.Dropdown(description="Block")
        self.dim = ipywidgets.Dropdown(description="Dim")
        self.pin_block = ipywidgets.Dropdown(options=list(DECISIONS), description="Pin block")
        self.pin_dim = ipywidgets.Dropdown(description="Pin dim")
        self.term = ui.unseen(
            ipywidgets.Dropdown(
                description="Latency table",
                tooltip="Which latency table",
                layout={"width": "auto", "flex": "1 1 0", "min_width": "0"},
            )
        )
        self.solid = ipywidgets.ToggleButton(
            description="3-D",
            tooltip="Show the surface in space",
            layout={"width": "56px", "flex": "0 0 auto"},
        )
        self.sentences = ipywidgets.HTML()
        self.unpin = ui.button("Leave all to the solver", selection.clear_pins)
        self.surface = Plot(height=height, filename="latency-surface")
        self.curve = Plot(height=height, filename="importance-curve")
        for widget in (self.block, self.dim, self.pin_block, self.pin_dim):
            widget.layout = ipywidgets.Layout(width="auto")
            widget.style.description_width = "64px"
        why = ui.card(
            self.block,
            self.dim,
            self.sentences,
            self.pin_block,
            self.pin_dim,
            self.unpin,
            title="Why it is so",
            flex="1 1 290px",
            min_width="0",
        )
        surface = self._surface_card = ui.card(
            ui.row(ui.heading("Latency surface"), self.term, self.solid, flex_flow="row nowrap"),
            self.surface,
            flex="1.2 1 360px",
            min_width="0",
        )
        curve = ui.card(self.curve, title="Importance curve", flex="1 1 320px", min_width="0")
        self._curve_card = curve
        self.widget = ipywidgets.HBox([why, surface, curve])
        self.widget.add_class("mdp-columns")

        self.block.observe(lambda c: self._chosen(lambda: selection.look_at(block=c["new"])), "value")
        self.dim.observe(
            lambda c: self._chosen(lambda: selection.look_at(selection.block, c["new"])), "value"
        )
        self.pin_block.observe(
            lambda c: self._chosen(lambda: selection.pin_block(selection.block, DECISIONS[c["new"]])), "value"
        )
        self.pin_dim.observe(
            lambda c: self._chosen(lambda: selection.pin_dim(selection.dim, c["new"] or None)), "value"
        )
        self.term.observe(lambda c: self._chosen(self._draw_surface), "value")
        self.solid.observe(lambda c: self._draw_surface(), "value")
        selection.observe(self._show_choices, ["study", "block", "dim", "pins"])
        selection.observe(self._draw, ["plan", "reference", "block", "dim"])
        self.because.observe(self._explain, "info")
        self._show_choices()
        self._draw()
        self._explain()

    def _chosen(self, act) -> None:
        """Do what a person chose; what we set ourselves while showing the state is no choice."""
        if not self._updating and self.selection.study is not None:
            act()

    def _show_choices(self, _change: Any = None) -> None:
        s = self.selection
        if s.study is None:
            return
        problem = s.study.problem
        dims = [d for d, users in problem.dim_blocks.items() if s.block in users or d == s.dim]
        self._updating = True
        try:
            self.block.options = [b.name for b in problem.blocks]
            self.block.value = s.block or None
            self.dim.options = [(dim_label(problem, d), d) for d in dims]
            self.dim.value = s.dim or None
            removable = s.block in problem.block and problem.block[s.block].removable
            self.pin_block.options = list(DECISIONS) if removable else ["free", "kept"]
            self.pin_block.disabled = not s.block
            pinned = s.pins.blocks.get(s.block)
            self.pin_block.value = {None: "free", True: "kept", False: "removed"}[pinned]
            options = problem.dim[s.dim].options if s.dim else ()
            self.pin_dim.options = [("free", 0), *((str(o), o) for o in options)]
            low, high = s.pins.dims.get(s.dim, (None, None))
            self.pin_dim.value = low if low == high and low in options else 0
            terms = terms_of(problem, s.block, s.dim)
            if not any(
                s.dim in t.dims for t in terms
            ):  # a shared dim that only fixed parts use, such as a stem
                terms = [*(t for t in problem.latency if s.dim in t.dims), *terms]
            self.term.options = [(t.name.removeprefix(f"{s.block}."), t.name) for t in terms]
            self.term.value = terms[0].name if terms else None
            self.unpin.disabled = not (s.pins.blocks or s.pins.dims)
        finally:
            self._updating = False

    def _draw(self, _change: Any = None) -> None:
        s = self.selection
        if s.study is None or s.plan is None:
            return
        self.surface.block = self.curve.block = s.block
        self.solid.value = self.solid.value and _change is not None and _change["name"] != "plan"
        self._draw_surface()
        self._curve_card.layout.display = None if s.dim else "none"  # not what another study had there
        if s.dim:
            info = curve_info(s.study, s.dim, s.plan, s.reference and s.reference.plan)
            self.curve.show(draw_curve(info), curve_label(info), *curve_table(info))

    def _draw_surface(self) -> None:
        s = self.selection
        term = (
            next((t for t in s.study.problem.latency if t.name == self.term.value), None) if s.study else None
        )
        self._surface_card.layout.display = "none" if term is None else None
        if term is not None:
            info = surface_info(
                s.study.problem, term, s.plan, s.dim, s.reference and s.reference.plan, self._others()
            )
            self.surface.show(
                draw_surface(info, solid=self.solid.value), surface_label(info), *surface_table(info)
            )

    def _others(self) -> list[int]:
        """The next best widths of the dim in question, as far as they are known."""
        info = self.because.info
        known = info is not None and info.dim == self.selection.dim
        return [int(o.decision) for o in info.dim_counterfactuals if o.loss is not None] if known else []

    def _explain(self, change: Any = None) -> None:
        info = self.because.info
        if info is None:
            study = self.selection.study
            self.sentences.value = NO_BLOCKS if study and not study.problem.blocks else ""
        else:
            body = joined(html("<p>{text}</p>", text=t) for t in why_sentences(info))
            aloud = (
                Markup(" aria-live='polite'") if self.because.settled else ""
            )  # not on every step of a drag
            if change is not None and info.dim_counterfactuals:
                self._draw_surface()
            self.sentences.value = html(
                "<div class='mdp-why'{aloud} data-block='{block}'>{body}</div>",
                aloud=aloud,
                block=info.block,
                body=body,
            )
