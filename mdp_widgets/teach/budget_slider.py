"""The budget as a slider in per cent of dense, for the steps that need no more."""

import ipywidgets as widgets

from ..state.explorer_state import ExplorerState


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
