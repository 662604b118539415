"""A beside B and named plans, in a real browser."""

import re

from playwright.sync_api import expect

from .test_explorer import fact, open_view


def budget(page):
    return page.get_by_role("textbox", name="Budget", exact=True)


def set_budget(page, text):
    budget(page).fill(text)
    budget(page).press("Enter")


def pair(page):
    return page.get_by_role("group", name="Compared plans")


def test_keep_as_a_move_the_budget_swap_and_clear(quiet, address):
    page = open_view(quiet, address)
    before = fact(page, "importance kept").inner_text()
    page.get_by_role("button", name="Keep this plan as A and compare").click()
    expect(pair(page)).to_be_visible()
    set_budget(page, "2.5")
    note = page.get_by_role("listitem").filter(has_text="importance kept").locator(".mdp-b-note")
    expect(note).to_have_text(f"A: {before}, untrained weights")
    # What differs is told by a pattern, and in words.
    expect(page.locator(".mdp-s-unit.a-only, .mdp-s-diff.a-only").first).to_be_visible()
    expect(page.locator("[role=gridcell][aria-label*='A keeps']").first).to_be_attached()
    page.wait_for_function(
        """() => document.querySelector('.mdp-main .mdp-plot-figure').data
        .filter((t) => t.name === 'A' || t.name === 'chosen').every((t) => t.x.length === 1)"""
    )
    page.get_by_role("tab", name="Compare").click()
    table = page.get_by_role("table", name="What differs between A and B")
    expect(table).to_contain_text("the whole network")
    table.get_by_role("button").last.click()
    expect(page).to_have_url(re.compile("block=blocks.5"))
    # A lives in the address: a reload shows the same comparison.
    page.reload(wait_until="commit")
    expect(pair(page)).to_be_visible()
    expect(note).to_have_text(f"A: {before}, untrained weights")
    expect(budget(page)).to_have_value("2.50")
    page.get_by_role("button", name="Swap A and B").click()
    expect(budget(page)).to_have_value("6.00")
    expect(page.locator(".mdp-s-diff.b-only").first).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(budget(page)).to_have_value("2.50")
    page.get_by_role("button", name="Compare no more").click()
    expect(pair(page)).to_be_hidden()
    expect(page.locator(".mdp-s-diff.a-only:visible")).to_have_count(0)


def test_a_plan_is_saved_renamed_chosen_and_deleted(quiet, address):
    page = open_view(quiet, address)
    page.get_by_role("button", name="Named plans").click()
    menu = page.get_by_role("dialog", name="Named plans")
    name = menu.get_by_label("Name of this plan")
    name.fill("at six")
    name.press("Enter")
    expect(menu.get_by_role("button", name="at six", exact=True)).to_be_visible()
    name.fill("at six")
    name.press("Enter")
    expect(menu.get_by_role("alert")).to_contain_text("already")
    menu.get_by_role("button", name="Rename at six").click()
    entry = menu.get_by_label("New name of at six")
    entry.fill("6 ms")
    entry.press("Enter")
    chosen = menu.get_by_role("button", name="6 ms", exact=True)
    expect(chosen).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    set_budget(page, "3")
    expect(budget(page)).to_have_value("3.00")
    page.get_by_role("button", name="Named plans").click()
    menu.get_by_role("button", name="Compare with 6 ms").click()
    expect(pair(page)).to_be_visible()
    chosen.click()
    expect(budget(page)).to_have_value("6.00")
    menu.get_by_role("button", name="Delete 6 ms").click()
    menu.get_by_role("button", name="Really delete 6 ms").click()
    expect(menu).to_contain_text("No plan of this study has a name yet")


# Widths while the page is laid out for paper: what there is, the explorer, the drawing of the network.
ON_PAPER = """() => matchMedia('print').addEventListener('change', (event) => {
    const wide = (what) => document.querySelector(what).getBoundingClientRect().width;
    if (event.matches) window.onPaper = [wide('#main'), wide('.mdp-explorer'),
        Number(document.querySelector('.mdp-s[role=grid]').getAttribute('width'))];
})"""


def test_a_print_is_a_page_worth_handing_out(quiet, address):
    page = open_view(quiet, address, "study=b-resnet&budget=5.0")
    page.get_by_role("button", name="Light or dark").click()
    page.evaluate(ON_PAPER)
    pages = page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n")
    assert 1 <= pages <= 3
    paper, explorer, network = page.evaluate("window.onPaper")
    assert 0 < explorer <= paper  # not as wide as the window, else the right side is cut off
    assert 0 < network <= 700  # drawn anew for A4
    page.emulate_media(media="print")
    page.wait_for_function("() => document.documentElement.dataset.mdpTheme === 'light'")
    for hidden in ("Undo", "Keep this plan as A and compare", "Ablations"):
        expect(page.get_by_role("button", name=re.compile(f"^{hidden}"))).to_be_hidden()
    expect(page.get_by_role("grid")).to_be_visible()
    # Nothing scrolls on paper: the last row of the network lies inside its card.
    page.wait_for_function("""() => {
        const stage = document.querySelector('.mdp-s-stage'), card = stage.closest('.mdp-card');
        return stage.scrollHeight <= stage.clientHeight + 1
            && stage.getBoundingClientRect().bottom <= card.getBoundingClientRect().bottom;
    }""")
    page.emulate_media(media="screen")
    page.wait_for_function("() => document.documentElement.dataset.mdpTheme === 'dark'")


def test_a_block_is_marked_wherever_it_is_shown(quiet, address):
    page = open_view(quiet, address, "study=a-vit&budget=6.0&block=blocks.2&dim=blocks.2.mlp")
    zoom = page.get_by_role("img", name=re.compile("MLP of blocks.2.mlp"))
    expect(zoom).to_be_visible()
    page.locator(".mdp-s-row").nth(2).hover()
    expect(page.locator(".mdp-why.mdp-linked")).to_have_count(1)
    expect(page.locator(".mdp-plot.mdp-linked")).to_have_count(2)
    page.locator(".mdp-why").hover()
    expect(page.locator(".mdp-s-row.mdp-linked [role=rowheader]")).to_have_attribute(
        "aria-label", re.compile(r"^blocks\.2")
    )
    page.locator(".mdp-s-row").nth(0).hover()
    expect(page.locator(".mdp-why.mdp-linked")).to_have_count(0)
