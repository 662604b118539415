"""The pages of a class: the pupil's on a phone, the teacher's, and those to print. Static and light: no
kernel.

What is filled in is escaped by jinja; scripts put text into the page as text. The policy that goes with
each page allows no script but ours.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from mdp.plot.style import TOKENS

from ..teach.steps import STEPS
from ..theme import ui
from .glossary import words
from .lesson import Lesson
from .notes import CONTEST, CONTEST_NOTE, WELCOME, WHOLE
from .qr import qr, svg_path

_ENVIRONMENT = Environment(
    loader=PackageLoader("mdp_widgets", "classroom/templates"), autoescape=True, undefined=StrictUndefined
)
# The contest's rounds and their answers: (title, words).
Rounds = Sequence[tuple[str, str]]
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def page_html(template: str, **values: Any) -> str:
    """A page of ours with values in it, each escaped."""
    return _ENVIRONMENT.get_template(f"{template}.html").render(**values)


def phone_html(lesson: Lesson, base: str) -> str:
    """The pupil's page."""
    return page_html("phone", base=base, facts={"base": base, "steps": lesson.public()})


def join_code(link: str) -> dict[str, Any] | None:
    """The link that pupils join with as a QR code: squares a side, and an SVG's path. None for a link that
    only this machine opens, or one that is too long."""
    if urlsplit(link).hostname in ("localhost", "127.0.0.1", "::1"):
        return None
    grid = qr(link)
    return None if grid is None else {"size": len(grid), "path": svg_path(grid)}


def teacher_html(lesson: Lesson, base: str, links: dict[str, str], rounds: Rounds = ()) -> str:
    """The teacher's page, with answers and notes. `links`: "join", what pupils open."""
    facts = {"base": base, **links, "code": join_code(links["join"]), **teacher_facts(lesson, rounds)}
    return page_html("teacher", base=base, facts=facts)


def teacher_facts(lesson: Lesson, rounds: Rounds = ()) -> dict[str, Any]:
    """The time plan, and for each step and round of the contest what is asked, answered and noted."""
    steps, ends = [], time_plan([part.step.minutes for part in lesson.parts])
    for shown, part, begins, end in zip(lesson.public(), lesson.parts, ends, ends[1:], strict=False):
        step, note = part.step, part.note
        check = {
            "prompt": step.check.prompt,
            "right": answer_words(step.check),
            "because": step.check.because,
        }
        steps.append(
            {
                **shown,
                "begins": begins,
                "minutes": end - begins,
                "right": step.prediction.right,
                "because": step.prediction.because,
                "check": check,
                "along": step.along,
                "notes": note.lines,
            }
        )
    return {
        "study": lesson.study,
        "steps": steps,
        "welcome": WELCOME,
        "contest": [ends[-1], WHOLE - ends[-1]],
        "contestStep": len(STEPS) + 1,
        "contestNotes": CONTEST_NOTE.lines,
        "rounds": [list(one) for one in rounds],
        "whole": WHOLE,
    }


def time_plan(minutes: list[int]) -> list[int]:
    """When each step begins, and when the last one ends: what it asks for, made to fit into the whole.

    >>> time_plan([6, 7, 7, 7, 8, 6])
    [3, 8, 14, 20, 26, 33, 39]
    """
    room, total = WHOLE - WELCOME - CONTEST, sum(minutes) or 1
    return [WELCOME + room * sum(minutes[:i]) // total for i in range(len(minutes) + 1)]


def answer_words(quiz: Any) -> str:
    """The right answer as a sentence."""
    text = next((o.text for o in quiz.options if o.value == quiz.right), f"{quiz.right} {quiz.unit}".strip())
    return text if text.endswith(".") else f"{text}."


def paper_html(kind: str, lesson: Lesson, base: str, rounds: Rounds = ()) -> str:
    """What is printed: "handout", "worksheet" or "answers"."""
    facts = teacher_facts(lesson, rounds)
    parts = [
        (
            part.number,
            part.step,
            part.note,
            shown["minutes"],
            answer_words(part.step.prediction),
            answer_words(part.step.check),
        )
        for part, shown in zip(lesson.parts, facts["steps"], strict=True)
    ]
    return page_html(kind, base=base, parts=parts, glossary=words(), facts=facts, study=lesson.study)


@cache
def asset(name: str) -> tuple[str, str]:
    """A script or style sheet of these pages, and its type."""
    if name == "class.css":
        return TOKENS.read_text(encoding="utf-8") + ui.static("classroom/static/class.css"), "text/css"
    if name == "print.css":
        return ui.static("classroom/static/print.css"), "text/css"
    used = {
        "phone.js": ("theme/dom.js", "classroom/static/bars.js"),
        "teacher.js": ("theme/dom.js", "classroom/static/bars.js", "classroom/static/networks.js"),
    }
    return ui.script(*used.get(name, ()), f"classroom/static/{name}"), "text/javascript"


ASSETS = ("class.css", "print.css", "theme.js", "phone.js", "teacher.js", "print.js")
