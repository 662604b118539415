"""The explorer's views, each as a widget of its own for a notebook cell. All follow one ExplorerState.

from mdp_widgets import FrontPanel, open_study
FrontPanel(open_study("fmnist-vit-cpu"))
"""

import ipywidgets
from traitlets import Instance

from ..state.explorer_state import ExplorerState
from ..theme import ui
from .block import BlockView
from .front_view import FrontView
from .survivors_view import SurvivorsView


class View(ipywidgets.VBox):
    """A card over one ExplorerState, in our look.

    Traits:
        selection: the ExplorerState that it follows; what is clicked in one view moves all that share it.
    """

    selection = Instance(ExplorerState)

    def __init__(self, selection: ExplorerState, *children: ipywidgets.Widget):
        hidden = {"height": "0", "margin": "0", "overflow": "hidden"}
        sheet = ipywidgets.HTML(f"<style>{ui.css()}{ui.static('pages/explorer.css')}</style>", layout=hidden)
        super().__init__([sheet, *children], selection=selection)
        self.add_class("mdp")


class FrontPanel(View):
    """The Pareto front with the chosen plan, and toggles for what it is compared with; a click chooses.

    Traits:
        selection: read are study, plan, front and a; a click sets budget.
    """

    def __init__(self, selection: ExplorerState, height: str = "360px"):
        self.view = FrontView(selection, height=height)
        head = ui.row(ui.heading("Pareto front"), self.view.toggles, justify_content="space-between")
        super().__init__(selection, ui.card(head, self.view.plot, self.view.axis))


class SurvivorsPanel(View):
    """What survives of the network, block by block; a click or the arrow keys choose a block or a dim.

    Traits:
        selection: read are study, plan, pins, a, block and dim; a click sets block and dim.
    """

    def __init__(self, selection: ExplorerState, height: str = "400px"):
        self.view = SurvivorsView(selection, height=height)
        super().__init__(selection, ui.card(self.view.head, self.view.drawing))


class BlockPanel(View):
    """One block: why it is as it is, its latency surface, its importance curve, and pins.

    Traits:
        selection: read are study, plan, pins, a, block and dim; its controls set block, dim and pins.
    """

    def __init__(self, selection: ExplorerState, height: str = "300px"):
        self.view = BlockView(selection, height=height)
        super().__init__(selection, self.view.widget)
