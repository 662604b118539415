"""The exercises on the page: asked in words, judged as the notebook's, answers read as they are meant."""

import math

import pytest

from mdp.solve import fastest
from mdp_widgets.teach import Course
from mdp_widgets.teach.exercises import EXERCISES, measured, study, two_studies
from mdp_widgets.teach.exercises.on_page import ON_PAGE, judged, quiz_of, read
from mdp_widgets.teach.exercises_page import KEYS

from ..synthetic import synthetic_vit


def answers():
    """What the solutions' notebook answers, as somebody types it off the page."""
    problem = study().problem
    total, ms = problem.dense_importance, problem.dense_latency
    gone = study().solve("25%").removed_blocks
    every = {block.name: "keep" for block in problem.blocks}
    low, high = study().solve("48%"), study().solve("52%")
    term = next(t for t in problem.latency if t.name == "blocks.0.mlp")
    real = problem.entry(term, {**problem.dense_choices, "embedding": 64})
    cheap = max(gone, key=lambda b: study().solve("25%", pins={b: "keep"}).importance)
    plans = measured()
    a, b = max(
        ((a, b) for a in plans for b in plans if a["importance"] > b["importance"]),
        key=lambda pair: pair[1]["accuracy"] - pair[0]["accuracy"],
    )
    lost = study().solve("25%").importance - study().solve("25%", pins=every).importance
    half = problem.evaluate({**problem.dense_choices, "blocks.0.mlp": 256})[0]
    vit, resnet = (s.solve("30%").importance / s.problem.dense_importance for s in two_studies())
    return {
        1: f"{ms:.1f} ".replace(".", ","), 2: f"{math.prod(len(d.options) for d in problem.dims):.1e}",
        3: f"{ms / study().solve('40%').latency:.2f}", 4: ", ".join(gone),
        5: f"{100 * (1 - half / ms):.2f} %",
        6: f"{problem.entry(term, problem.dense_choices) / real - 1:.2f}",
        7: f"{fastest(problem).latency / ms:.3f}", 8: cheap,
        10: f"{100 * lost / total:.2f}",
        11: f"{100 * (high.importance - low.importance) / total / (0.04 * ms):.2f}",
        12: f"({a['place']}, {b['place']})", 13: f"{100 * (vit - resnet):.2f}",
    }  # fmt: skip


def test_what_the_page_shows_answers_every_exercise_that_it_asks():
    given = answers()
    assert sorted(given) == [n for n, how in ON_PAGE.items() if how.reads]
    assert sorted(ON_PAGE) == [e.number for e in EXERCISES]
    for exercise in EXERCISES:
        if exercise.number in given:
            said = judged(exercise, given[exercise.number])
            assert said.state == "right", (exercise.number, given[exercise.number], said.words)


@pytest.mark.parametrize(
    "text", ["", "   ", "<b>", "nan", "1e400", "-3", "blocks.9", "1,2,3,4", "9" * 5000, None]
)
def test_any_text_gets_a_sentence(text):
    for exercise in EXERCISES:
        if ON_PAGE[exercise.number].reads:
            said = judged(exercise, text)
            assert said.state in ("wrong", "unclear") and said.words.endswith((".", "?"))


def test_a_text_is_read_as_it_is_meant():
    assert read("number", " 2,5 ") == 2.5 and read("number", "3.1e20") == 3.1e20
    assert read("names", "['blocks.0','blocks.1']") == ["blocks.0", "blocks.1"]
    assert read("pair", "3 and 7") == [3, 7] and read("number", "much") == "much"


def test_the_page_has_a_question_for_each_and_the_browser_remembers_them():
    course = Course(synthetic_vit(2, embed=96, heads=2))
    course.go_to(8)
    page = course.pages[8]
    assert (
        [f"exercise-{n}" for n in page.questions]
        == KEYS
        == [quiz_of(EXERCISES[n - 1]).key for n in page.questions]
    )
    assert dict((title, keys) for title, keys in course.titles)["Exercises"] == KEYS
    page.questions[4].answer("blocks.9")
    assert page.questions[4].verdict["state"] == "wrong" and page.questions[4].kind == "exercise"
    assert page.questions[1].numeric and not page.questions[4].numeric
