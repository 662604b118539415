"""The figure of step 5: ω of one block by hand, then the whole program."""

import ipywidgets as widgets

from ..state.explorer_state import ExplorerState
from .choices import choices
from .opening import lesson
from .program import program


def one_program(selection: ExplorerState) -> widgets.Widget:
    """The one-hot choices of a block above the program that makes all of them at once."""
    if selection.study is None:
        return lesson(selection=selection)
    by_hand, whole = choices(selection), program(selection)
    box = widgets.VBox([by_hand, whole])
    box.add_class("mdp-stack")
    box.by_hand, box.whole = by_hand, whole
    return box
