"""What the page leaves for later when it opens is there when it is asked for."""

from playwright.sync_api import expect


def test_the_surface_in_space_starts_when_it_is_asked_for(quiet, address):
    quiet.goto("about:blank")
    quiet.goto(f"{address}/#study=a-vit&budget=6.0", wait_until="commit")
    expect(quiet.get_by_role("grid")).to_be_visible()
    quiet.wait_for_function("() => window.Plotly")
    later = "() => Boolean(window.Plotly?.mdpOthers)"
    assert quiet.evaluate(later), "plotly.js was not arranged: see mdp_widgets/theme/plotly_js.py"
    quiet.get_by_role("button", name="3-D").click()
    expect(quiet.locator(".mdp-plot-figure canvas").first).to_be_visible()
    assert not quiet.evaluate(later)


# The study that stands in the picker, at every frame in which the page shows a picture.
SEEN = """window.mdpSeen = new Set();
const look = () => {
    const grid = document.querySelector('[role=grid]'), picker = document.querySelector('.mdp-header select');
    if (grid?.getBoundingClientRect().width) mdpSeen.add(picker?.selectedOptions[0]?.textContent);
    requestAnimationFrame(look);
};
requestAnimationFrame(look);"""


def test_the_study_that_the_kernel_had_open_is_not_shown_before_the_one_asked_for(quiet, address):
    quiet.add_init_script(SEEN)
    quiet.goto(f"{address}/#study=b-resnet&budget=5.0", wait_until="commit")
    expect(quiet.get_by_role("grid")).to_be_visible()
    expect(quiet.get_by_role("tab", name="Compare")).to_be_visible()
    assert quiet.evaluate("[...mdpSeen]") == ["synthetic ResNet 16"]
