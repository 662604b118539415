"""Every control has a name that can be read aloud, on every tab and page."""

import pytest

from mdp_widgets.pages.explorer import PANELS

CONTROLS = {"button", "checkbox", "combobox", "link", "listbox", "radio", "slider", "spinbutton", "switch",
            "tab", "textbox"}  # fmt: skip
TABS = ["Block", "Compare", "Quality", "Methods", *PANELS]


def nameless(page):
    """Controls of the browser's own accessibility tree without a word in their names."""
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    found = []
    for node in tree:
        role, name = (node.get(key, {}).get("value", "") for key in ("role", "name"))
        if not node.get("ignored") and role in CONTROLS and not any(map(str.isalnum, name)):
            found.append(f"{role} {name!r}: {outline(page, node)}")
    return found


def outline(page, node):
    """The markup of a node, for the message."""
    session = page.context.new_cdp_session(page)
    asked = {"backendNodeId": node["backendDOMNodeId"]}
    return session.send("DOM.getOuterHTML", asked)["outerHTML"][:120]


def test_every_control_of_the_explorer_has_a_name(quiet, address):
    quiet.goto(address)
    quiet.locator(".mdp-front .js-plotly-plot, .mdp-main .js-plotly-plot").first.wait_for()
    for tab in TABS:
        quiet.get_by_role("tab", name=tab, exact=True).click()
        quiet.wait_for_timeout(500)
        assert nameless(quiet) == [], tab
    quiet.get_by_role("button", name="Rename or delete").click()
    assert nameless(quiet) == []
    quiet.get_by_role("button", name="Named plans").click()
    assert nameless(quiet) == []


@pytest.mark.parametrize("path", ["inspect", "teach"])
def test_every_control_of_the_other_pages_has_a_name(quiet, address, path):
    quiet.goto(f"{address}/{path}")
    quiet.locator(".js-plotly-plot, .mdp-step, .mdp-rail").first.wait_for()
    quiet.wait_for_timeout(500)
    assert nameless(quiet) == []
