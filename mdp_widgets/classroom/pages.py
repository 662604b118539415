"""The pages of a class: the pupil's on a phone, the teacher's, and those to print. Static and light: no kernel.

What is filled in is escaped by jinja; scripts put text into the page as text. The policy that goes with each page
allows no script but ours.
"""

import json
from functools import cache
from typing import Any

import tornado.web
from jinja2 import Environment, PackageLoader, StrictUndefined
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler

from mdp.plot.style import TOKENS

from ..theme import ui
from .glossary import GLOSSARY
from .handlers import TeacherHandler
from .lesson import Lesson
from .notes import CONTEST, WELCOME, WHOLE
from .service import Service

_ENVIRONMENT = Environment(
    loader=PackageLoader("mdp_widgets", "classroom/templates"), autoescape=True, undefined=StrictUndefined
)
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


def teacher_html(lesson: Lesson, base: str, links: dict[str, str]) -> str:
    """The teacher's page, with answers and notes. `links`: "join", what pupils open."""
    return page_html("teacher", base=base, facts={"base": base, **links, **teacher_facts(lesson)})


def teacher_facts(lesson: Lesson) -> dict[str, Any]:
    """The time plan, and for each step what is asked, answered and noted."""
    steps, begins = [], WELCOME
    for shown, part in zip(lesson.public(), lesson.parts, strict=True):
        step, note = part.step, part.note
        steps.append(
            {
                **shown,
                "begins": begins,
                "right": step.prediction.right,
                "because": step.prediction.because,
                "check": {
                    "prompt": step.check.prompt,
                    "right": _said(step.check),
                    "because": step.check.because,
                },
                "checkKey": step.check.key,
                "along": step.along,
                "task": step.task,
                "notes": [["Say", note.say], ["Ask", note.ask], ["What goes wrong", note.wrong]],
            }
        )
        begins += step.minutes
    return {
        "study": lesson.study,
        "steps": steps,
        "contest": [begins, max(CONTEST, WHOLE - begins)],
        "whole": WHOLE,
    }


def _said(quiz: Any) -> str:
    return next((o.text for o in quiz.options if o.value == quiz.right), f"{quiz.right} {quiz.unit}".strip())


def paper_html(kind: str, lesson: Lesson, base: str) -> str:
    """What is printed: "handout", "worksheet" or "answers"."""
    facts = teacher_facts(lesson)
    parts = [(part.number, part.step, part.note, _said(part.step.prediction), _said(part.step.check))
             for part in lesson.parts]  # fmt: skip
    return page_html(kind, base=base, parts=parts, glossary=GLOSSARY, facts=facts, study=lesson.study)


@cache
def asset(name: str) -> tuple[str, str]:
    """A script or style sheet of these pages, and its type."""
    if name == "class.css":
        return TOKENS.read_text(encoding="utf-8") + ui.static("classroom/static/class.css"), "text/css"
    if name == "print.css":
        return ui.static("classroom/static/print.css"), "text/css"
    used = {
        "phone.js": ("theme/dom.js", "classroom/static/bars.js"),
        "teacher.js": ("theme/dom.js", "classroom/static/bars.js"),
    }
    return ui.script(*used.get(name, ()), f"classroom/static/{name}"), "text/javascript"


ASSETS = ("class.css", "print.css", "theme.js", "phone.js", "teacher.js", "print.js")


class Asset(tornado.web.RequestHandler):
    """A script or style of these pages, asked for anew only when it changed."""

    def get(self, name: str) -> None:
        text, mime = asset(name)
        self.set_header("Content-Type", f"{mime}; charset=utf-8")
        self.set_header("Cache-Control", "no-cache")
        self.finish(text)


class ClassPage(JupyterHandler):
    """A page for everybody with the token."""

    def initialize(self, service: Service, base: str) -> None:
        self.service, self.base = service, base

    @property
    def content_security_policy(self) -> str:
        return POLICY

    def show(self, html: str) -> None:
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "same-origin")
        self.finish(html)


class Phone(ClassPage):
    """`GET class`: join by nickname, guess, see the scoreboard."""

    @tornado.web.authenticated
    async def get(self) -> None:
        self.show(phone_html(await self.service.lesson.get(), self.base))


class Paper(ClassPage):
    """`GET class/handout` and `class/worksheet`: to print, also where no class is running."""

    @tornado.web.authenticated
    async def get(self, kind: str) -> None:
        self.show(paper_html(kind, await self.service.lesson.get(), self.base))


class Teacher(TeacherHandler):
    """`GET teacher?key=…`: the secret becomes a cookie and leaves the address, which a projector may show."""

    def initialize(self, service: Service, base: str, join: str) -> None:
        super().initialize(service)
        self.base, self.join = base, join

    @property
    def content_security_policy(self) -> str:
        return POLICY

    @allow_unauthenticated
    async def get(self, kind: str = "") -> None:
        key = self.get_query_argument("key", "")
        if key and self.service.desk is not None and self.is_key(key):
            self.set_cookie(self.cookie, key, path=self.base, httponly=True, samesite="Lax")
            self.redirect(self.base + "teacher")
            return
        self.only_the_teacher()
        lesson = await self.service.lesson.get()
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Referrer-Policy", "no-referrer")
        if kind:
            self.finish(paper_html("answers", lesson, self.base))
        else:
            self.finish(teacher_html(lesson, self.base, {"join": self.join}))

    def write_error(self, status_code: int, **how: Any) -> None:
        error = (how.get("exc_info") or (None, None, None))[1]
        words = str(error) if isinstance(error, Exception) and status_code < 500 else self._plain(status_code)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(page_html("sentence", base=self.base, words=words))


class Exercises(ClassPage):
    """`GET class/exercises.ipynb`: the notebook as a file to take home. It is never run here."""

    def initialize(self, service: Service, base: str, notebook: Any) -> None:
        super().initialize(service, base)
        self.notebook = notebook

    @tornado.web.authenticated
    async def get(self) -> None:
        self.set_header("Content-Type", "application/x-ipynb+json")
        self.set_header("Content-Disposition", 'attachment; filename="exercises.ipynb"')
        self.finish(json.dumps(json.loads(self.notebook.read_text(encoding="utf-8"))))
