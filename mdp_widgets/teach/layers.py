"""Step 3: why a linear latency model fails."""

import ipywidgets as widgets

from mdp.core.measurements import verified
from mdp.plot import formats as fmt

from ..state.explorer_state import ExplorerState
from ..theme import ui
from ..theme.markup import html
from ..widgets.sized import figure
from .figures.linear import (
    draw_layer,
    draw_networks,
    layer_label,
    layer_table,
    linear_info,
    networks_label,
    networks_table,
)
from .opening import aloud, lesson


def linear(selection: ExplorerState) -> widgets.Widget:
    """A slider for the width that feeds a layer: its real time falls, the linear model does not notice."""
    study = selection.study
    if study is None:
        return lesson(selection=selection)
    seen = verified(study)
    first = linear_info(study.problem, 0.5, measured=seen)
    options = study.problem.dim[first.input_dim].options
    width = widgets.SelectionSlider(
        options=options, value=first.input_width, description="Input", continuous_update=True
    )
    layer = figure("300px", "linear-layer")
    networks = figure("300px", "linear-networks")
    said = widgets.HTML()
    networks.show(draw_networks(first), networks_label(first), *networks_table(first))

    def show(_=None):
        info = linear_info(study.problem, width.value / options[-1], networks=1)
        layer.show(draw_layer(info), layer_label(info), *layer_table(info))
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
        ui.card(layer, title=f"One layer, {first.term}"),
        ui.card(
            networks,
            title=f"{len(seen)} whole networks, measured" if seen else "200 random networks, nothing removed",
        ),
        selection=selection,
    )
    shown.width, shown.said, shown.layer, shown.networks = width, said, layer, networks
    return shown
