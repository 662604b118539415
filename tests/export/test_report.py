"""The report and the figures as SVG: complete, escaped, nothing in them that asks another machine."""

import dataclasses
import re
import xml.etree.ElementTree as ET

import pytest

from mdp.core.csv_export import all_tables
from mdp.core.errors import MdpError
from mdp.plot.curve import curve_info, draw_curve
from mdp.plot.formats import ms
from mdp.plot.front import draw_front, front_info
from mdp.plot.style import tokens
from mdp.plot.surface import surface_info
from mdp.plot.surface_draw import draw_surface
from mdp.plot.survivor_rows import survivors_info
from mdp.solve import front, solve
from mdp_widgets.export.figure_export import picture_html, pictures
from mdp_widgets.export.figure_svg import figure_svg
from mdp_widgets.export.report import report_html
from mdp_widgets.export.survivors_svg import _told_apart, survivors_svg
from mdp_widgets.export.svg import shade, ticks
from mdp_widgets.state.explorer_state import ExplorerState

from ..synthetic import synthetic_resnet, synthetic_vit

ADDRESS = re.compile(r"https?://(?!www\.w3\.org/2000/svg)")


@pytest.fixture(scope="module", params=[lambda: synthetic_vit(4), lambda: synthetic_resnet((1, 2, 1, 1))])
def study(request):
    return request.param()


@pytest.fixture(scope="module")
def plan(study):
    return solve(study.problem, 0.4 * study.problem.dense_latency)


def test_the_report_says_what_the_plan_is(study, plan):
    text = report_html(study, plan, front(study.problem, 8))
    assert text.count("<svg") == 2 and "What survives" in text and "proven" in text
    assert "not checked against whole networks" in text and "untrained weights" in text
    assert not ADDRESS.search(text) and "<script" not in text
    for block in study.problem.blocks:
        assert block.name in text


def test_the_report_escapes_and_shows_the_verification(study, plan):
    check = {"subnetworks": 30, "median_error": 0.021, "worst_error": 0.08}
    odd = dataclasses.replace(study, name="<b>&", verification=check, accuracy={"dense": 0.9})
    text = report_html(odd, plan)
    assert "<b>&" not in text and "&lt;b&gt;&amp;" in text and "2.1 % median" in text


def test_plan_a_is_beside_it_in_report_and_pictures(study, plan):
    a = solve(study.problem, 0.8 * study.problem.dense_latency)
    text = report_html(study, plan, front(study.problem, 8), a)
    assert "Beside plan A" in text and "faster than A" in text and "url(#a-only)" in text
    assert f"A: {ms(a.latency)}" in text and "font: 14px/1.5 Inter" in text and "sans-serif;" in text
    selection = ExplorerState(study)
    plain = {p.name: p.svg for p in pictures(selection)}
    selection.keep_as_a()
    selection.set_budget("25%")
    beside = {p.name: p.svg for p in pictures(selection)}
    for name in plain:
        ET.fromstring(beside[name])
    assert "a-only" in beside["survivors"] and "a-only" not in plain["survivors"]
    for name in ("front", "curve"):
        assert tokens()["--mdp-other"] in beside[name] and tokens()["--mdp-other"] not in plain[name]


def test_a_plan_of_another_study_is_refused(plan):
    with pytest.raises(MdpError, match="does not fit"):
        report_html(synthetic_vit(3), plan)


def test_every_figure_is_well_formed_svg(study, plan):
    specs = [draw_front(front_info(study, front(study.problem, 8), plan))]
    specs += [draw_surface(surface_info(study.problem, t, plan)) for t in study.problem.latency[:3]]
    specs += [draw_curve(curve_info(study, study.problem.dims[1].name, plan))]
    for text in (*map(figure_svg, specs), survivors_svg(survivors_info(study, plan))):
        ET.fromstring(text)
        assert "nan" not in text and "var(--" not in text


def test_a_gap_in_a_line_stays_a_gap():
    line = {"type": "scatter", "mode": "lines", "x": [0, 1, None, 0, 1], "y": [0, 1, None, 1, 0]}
    (path,) = re.findall(r'<path d="([^"]+)" fill="none"', figure_svg({"data": [line], "layout": {}}))
    assert path.count("M") == 2 and path.count("L") == 2


def test_what_svg_cannot_draw_is_refused():
    with pytest.raises(ValueError, match="surface"):
        figure_svg({"data": [{"type": "surface", "x": [1], "y": [1], "z": [[1]]}], "layout": {}})


def test_pictures_as_pages_of_their_own(study):
    selection = ExplorerState(study)
    found = pictures(selection)
    assert [p.name for p in found] == ["front", "survivors", "surface", "curve"]
    small = picture_html(next(p for p in found if p.name == "survivors"))
    assert "<svg" in small and not ADDRESS.search(small)
    alive = picture_html(found[0])
    assert "Plotly.newPlot" in alive and len(alive) > 1_000_000
    assert 'src="http' not in alive


def test_tables_as_csv(study, plan):
    files = all_tables(study, plan)
    assert len(files) == 2 + len(study.problem.latency)
    lines = files["plan.csv"].decode().splitlines()
    assert len(lines) == 1 + len(study.problem.dims) + len(study.problem.blocks)
    chosen = [line.split(",") for line in files["terms.csv"].decode().splitlines()]
    total = sum(float(c[3]) for c in chosen if c[0] == "latency")
    assert total == pytest.approx(plan.latency, rel=1e-4)


@pytest.mark.parametrize(
    ("low", "high", "wanted"), [(0, 10, [0, 2, 4, 6, 8, 10]), (0, 1, None), (3, 3, [3]), (-5, 5, None)]
)
def test_ticks_are_round_and_inside(low, high, wanted):
    found = ticks(low, high)
    assert wanted is None or found == wanted
    assert all(low <= t <= high + 1e-9 for t in found) and 1 <= len(found) <= 11


def test_shades_run_from_end_to_end():
    scale = [[0, "#000000"], [0.5, "#808080"], [1, "#ffffff"]]
    assert [shade(scale, s) for s in (-1, 0, 0.5, 1, 2)] == [
        "#000000",
        "#000000",
        "#808080",
        "#ffffff",
        "#ffffff",
    ]


def test_names_that_end_alike_are_told_apart():
    names = [f"layers.{i}.downsample.reduction" for i in (1, 2)] + ["stem"]
    assert [_told_apart(name, names) for name in names] == ["1…reduction", "2…reduction", "stem"]
