"""The other notebooks run top to bottom on a shipped study, without torch, and are kept without outputs."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from traitlets import HasTraits

import mdp_widgets

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
LAST = "import sys; assert 'torch' not in sys.modules, 'the page must not need torch'"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["teach", "inspect", "examples"])
def test_runs_top_to_bottom_without_torch(name):
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(LAST))
    NotebookClient(notebook, timeout=240, resources={"metadata": {"path": NOTEBOOKS}}).execute()
    shown = [c.outputs for c in notebook.cells[:-1] if c.cell_type == "code"]
    assert all(shown), "every cell shows something"
    said = "".join(str(o) for outputs in shown for o in outputs)
    assert "There is no study" not in said and "Error" not in said


@pytest.mark.slow
def test_the_researchers_path_runs_from_a_module_to_onnx(tmp_path, monkeypatch):
    monkeypatch.setenv("MDP_DATA", str(tmp_path))
    notebook = nbformat.read(NOTEBOOKS / "python.ipynb", as_version=4)
    for cell in notebook.cells:  # the same path, measured more coarsely
        cell.source = re.sub(r"seconds=\d+", "seconds=1", cell.source)
    NotebookClient(notebook, timeout=240, resources={"metadata": {"path": tmp_path}}).execute()
    shown = [c.outputs[-1]["data"] for c in notebook.cells if c.cell_type == "code" and c.outputs]
    assert sum("application/vnd.plotly.v1+json" in data for data in shown) == 2
    assert "architecture.json" in str(shown) and "SmallImages" in str(shown[-1])
    dense, tuned = float(shown[0]["text/plain"]), float(shown[-3]["text/plain"])
    assert dense > 0.8 and tuned > 0.6


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda p: p.stem)
def test_is_kept_without_outputs_and_thin(path):
    notebook = nbformat.read(path, as_version=4)
    code = [c for c in notebook.cells if c.cell_type == "code"]
    assert all(not c.outputs and c.execution_count is None for c in code)
    if path.stem != "python":  # which is a person's own script
        assert all(len(c.source.splitlines()) <= 5 for c in code), "logic belongs in mdp_widgets"


def test_every_panel_has_its_example_and_says_its_traits():
    source = (NOTEBOOKS / "examples.ipynb").read_text(encoding="utf-8")
    for name in mdp_widgets.__all__:
        thing = getattr(mdp_widgets, name)
        assert f"{name}(" in source, f"{name} has no example"
        if name.endswith("_panel") or (isinstance(thing, type) and issubclass(thing, HasTraits)):
            documented = [parent.__doc__ or "" for parent in getattr(thing, "__mro__", (thing,))]
            assert any("Traits:" in text for text in documented), f"{name} does not document its traits"
        else:
            assert thing.__doc__
