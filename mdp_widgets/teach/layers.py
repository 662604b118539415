"""Step 3: why a linear latency model fails."""

import ipywidgets as widgets

from mdp.core.measurements import verified
from mdp.plot import formats as fmt

from ..state.explorer_state import ExplorerState
from ..theme import ui
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
        ours = f", our tables by <b>{fmt.percent(first.table_error, 0)}</b>" if seen else ""
        said.value = aloud(
            f"Fed by <b>{info.input_width}</b> of {info.input_dense}, "
            f"this layer takes <b>{fmt.ms(info.at_input[-1], info.unit)}</b>; the linear model still says "
            f"{fmt.ms(info.at_dense[-1], info.unit)}, <b>{fmt.percent(over, 0)}</b> too much. Over "
            f"{f'{len(seen)} measured' if seen else 'random'} whole networks it is off by "
            f"<b>{fmt.percent(first.error, 0)}</b> at the median{ours}."
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
