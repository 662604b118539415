"""The figure of step 3: a layer's line, its table, whole networks, and what the line costs."""

import ipywidgets as widgets

from mdp.core.measurements import verified
from mdp.core.plan import Plan, make_plan
from mdp.core.problem import Problem
from mdp.plot import formats as fmt
from mdp.plot.surface import surface_info, surface_label, surface_table
from mdp.plot.surface_draw import draw_surface

from ..state.explorer_state import ExplorerState
from ..theme import ui
from ..theme.markup import html
from ..widgets.sized import figure
from .figures.cost import cost_label, cost_table, draw_cost
from .figures.linear import (
    draw_layer,
    draw_networks,
    layer_label,
    layer_table,
    linear_info,
    networks_label,
    networks_table,
)
from .line_cost import SHARES, line_cost
from .opening import aloud, lesson


def linear(selection: ExplorerState) -> widgets.Widget:
    """A slider for the width that feeds a layer: its real time falls, the linear model does not notice."""
    study = selection.study
    if study is None:
        return lesson(selection=selection)
    seen = verified(study)
    first = linear_info(study.problem, 0.5, measured=seen)
    options = study.problem.dim[first.input_dim].options
    term = next(t for t in study.problem.latency if t.name == first.term)
    width = widgets.SelectionSlider(
        options=options, value=first.input_width, description="Input", continuous_update=True
    )
    layer, table = figure("280px", "linear-layer"), figure("280px", "table")
    networks = figure("280px", "linear-networks")
    said = widgets.HTML()
    networks.show(draw_networks(first), networks_label(first), *networks_table(first))

    def show(_=None):
        info = linear_info(study.problem, width.value / options[-1], networks=1)
        layer.show(draw_layer(info), layer_label(info), *layer_table(info))
        surface = surface_info(study.problem, term, at_width(study.problem, first.input_dim, width.value))
        table.show(draw_surface(surface), surface_label(surface), *surface_table(surface))
        over = info.at_dense[-1] / info.at_input[-1] - 1
        error = fmt.percent(first.table_error, 0) if seen else ""
        said.value = aloud(
            html(
                "Fed by <b>{width}</b> of {dense}, this layer takes <b>{takes}</b>; the linear model still "
                "says {says}, <b>{over}</b> too much. Over {which} whole networks it is off by <b>{off}</b> "
                "at the median{ours}.",
                width=info.input_width,
                dense=info.input_dense,
                takes=fmt.ms(info.at_input[-1], info.unit),
                says=fmt.ms(info.at_dense[-1], info.unit),
                over=fmt.percent(over, 0),
                which=f"{len(seen)} measured" if seen else "random",
                off=fmt.percent(first.error, 0),
                ours=html(", our tables by <b>{error}</b>", error=error) if seen else "",
            )
        )

    width.observe(show, "value")
    show()
    head = ui.card(width, said)
    head.add_class("mdp-whole")
    shown = lesson(
        head,
        ui.card(layer, title=f"The line of one layer, {first.term}"),
        ui.card(table, title="Its table: the whole surface"),
        ui.card(
            networks,
            title=f"{len(seen)} whole networks, measured" if seen else "200 random networks, nothing removed",
        ),
        halp(selection),
        selection=selection,
    )
    shown.width, shown.said, shown.layer, shown.networks = width, said, layer, networks
    return shown


def at_width(problem: Problem, dim: str, width: int) -> Plan:
    """The dense network with one dim at a width, as a plan: the entry that its table shows."""
    choices = problem.dense_choices | {dim: width}
    most = 2 * problem.evaluate(choices)[0]
    return make_plan(problem, most, choices, (), solver="by hand", seconds=0.0)


def halp(selection: ExplorerState) -> widgets.Widget:
    """What the line costs: HALP's plan beside the best by tables, at a budget to choose."""
    study = selection.study
    shares = widgets.ToggleButtons(options=[(fmt.percent(s, 0), s) for s in SHARES], value=SHARES[-1])
    bars = figure("230px", "line-cost")

    def show(_=None):
        cost = line_cost(study.problem, shares.value)
        bars.show(draw_cost(study, cost), cost_label(cost), *cost_table(study, cost))

    shares.observe(show, "value")
    show()
    card = ui.card(
        ui.row(ui.sentence("Budget, of the dense latency:"), shares),
        bars,
        title="What the line costs: importance kept within the same budget",
    )
    card.add_class("mdp-whole")  # its labels are long: a quarter of a projector's width cuts them
    return card
