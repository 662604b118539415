"""Step 4: the latency of a network is a sum of measured tables."""

import ipywidgets as widgets

from mdp.plot import formats as fmt
from mdp.plot.surface import surface_info, surface_label, surface_table
from mdp.plot.surface_draw import draw_surface

from ..state.explorer_state import ExplorerState
from ..theme import ui
from ..theme.markup import html
from ..widgets.sized import figure
from .figures.tables import draw_sum, sum_info, sum_label, sum_table
from .opening import aloud, lesson


def tables(selection: ExplorerState) -> widgets.Widget:
    """A budget slider, the sum block by block, and any one of the tables with the chosen entry marked."""
    study = selection.study
    if study is None:
        return lesson(selection=selection)
    problem = study.problem
    names = [t.name for t in problem.latency if len(t.dims) > 1]
    middle = problem.blocks[len(problem.blocks) // 2].name
    start = next((n for n in reversed(names) if n.startswith(f"{middle}.")), names[0] if names else None)
    term = widgets.Dropdown(options=names, value=start, description="Table")
    share = budget_slider(selection)
    bars = figure("320px", "sum-of-tables")
    table = figure("320px", "table")
    said = widgets.HTML()

    def show(_=None):
        info = sum_info(problem, selection.plan)
        bars.show(draw_sum(info), sum_label(info), *sum_table(info))
        said.value = aloud(
            html(
                "{count} tables, one entry of each: together <b>{total}</b> of {dense}.",
                count=len(problem.latency),
                total=fmt.ms(info.total, info.unit),
                dense=fmt.ms(sum(info.dense), info.unit),
            )
        )
        look()

    def look(_=None):
        chosen = next((t for t in problem.latency if t.name == term.value), None)
        if chosen is not None:
            info = surface_info(problem, chosen, selection.plan)
            table.show(draw_surface(info), surface_label(info), *surface_table(info))

    selection.observe(show, "plan")
    term.observe(look, "value")
    show()
    head = ui.card(share, said)
    head.add_class("mdp-whole")
    shown = lesson(
        head,
        ui.card(bars, title="The sum, block by block"),
        ui.card(term, table, title="One table: measured latency of every combination"),
        selection=selection,
    )
    shown.term, shown.share, shown.said, shown.bars, shown.table = term, share, said, bars, table
    return shown


def budget_slider(selection: ExplorerState) -> widgets.IntSlider:
    """The budget in whole percent of dense; it follows the selection and moves it."""
    dense = selection.study.problem.dense_latency
    least = min(100, int(-(-100 * selection.min_latency // dense)))

    def now() -> int:
        return min(100, max(least, round(100 * selection.budget / dense)))

    slider = widgets.IntSlider(now(), least, 100, description="Budget, %", readout_format="d")
    slider.readout_format = ".0f"
    following = []

    def move(change):
        if not following:
            selection.drag_to(change["new"] / 100 * dense)

    def follow(_):
        following.append(True)
        try:
            slider.value = now()
        finally:
            following.pop()

    slider.observe(move, "value")
    selection.observe(follow, "budget")
    slider.tooltip = "latency in percent of dense"
    return slider
