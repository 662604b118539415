"""Half of the figure of step 2: units are ranked by importance, and the first ones are kept."""

import dataclasses

import ipywidgets as widgets

from mdp.core.quality import beside, importance_doubt
from mdp.plot import formats as fmt
from mdp.plot.curve import curve_info, curve_label, curve_table, draw_curve

from ..state.explorer_state import ExplorerState
from ..state.navigation import middle_block, own_dims
from ..theme import ui
from ..theme.markup import html
from ..widgets.sized import figure
from .figures.units import draw_units, units_info, units_label, units_table
from .opening import aloud, lesson


def importance(selection: ExplorerState, first: str = "") -> widgets.Widget:
    """A dim (`first`, or the widest of a block in the middle), a slider for how many of its units stay, the
    scores of the units, and their running sum."""
    study = selection.study
    if study is None:
        return lesson(selection=selection)
    problem = study.problem
    block = middle_block(study)
    shared = [
        d for d, users in problem.dim_blocks.items() if not block or (len(users) > 1 and block in users)
    ]
    dims = list(dict.fromkeys([*([first] if first else []), *own_dims(study, block), *shared]))
    widest = max(dims, key=lambda d: problem.dim[d].dense)
    dim = widgets.Dropdown(options=dims, value=first or widest, description="Dim")
    kept = widgets.SelectionSlider(
        options=problem.dim[dim.value].options,
        description="Keep",
        layout={"flex": "1 1 360px", "width": "auto"},
    )
    bars = figure("300px", "scores")
    curve = figure("300px", "importance")
    said = widgets.HTML()
    switching = []

    def switch(_=None):
        options = problem.dim[dim.value].options
        switching.append(True)
        kept.options = options
        kept.value = options[len(options) // 2]
        switching.pop()
        show()

    def show(_=None):
        if switching:  # new options move the slider twice
            return
        info = units_info(study, dim.value, kept.value)
        bars.show(draw_units(info), units_label(info), *units_table(info))
        whole = curve_info(study, dim.value)
        at = dict(zip(whole.units, whole.share, strict=True))
        cut = dataclasses.replace(whole, kept=kept.value, at_cut=at[kept.value])
        curve.show(draw_curve(cut), curve_label(cut), *curve_table(cut))
        said.value = aloud(
            html(
                "The best <b>{kept}</b> of {units} hold <b>{share}</b> of the importance of {dim}{doubt}.",
                kept=info.kept,
                units=len(info.units),
                share=fmt.percent(info.share),
                dim=dim.value,
                doubt=beside(importance_doubt(study)),
            )
        )

    dim.observe(switch, "value")
    kept.observe(show, "value")
    switch()
    head = ui.card(ui.row(dim, kept), said)
    head.add_class("mdp-whole")
    shown = lesson(
        head,
        ui.card(bars, title="The score of every unit, best first"),
        ui.card(curve, title="Their sum: the importance of keeping so many"),
        selection=selection,
    )
    shown.dim, shown.kept, shown.said, shown.bars, shown.curve = dim, kept, said, bars, curve
    return shown
