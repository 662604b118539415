"""A pupil's phone and the teacher's page, in a real browser."""

import pytest
from playwright.sync_api import expect

from ..classroom.served import TOKEN, Served

MARK = "<img src=x onerror=a()>"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    server = Served(tmp_path_factory.mktemp("class"))
    yield server
    server.process.terminate()
    server.process.wait(timeout=30)


def watched(browser, errors, **how):
    page = browser.new_context(**how).new_page()
    page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: errors.append(str(e)))
    return page


def test_a_pupil_guesses_on_a_phone_and_the_teacher_sees_it(browser, served):
    errors = []
    teacher = watched(browser, errors, viewport={"width": 1280, "height": 720})
    teacher.goto(f"{served.address}teacher?key={served.key}")
    assert "key" not in teacher.url
    phone = watched(browser, errors, viewport={"width": 390, "height": 844})
    phone.goto(f"{served.address}class?token={TOKEN}")
    phone.get_by_label("Your nickname").fill(MARK)
    phone.get_by_role("button", name="Join the class").click()
    expect(phone.locator("#me")).to_have_text(MARK)
    teacher.locator("#plan button").nth(2).click()
    teacher.get_by_role("button", name="Everybody to this step").click()
    expect(phone.locator("#step-number")).to_have_text("Step 2 of 6")
    phone.locator(".choice").nth(1).click()
    phone.get_by_role("button", name="This is my guess").click()
    expect(phone.locator("#told")).to_contain_text("one of 1")
    expect(teacher.locator("#spread .bar-count").nth(1)).to_have_text("1")
    expect(teacher.locator("#rows th")).to_have_text(MARK)
    phone.reload()
    expect(phone.locator(".choice input").nth(1)).to_be_checked()
    teacher.get_by_role("button", name="Reveal the answer").click()
    expect(phone.locator("#told .because")).to_be_visible()
    expect(phone.locator("#told .right")).to_have_count(1)
    teacher.goto(f"{served.address}teacher#screen")
    teacher.reload()
    expect(teacher.locator("#screen-scores")).to_contain_text(MARK)
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert teacher.locator("img").count() == phone.locator("img").count() == 0
    assert not errors


def test_the_teacher_ends_the_class_and_the_phone_says_so(browser, served):
    teacher, phone = watched(browser, []), watched(browser, [])
    teacher.goto(f"{served.address}teacher?key={served.key}")
    phone.goto(f"{served.address}class?token={TOKEN}")
    teacher.get_by_role("button", name="End the class").click()
    teacher.get_by_role("button", name="End it and delete everything").click()
    expect(teacher.locator("#words")).to_contain_text("The class has ended")
    expect(phone.locator("#words")).to_contain_text("No class is running")
    teacher.get_by_role("button", name="Begin a new class").click()
    expect(phone.get_by_label("Your nickname")).to_be_visible()
