"""The pages of a class: nothing of a study or of a pupil becomes markup, and they work without a study."""

import json
import re

import pytest

from mdp.core.study import load_study, save_study, study_to_json
from mdp_widgets.classroom.lesson import Lesson, lesson_of
from mdp_widgets.classroom.notes import NOTES, WHOLE
from mdp_widgets.classroom.pages import ASSETS, asset, paper_html, phone_html, teacher_html, time_plan
from mdp_widgets.teach.steps import STEPS

from ..synthetic import synthetic_vit
from ..theme.test_markup import MARK, is_clean, marked


def pages(lesson):
    links = {"join": f"http://x/{MARK}"}
    found = [phone_html(lesson, "/below/"), teacher_html(lesson, "/below/", links)]
    return found + [paper_html(kind, lesson, "/below/") for kind in ("handout", "worksheet", "answers")]


def test_markup_in_every_string_of_a_study_stays_text():
    path = save_study(synthetic_vit(2, embed=96, heads=2))
    path.write_text(
        json.dumps(marked(json.loads(json.dumps(study_to_json(load_study(path)))), keep=("kind",)))
    )
    lesson = lesson_of(load_study(path))
    assert len(lesson.parts) >= 4 and MARK in lesson.study
    for page in pages(lesson):
        assert is_clean(page), page[:200]


def test_without_a_study_the_pages_say_so():
    for page in pages(Lesson()):
        assert "</html>" in page and is_clean(page)
    assert "no study at hand" in paper_html("worksheet", Lesson(), "/")


def test_all_addresses_of_a_page_are_below_the_servers_path():
    for page in pages(lesson_of(synthetic_vit(2, embed=96, heads=2))):
        assert all(
            link.startswith(("/below/", "data:", "#")) for link in re.findall(r'(?:href|src)="([^"]*)', page)
        )


@pytest.mark.parametrize("minutes", [[6, 7, 7, 7, 8, 6], [1], [], [90, 90]])
def test_the_plan_fits_into_the_lesson(minutes):
    plan = time_plan(minutes)
    assert plan == sorted(plan) and plan[-1] < WHOLE and len(plan) == len(minutes) + 1


def test_every_step_has_a_note_and_scripts_make_no_html():
    assert len(NOTES) == len(STEPS)
    for name in ASSETS:
        text, _ = asset(name)
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", text), name
        assert not re.search(r"https?://", text), name
