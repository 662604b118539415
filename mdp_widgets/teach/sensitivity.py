"""The figure of step 2: one dim's scores and their sum, and a scan of every single cut."""

import ipywidgets as widgets

from ..state.explorer_state import ExplorerState
from ..theme import ui
from ..widgets.sized import figure
from .figures.sensitivity import draw_scan, scan_info, scan_label, scan_table
from .moves import single_moves, told
from .opening import lesson
from .steps.scan import example_dim
from .units import importance

UNMEASURED = (
    "Accuracy of single cuts was not measured for this study; the bars are its importance. For a study whose "
    "data set has a name, python -m benchmarks.sensitivity measures it."
)


def sensitivity(selection: ExplorerState) -> widgets.Widget:
    """The lesson about one dim, begun at the dim that is asked about, and the scan below it."""
    study = selection.study
    if study is None:
        return lesson(selection=selection)
    about = told(study)
    info = scan_info(single_moves(study), about.get("dense"))
    bars = figure("330px", "sensitivity")
    bars.show(draw_scan(info), scan_label(info), *scan_table(info))
    if info.measured:
        note = f"Measured on {about['images']:,} test images, as cut: no repair, no training."
    else:
        note = UNMEASURED
    curve = importance(selection, example_dim(study))
    card = ui.card(bars, title="Every single cut of this network, the worst first", note=note)
    box = widgets.VBox([curve, card])
    box.add_class("mdp-stack")
    box.curve, box.scan = curve, bars
    return box
