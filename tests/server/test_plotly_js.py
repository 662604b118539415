"""The one large script of the page: arranged without losing anything."""

import re
import shutil
import subprocess

import pytest

from mdp_widgets.theme import ui
from mdp_widgets.theme.plotly_js import AT_ONCE, PLOTLY_JS, REGISTER, deferred, plotly_js, unwrapped


def test_the_installed_file_is_known_and_keeps_its_licence_and_its_whole_body():
    whole = PLOTLY_JS.read_text(encoding="utf-8")
    script = unwrapped(whole)
    assert "Licensed under the MIT license" in script[:200]
    assert "root.moduleName" not in script, "a new plotly wraps its script differently: see unwrapped()"
    body = script[script.index('"use strict";var Plotly=') : script.rindex("window.Plotly = Plotly;")]
    assert body in whole and len(whole) - len(body) < 1000


def test_every_kind_of_trace_starts_at_once_or_later():
    before = PLOTLY_JS.read_text(encoding="utf-8")
    after = deferred(before)
    assert "mdpOthers" in after, "a new plotly registers its traces differently: see deferred()"
    calls = sorted(re.findall(r"[\w$]+\(\)", REGISTER.search(before)[2]))
    now, later = re.findall(r"\.register\(\[([^\]]*)\]\)", after)[-2:]
    assert sorted([*now.split(","), *later.split(",")]) == calls
    assert len(now.split(",")) == len(AT_ONCE)


def test_the_page_knows_what_starts_at_once():
    named = re.search(r"AT_ONCE = new Set\(\[(.*?)\]\)", ui.static("widgets/plot.js"))[1]
    assert set(re.findall(r'"(\w+)"', named)) == AT_ONCE | {"scatter"}


def test_a_file_of_another_shape_is_served_as_it_is():
    text = "/* other */ (function(){ window.Plotly = {}; })();"
    assert deferred(unwrapped(text)) == text


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_what_is_arranged_is_still_a_script(tmp_path):
    path = tmp_path / "plotly.js"
    path.write_text(plotly_js(), encoding="utf-8")
    subprocess.run(["node", "--check", str(path)], check=True, timeout=60)
