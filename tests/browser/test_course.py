"""The course as a pupil takes it: predict, see, check, come back; prune against the solver; a class."""

import json

import pytest
from playwright.sync_api import expect


@pytest.fixture
def teach(page, address):
    """Teach on the ViT, with no class; no error at the end."""
    errors = []
    page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: errors.append(str(e)))
    page.set_default_timeout(60_000)
    page.goto(f"{address}/teach#study=a-vit&budget=6.0", wait_until="commit")
    expect(page.get_by_role("button", name="This is my guess")).to_be_visible()
    yield page
    assert errors == []


def figures(page):
    return page.locator(".mdp-after .mdp-plot-figure[data-drawn]")


def test_a_step_as_a_pupil_takes_it_and_after_a_reload(teach):
    expect(teach.locator(".mdp-after .mdp-plot")).to_have_count(0)
    teach.get_by_role("radio", name="35 to 45 %").focus()
    teach.keyboard.press("Space")
    teach.keyboard.press("Enter")  # a keyboard does all of it
    expect(figures(teach).first).to_be_visible()
    expect(teach.locator(".mdp-question.prediction .mdp-q-words")).to_contain_text("of the time")
    expect(teach.locator(".mdp-question.prediction label[data-right=true]")).to_have_count(1)
    check = teach.locator(".mdp-question.check")
    options, words = check.get_by_role("radio"), check.locator(".mdp-q-words")
    states = []
    for i in range(options.count()):
        options.nth(i).check()
        check.get_by_role("button", name="Check").click()
        expect(words).not_to_be_empty()
        teach.wait_for_timeout(300)
        states.append(check.get_attribute("data-state"))
        if states[-1] == "right":
            break
    assert states[-1] == "right" and set(states[:-1]) <= {"wrong"}
    expect(teach.locator(".mdp-rail nav button").first).to_have_attribute("data-done", "yes")
    teach.get_by_role("button", name="Next step").click()
    expect(teach.get_by_role("heading", name="2. Not every cut")).to_be_visible()

    teach.reload(wait_until="commit")  # the kernel is another one now
    expect(teach.get_by_role("heading", name="2. Not every cut")).to_be_visible()
    teach.locator(".mdp-rail nav button").first.click()
    expect(figures(teach).first).to_be_visible()
    expect(check).to_have_attribute("data-state", "right")
    expect(teach.locator(".mdp-rail nav button").first).to_have_attribute("data-done", "yes")
    assert "study=a-vit" in teach.url


def test_skip_shows_the_figure_and_links_carry_study_and_budget(teach):
    teach.get_by_role("button", name="Skip").click()
    expect(figures(teach).first).to_be_visible()
    for name in ("Explorer", "Inspect"):
        link = teach.get_by_role("link", name=name, exact=True)
        link.focus()
        assert "#study=a-vit&budget=6" in link.get_attribute("href")
    term = teach.locator(".mdp-term").first
    term.focus()
    assert term.evaluate("e => getComputedStyle(e, '::after').content").startswith(
        '"How many multiplications'
    )


def test_round_one_of_the_contest(teach):
    teach.get_by_role("button", name="Step 7: You against the solver").click()
    bar = teach.get_by_role("meter")
    hand = teach.get_by_role("button", name="Hand in")
    expect(hand).to_be_disabled()
    teach.get_by_role("button", name="All at half").click()
    expect(bar).not_to_have_class("mdp-bar over")
    for block in ("blocks.1", "blocks.2"):
        teach.get_by_role("checkbox", name=f"keep {block}").uncheck()
    expect(hand).to_be_enabled()
    before = bar.inner_text()
    for _ in range(3):
        teach.get_by_role("slider", name="blocks.0.mlp").press("ArrowLeft")
    expect(bar).not_to_have_text(before)
    expect(hand).to_be_enabled()
    hand.click()
    expect(teach.locator(".mdp-bench-points")).to_contain_text("of 100 points")
    expect(teach.locator(".mdp-bench-facts")).to_contain_text(
        "importance decides"
    )  # nothing measured: it says so
    expect(teach.locator(".mdp-bench-differences tbody tr").first).to_be_visible()
    said = teach.locator(".mdp-bench-points").inner_text()
    teach.evaluate("""() => {
      window.mdpClass = { measured: { "contest-1": "Measured: <b>84.1 %</b>." } };
      window.dispatchEvent(new CustomEvent("mdp-class"));
    }""")
    expect(teach.locator(".mdp-bench-measured")).to_have_text("Measured: <b>84.1 %</b>.")

    teach.reload(wait_until="commit")
    expect(teach.locator(".mdp-bench-points")).to_have_text(said)
    expect(teach.get_by_role("checkbox", name="keep blocks.1")).not_to_be_checked()
    teach.get_by_role("button", name="Round 3").click()
    expect(teach.get_by_text("Impossible.")).to_be_visible()


def test_an_exercise_is_answered_and_remembered(teach):
    teach.get_by_role("button", name="Step 8: Exercises").click()
    question = teach.locator(".mdp-question.exercise").first
    question.get_by_role("textbox").fill("1")
    question.get_by_role("button", name="Check").click()
    expect(question.locator(".mdp-q-words")).to_contain_text("That is too little")
    teach.reload(wait_until="commit")
    expect(question.get_by_role("textbox")).to_have_value("1")
    teach.get_by_role("button", name="Step 9: The paper's claims").click()
    link = teach.get_by_role("link", name="every method's line").first
    expect(link).to_be_visible()
    assert link.evaluate("a => new URL(a.href).pathname") == "/"


def test_a_class_hears_every_answer_also_those_of_a_restart(page, address):
    """A made-up class: it joins, refuses for a while, then takes what was kept; markup stays text."""
    heard, ready, state = [], [], {"running": True, "step": None, "scoreboard": [], "spread": {}}

    def join(route):
        name = json.loads(route.request.post_data)["nickname"]
        taken = name == "taken"
        body = {"message": "Somebody has this nickname."} if taken else {"pupil": "p1", "nickname": name}
        route.fulfill(status=409 if taken else 200, json=body)

    def answer(route):
        if not ready:
            return route.fulfill(status=503, json={"message": "later"})
        heard.append(json.loads(route.request.post_data))
        return route.fulfill(status=204)

    page.set_default_timeout(60_000)
    page.route("**/class/join", join)
    page.route("**/class/answer", answer)
    page.route("**/class/state*", lambda route: route.fulfill(json=state))
    page.goto(f"{address}/teach#study=a-vit", wait_until="commit")
    nickname = page.get_by_label("Your nickname")
    nickname.fill("taken")
    page.get_by_role("button", name="Join the class").click()
    expect(page.get_by_text("Somebody has this nickname.")).to_be_visible()
    nickname.fill("<b>Ada</b>")
    page.get_by_role("button", name="Join the class").click()
    expect(page.locator(".mdp-class-me")).to_have_text("<b>Ada</b>")
    page.get_by_role("radio").nth(1).check()
    page.get_by_role("button", name="This is my guess").click()
    expect(figures(page).first).to_be_visible()
    assert not heard
    ready.append(True)
    state["scoreboard"] = [{"nickname": "<i>Bob</i>", "score": 10}]
    state["spread"] = {"speed-prediction": {"1": 2, "3": 1}}
    state["step"] = 4
    expect(page.get_by_role("heading", name="4. Narrow blocks")).to_be_visible()  # everybody to step 4
    page.wait_for_function("() => (localStorage['mdp-class-queue'] ?? '[]') === '[]'")
    answer = {"step": 1, "kind": "prediction", "key": "speed-prediction", "value": "1"}
    assert heard == [{"pupil": "p1", **answer, "study": "a-vit"}]
    page.get_by_text("Scoreboard").click()
    expect(page.locator(".mdp-class-board li")).to_have_text("<i>Bob</i>10")
    page.locator(".mdp-rail nav button").first.click()
    expect(page.locator(".mdp-q-room").first).to_have_text(
        "The numbers are the guesses of the room: 3 so far."
    )
    state["joined"] = False  # another class, or one that has let this pupil go
    expect(page.get_by_role("button", name="Join the class")).to_be_visible()
