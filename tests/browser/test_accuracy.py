"""Accuracy where a person looks for it: beside importance while the slider moves, and on the front's axis."""

import dataclasses
import importlib.util
import re

import pytest
from playwright.sync_api import expect

from mdp.core.plan_accuracy import PlanAccuracy, with_plans
from mdp.core.study import load_study, save_study
from mdp.solve import solve


@pytest.fixture
def measured(data):
    """A study with measured plans among those that the server has, while a test runs."""
    study, found = dataclasses.replace(load_study("fmnist-vit-cpu"), accuracy=None), []
    for share, repaired in ((0.2, 0.7), (0.5, 0.8), (0.9, 0.86)):
        p = solve(study.problem, share * study.problem.dense_latency)
        found.append(PlanAccuracy(p.choices, p.removed_blocks, p.latency, p.importance, 2000, 0.3, repaired))
    # Of other images, so that nothing is measured live here.
    scores = dataclasses.replace(study.scores, provenance={**study.scores.provenance, "dataset": "mine"})
    study = dataclasses.replace(study, scores=scores, accuracy={"dense": 0.87, **with_plans(study, found)})
    path = save_study(study, data / "user" / "studies" / "d-measured.json")
    yield path.stem
    path.unlink()


def accuracy(page):
    return page.get_by_role("listitem").filter(has_text="accuracy").last.locator(".mdp-b-value")


def open_at(page, address, view):
    page.goto(f"{address}/#{view}", wait_until="commit")
    expect(page.get_by_role("grid")).to_be_visible()
    expect(page.locator(".mdp-h-facts")).to_contain_text("batch")
    page.wait_for_function("() => document.querySelectorAll('.mdp-plot-figure[data-drawn]').length >= 3")


def test_dragging_and_resting_shows_an_accuracy_and_the_front_can_show_it(quiet, address, measured):
    page = quiet
    open_at(page, address, f"study={measured}&budget=50%25")
    expect(accuracy(page)).to_have_text("80.0 %")
    expect(accuracy(page)).to_have_attribute("data-band", re.compile(r"^7\d\.\d–8\d\.\d$"))
    slider = page.get_by_role("slider", name="Latency budget")
    slider.focus()
    page.keyboard.press("PageUp")
    expect(accuracy(page)).to_have_text(re.compile(r"^≈ 8\d %$"))
    expect(accuracy(page)).to_have_attribute("data-band", "estimate")
    switch = page.get_by_role("button", name="Accuracy", exact=True)
    switch.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("axis=accuracy"))
    page.wait_for_function("""() => {
        const figure = document.querySelector('.mdp-main .mdp-plot-figure');
        const line = figure.data.find((t) => t.name === 'optimal plans, measured');
        const spot = figure.data.find((t) => t.name === 'chosen');
        return line?.x.length === 3 && spot.y[0] > 80 && spot.y[0] < 87;
    }""")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("tab", name="Quality", exact=True).click()
    expect(page.get_by_text("Accuracy over importance kept")).to_be_visible()


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs the extra torch")
def test_a_slider_at_rest_measures_the_plan_in_view(quiet, address):
    page = quiet
    open_at(page, address, "study=fmnist-vit-cpu&budget=47%25")
    slider = page.get_by_role("slider", name="Latency budget")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    # Two thousand images, a second or two; the first time torch has to be loaded, on a machine that is busy.
    expect(accuracy(page)).to_have_attribute("data-band", re.compile(r"^\d+\.\d–\d+\.\d$"), timeout=200_000)
    expect(accuracy(page)).to_have_text(re.compile(r"^\d+\.\d %$"))
