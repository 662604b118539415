"""The one large script of the page: arranged without losing anything, and asked for once."""

import shutil
import subprocess

import pytest

from mdp_widgets.plotly_js import PLOTLY_JS, WANTED_WHOLE, arranged, plotly_js


def test_the_installed_file_is_known_and_keeps_its_licence_and_its_whole_body():
    whole = PLOTLY_JS.read_text(encoding="utf-8")
    script = plotly_js()
    assert script.startswith(WANTED_WHOLE) and "Licensed under the MIT license" in script[:300]
    assert "root.moduleName" not in script, "a new plotly wraps its script differently: see arranged()"
    body = script[script.index('"use strict";var Plotly=') : script.rindex("window.Plotly = Plotly;")]
    assert body in whole and len(whole) - len(body) < 1000


def test_a_file_of_another_shape_is_served_as_it_is():
    text = "/* other */ (function(){ window.Plotly = {}; })();"
    assert arranged(text) == WANTED_WHOLE + text


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_what_is_arranged_is_still_a_script(tmp_path):
    path = tmp_path / "plotly.js"
    path.write_text(plotly_js(), encoding="utf-8")
    subprocess.run(["node", "--check", str(path)], check=True, timeout=60)
