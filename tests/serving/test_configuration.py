"""What Voila and Jupyter are told, read back from where they look."""

import re

import nbformat
from voila.execute import VoilaExecutor

from mdp_widgets.serve import NOTEBOOKS, Options
from mdp_widgets.server import configuration


def test_a_page_waits_for_its_widgets_on_a_busy_machine():
    """With nbclient's own four seconds, one page in nine came out blank, of three servers on two cores."""
    executor = VoilaExecutor(nbformat.v4.new_notebook(), config=configuration(Options()))
    assert executor.iopub_timeout >= 60


def test_only_the_explorer_stands_ready():
    denied = configuration(Options()).VoilaKernelManager.preheat_denylist
    found = [path.name for path in NOTEBOOKS.glob("*.ipynb")]
    assert [n for n in found if not any(re.match(pattern, n) for pattern in denied)] == ["explore.ipynb"]
