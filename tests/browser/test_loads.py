"""Twenty loads in a row: every figure alive, no console error, no request to another machine.

Slow, so on demand: `MDP_LOADS=20 python -m pytest tests/browser/test_loads.py`.
"""

import os

import pytest
from playwright.sync_api import expect

ALIVE = """() => {
  const figures = [...document.querySelectorAll('.mdp-plot-figure')].filter((f) => f.clientWidth);
  return figures.length >= 3 && figures.every((f) => f.dataset.drawn && f.querySelector('svg, canvas'));
}"""


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif("MDP_LOADS" not in os.environ, reason="MDP_LOADS=20 loads the page twenty times")
def test_every_load_is_alive_and_quiet(quiet, address):
    for _ in range(int(os.environ["MDP_LOADS"])):
        quiet.goto("about:blank")
        quiet.goto(f"{address}/#study=a-vit&budget=6.0", wait_until="commit")
        expect(quiet.get_by_role("grid")).to_be_visible()
        quiet.wait_for_function(ALIVE)
        before = quiet.locator("[data-drawn]").first.get_attribute("data-drawn")
        quiet.get_by_role("slider", name="Latency budget").press("PageDown")
        expect(quiet.locator("[data-drawn]").first).not_to_have_attribute("data-drawn", before)
