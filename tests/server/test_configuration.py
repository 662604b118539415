"""What Voila and Jupyter are told, read back from where they look."""

from types import SimpleNamespace

import nbformat
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from voila.execute import VoilaExecutor
from voila.voila_kernel_manager import voila_kernel_manager_factory

from mdp_widgets.server.configuration import configuration
from mdp_widgets.server.serve import NOTEBOOKS, Options


def test_a_page_waits_for_its_widgets_and_says_how_to_see_what_went_wrong():
    """With nbclient's own four seconds one page in nine came out blank, of three servers on two cores."""
    executor = VoilaExecutor(nbformat.v4.new_notebook(), config=configuration(Options()))
    assert executor.iopub_timeout >= 60
    assert "make lab" in executor.cell_error_instruction  # a way that exists here


def test_a_page_of_a_thousand_widgets_gets_the_state_of_each():
    """Jupyter drops what comes faster than a thousand messages a second: panels of /examples were missing."""
    assert "limit_rate" in ZMQChannelsWebsocketConnection.class_trait_names(config=True)
    assert configuration(Options()).ZMQChannelsWebsocketConnection.limit_rate is False


def test_only_the_explorer_stands_ready():
    """By Voila's own rule, which looks at whole paths."""
    manager = voila_kernel_manager_factory(AsyncMappingKernelManager, True, 1)
    told = SimpleNamespace(preheat_denylist=configuration(Options()).VoilaKernelManager.preheat_denylist)
    ready = [path.name for path in NOTEBOOKS.rglob("*.ipynb") if manager._notebook_filter(told, path)]
    assert ready == ["explore.ipynb"]
