"""The course as an object: what is hidden before a prediction, and what a study or a claim changes."""

import json
import re
from pathlib import Path

import pytest

from mdp.core.space import Product, SpaceDim, width_options
from mdp_widgets.teach import Course, claims, glossary
from mdp_widgets.teach.question import Question
from mdp_widgets.teach.quiz import FIRST, Option, Quiz
from tools import claims as made_claims
from tools import glossary as made

from ..synthetic import _study, _term, synthetic_resnet, synthetic_vit

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture
def course():
    return Course(synthetic_vit(4, embed=96))


def test_the_figure_is_hidden_until_a_prediction_or_a_skip(course):
    for number, value in ((1, "0"), (2, None)):
        course.go_to(number)
        page = course.pages[number]
        assert page.figure is None and page.after.children == ()
        page.prediction.answer("no answer of these")
        assert page.figure is None and page.prediction.verdict["state"] == "unclear"
        page.prediction.answer(value)
        assert page.figure is not None and page.check in page.after.children
        before = page.figure
        page.prediction.answer("0")
        assert page.figure is before


def test_a_question_takes_messages_and_nothing_else():
    quiz = Quiz("k", "check", "?", (Option("a", "A"), Option("b", "B", "Not B.")), "a", "Because.")
    question = Question(quiz, "s", 1)
    for message in ({}, {"kind": "answer"}, {"kind": "answer", "value": 3}, {"kind": "other", "value": "a"}):
        question._receive(question, message, [])
    assert question.verdict.get("state") in (None, "told")
    question._receive(question, {"kind": "answer", "value": "b"}, [])
    assert question.verdict["words"] == "Not B." and question.verdict["fresh"]
    question._receive(question, {"kind": "again", "value": "a"}, [])
    assert (
        question.verdict["state"] == "right"
        and not question.verdict["fresh"]
        and question.verdict["first"] == FIRST
    )
    assert "right" not in question.verdict  # of a check the page is never told


def test_turning_and_going(course):
    course.turn(1)
    assert course.rail.step == 2 and course.rail.by_page
    course.rail._receive(course.rail, {"kind": "go", "step": 6}, [])
    assert course.rail.step == 6 and not course.rail.by_page
    for nonsense in ({"kind": "go", "step": 99}, {"kind": "go", "step": "1"}, {"kind": "go"}, {"step": 1}):
        course.rail._receive(course.rail, nonsense, [])
    assert course.rail.step == 6


def test_another_study_makes_every_page_anew_and_the_budget_stays_with_the_selection(course):
    course.go_to(4)
    old = course.pages[4]
    course.selection.set_budget("30%")
    assert course.pages[4] is old
    course.selection.show(synthetic_resnet((1, 2, 1, 1)))
    assert course.rail.step == 4 and course.pages[4] is not old and "ResNet" in course.rail.study
    assert [text for text, _ in course.header.links] == ["Explorer", "Inspect"]


def test_without_a_study_the_page_says_so(monkeypatch):
    monkeypatch.setattr("mdp_widgets.state.opening.list_studies", list)
    course = Course()
    assert "There is no study at hand" in course.stage.children[0].value
    course.go_to(3)
    assert course.pages == {}


def test_every_claim_has_its_verdict_its_figures_in_the_documentation_and_a_way_to_see_it():
    found = claims.claims()
    assert {c.verdict for c in found} <= set(claims.VERDICTS) and len(found) >= 8
    for claim in found:
        assert claim.claim and claim.source and claim.measured and claim.control
        assert 0 <= claim.step <= 7 and bool(claim.step) != bool(claim.opens)
        assert bool(claim.command) == bool(claim.page)
        # Something of the kind may have been measured where the claim itself cannot be tested.
        assert claim.page or (claim.verdict == "not testable here" and not re.search(r"\d", claim.measured))
        if claim.page:
            text = (DOCS / claim.page).read_text(encoding="utf-8")
            numbers = re.findall(r"\d+\.\d+", claim.measured)
            assert numbers or claim.row
            assert [n for n in numbers if n not in text] == [], f"docs/{claim.page} says otherwise"
            module = re.match(r"python -m ([\w.]+)", claim.command)[1]
            assert (DOCS.parent / module.replace(".", "/")).exists() or (
                DOCS.parent / f"{module.replace('.', '/')}.py"
            ).exists()


def test_claims_that_were_compared_are_those_of_the_table_of_methods():
    entries = json.loads(claims.FILE.read_text(encoding="utf-8"))["claims"]
    table = made_claims.PAGE.read_text(encoding="utf-8")
    assert made_claims.refreshed(entries, table) == entries, "run python -m tools.claims"
    assert {e["row"] for e in entries if e["row"]} == {
        r for r in made_claims.rows(table) if "StreamPETR" not in r
    }


def test_a_claim_leads_to_the_explorer_where_all_methods_stand(course):
    course.go_to(len(course.titles))
    links = re.findall(r'href="([^"]*)"', course.pages[len(course.titles)].html)
    assert links and all(link.startswith("./#tab=Methods&amp;study=") for link in links)


def test_a_claim_leads_to_its_step(course):
    last = len(course.titles)
    course.go_to(last)
    course.pages[last].buttons[0].click()
    assert course.rail.step == next(c.step for c in claims.claims() if c.step)


def test_words_on_hover_are_those_of_the_glossary():
    told = made.entries(made.SOURCE.read_text(encoding="utf-8"))
    assert told == json.loads(made.MADE.read_text(encoding="utf-8")), "run python -m tools.glossary"
    text = glossary.with_terms("<b> A plan has a budget, and a plan is proven. Explanation")
    assert text.count("mdp-term") == 3 and "&lt;b&gt;" in text and ">Explanation<" not in text
    assert text.endswith("Explanation")


def plain_study():
    """Two layers, no block: nothing of the network can go as a whole."""
    a, b = (
        SpaceDim("a", "channels", 64, width_options(64, 8)),
        SpaceDim("b", "channels", 32, width_options(32, 8)),
    )
    terms = [_term("one", None, ("a", "b"), [a, b], lambda x, y: 0.1 + x * y / 1000)]
    return _study("plain", "plain", "chain", [a, b], [], terms, [Product(None, 2, ("a", "b"))], 0)


def test_a_study_without_blocks_stops_nobody_on_the_way():
    course = Course(plain_study())
    for number, _ in enumerate(course.titles, 1):
        assert course.rail.step == number and course.stage.children
        page = course.pages.get(number)
        if page is None:
            assert "cannot be made of the study in view" in course.stage.children[0].value
        elif hasattr(page, "prediction"):
            page.prediction.answer(None)
            assert "has nothing of what" not in getattr(page.figure, "value", "")
        course.turn(1)
    assert 1 in course.pages and 2 in course.pages and 5 in course.pages
