"""What Voila and Jupyter are told, read back from where they look."""

from types import SimpleNamespace

import nbformat
import zmq
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from voila.execute import VoilaExecutor
from voila.voila_kernel_manager import voila_kernel_manager_factory

from mdp_widgets.server.configuration import configuration
from mdp_widgets.server.kernels import keep_every_message
from mdp_widgets.server.serve import NOTEBOOKS, Options


def test_a_page_waits_for_its_widgets_and_says_how_to_see_what_went_wrong():
    """With nbclient's own four seconds one page in nine came out blank, of three servers on two cores."""
    executor = VoilaExecutor(nbformat.v4.new_notebook(), config=configuration(Options()))
    assert executor.iopub_timeout >= 60
    assert "make lab" in executor.cell_error_instruction  # a way that exists here


def test_a_page_of_a_thousand_widgets_gets_the_state_of_each():
    """A server that is busy for a moment reads all that a kernel said meanwhile."""
    manager = AsyncMappingKernelManager()
    keep_every_message(manager)
    said = manager.context.socket(zmq.SUB)
    try:
        assert said.rcvhwm == 0
    finally:
        said.close()


def test_only_the_explorer_stands_ready():
    """By Voila's own rule, which looks at whole paths."""
    manager = voila_kernel_manager_factory(AsyncMappingKernelManager, True, 1)
    told = SimpleNamespace(preheat_denylist=configuration(Options()).VoilaKernelManager.preheat_denylist)
    ready = [path.name for path in NOTEBOOKS.rglob("*.ipynb") if manager._notebook_filter(told, path)]
    assert ready == ["explore.ipynb"]
