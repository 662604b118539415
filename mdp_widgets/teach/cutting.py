"""The figure of step 1: cut widths, and see arithmetic and time."""

import ipywidgets as widgets

from mdp.plot import formats as fmt

from ..state.explorer_state import ExplorerState
from ..theme import ui
from ..theme.markup import html
from ..widgets.sized import figure
from .figures.work import STEPS, draw_bars, draw_path, with_share, work_info, work_label, work_table
from .opening import aloud, lesson
from .steps.speed import cut_name, cuts, work_name, work_of

ALL = "all widths"


def cutting(selection: ExplorerState) -> widgets.Widget:
    """What is cut, how far, and two figures: what is left of both, and time over arithmetic."""
    study = selection.study
    if study is None:
        return lesson(selection=selection)
    problem, what = study.problem, work_name(study)
    dims = {ALL: tuple(problem.dim)}
    for move in cuts(study):
        dims[cut_name(move)] = tuple(
            d for d, kept in move.choices.items() if kept != problem.dense_choices[d]
        )
    cut = widgets.Dropdown(options=list(dims), value=ALL, description="Cut")
    share = widgets.SelectionSlider(
        options=[(f"{s} %", s) for s in STEPS],
        value=70,
        description="Keep",
        layout={"flex": "1 1 360px", "width": "auto"},
    )
    bars, path, said = figure("230px", "work-and-time"), figure("300px", "time-over-work"), widgets.HTML()
    found = {}

    def show(_=None):
        if cut.value not in found:
            found[cut.value] = work_info(
                study, dims[cut.value], share.value, what, lambda c: work_of(study, c)
            )
        info = with_share(found[cut.value], share.value)
        _, work, time = info.here
        bars.show(draw_bars(info), work_label(info), *work_table(info))
        path.show(draw_path(info), work_label(info), *work_table(info))
        said.value = aloud(
            html(
                "<b>{work}</b> of the {what} are left, and <b>{time}</b> of the latency: {ms} of {dense}.",
                work=fmt.percent(work, 0),
                what=what,
                time=fmt.percent(time, 0),
                ms=fmt.ms(time * problem.dense_latency, problem.latency_unit),
                dense=fmt.ms(problem.dense_latency, problem.latency_unit),
            )
        )

    cut.observe(show, "value")
    share.observe(show, "value")
    show()
    head = ui.card(ui.row(cut, share), said)
    head.add_class("mdp-whole")
    shown = lesson(
        head,
        ui.card(bars, title="What is left"),
        ui.card(path, title="Time over arithmetic"),
        selection=selection,
    )
    shown.cut, shown.share, shown.said, shown.bars, shown.path = cut, share, said, bars, path
    return shown
