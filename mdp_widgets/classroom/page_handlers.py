"""The requests for pages of a class: who may see which, and the policy that goes with each."""

import json
from pathlib import Path
from typing import Any

import tornado.web
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler

from .handlers import TeacherHandler
from .pages import POLICY, asset, page_html, paper_html, phone_html, teacher_html
from .service import Service


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
        # A class waits for its teacher's page; what is printed is whole.
        lesson, rounds = await self.service.lesson.get(), await self.service.rounds(None if kind else 3.0)
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Referrer-Policy", "no-referrer")
        if kind:
            self.finish(paper_html("answers", lesson, self.base, rounds))
        else:
            self.finish(teacher_html(lesson, self.base, {"join": self.join}, rounds))

    def write_error(self, status_code: int, **how: Any) -> None:
        error = (how.get("exc_info") or (None, None, None))[1]
        words = str(error) if isinstance(error, Exception) and status_code < 500 else self._plain(status_code)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(page_html("sentence", base=self.base, words=words))


def notebook_file(handler: tornado.web.RequestHandler, notebook: Path, name: str) -> None:
    """Answer with a notebook as a file to take home. It is never run here."""
    handler.set_header("Content-Type", "application/x-ipynb+json")
    handler.set_header("Content-Disposition", f'attachment; filename="{name}"')
    handler.finish(json.dumps(json.loads(notebook.read_text(encoding="utf-8"))))


class Exercises(ClassPage):
    """`GET class/exercises.ipynb`."""

    def initialize(self, service: Service, base: str, notebook: Path) -> None:
        super().initialize(service, base)
        self.notebook = notebook

    @tornado.web.authenticated
    async def get(self) -> None:
        notebook_file(self, self.notebook, "exercises.ipynb")


class Solutions(TeacherHandler):
    """`GET teacher/solutions.ipynb`: the teacher's alone."""

    def initialize(self, service: Service, notebook: Path) -> None:
        super().initialize(service)
        self.notebook = notebook

    @allow_unauthenticated
    async def get(self) -> None:
        self.only_the_teacher()
        notebook_file(self, self.notebook, "solutions.ipynb")
