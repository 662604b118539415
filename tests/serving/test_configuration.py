"""What Voila and Jupyter are told, read back from where they look."""

import re

import nbformat
from voila.execute import VoilaExecutor

from mdp_widgets.serve import NOTEBOOKS, Options
from mdp_widgets.server import configuration


def test_a_page_waits_for_its_widgets_and_says_how_to_see_what_went_wrong():
    """With nbclient's own four seconds one page in nine came out blank, of three servers on two cores."""
    executor = VoilaExecutor(nbformat.v4.new_notebook(), config=configuration(Options()))
    assert executor.iopub_timeout >= 60
    assert "make lab" in executor.cell_error_instruction  # a way that exists here


def test_only_the_explorer_stands_ready():
    denied = configuration(Options()).VoilaKernelManager.preheat_denylist
    found = [path.name for path in NOTEBOOKS.glob("*.ipynb")]
    assert [n for n in found if not any(re.match(pattern, n) for pattern in denied)] == ["explore.ipynb"]
