"""The requests of a class: thin, JSON in and out, errors as {"message": sentence}. `Service` does the
work."""

import hmac
import json
from typing import Any

import tornado.web
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler

from mdp.core.errors import MdpError

from .answers import read_answer
from .limits import BODY
from .refused import Refused
from .results import results_csv, results_json
from .service import Service


class ClassHandler(JupyterHandler):
    """What all of them share: who may ask, how much, and how it is refused."""

    def initialize(self, service: Service) -> None:
        self.service = service

    def check_xsrf_cookie(self) -> None:
        """A page of another site is refused by its Origin, which every browser sends with a POST. A page
        of ours needs no further token: it may have been opened before the server was started again."""
        cross = self.request.headers.get("Sec-Fetch-Site") == "cross-site"
        if not self.check_origin() or (cross and "Origin" not in self.request.headers):
            raise Refused("This request came from the page of another site.", 403)

    def get_login_url(self) -> str:
        raise Refused("This class is open to those who know its token. Open the link again.", 403)

    def read_body(self) -> dict[str, Any]:
        """The JSON object that was sent. Raises Refused."""
        body = self.request.body
        if len(body) > BODY:
            raise Refused(f"This is longer than {BODY} bytes, which no answer is.", 413)
        try:
            data = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise Refused("This is no JSON.") from None
        if not isinstance(data, dict):
            raise Refused("A JSON object was expected.")
        return data

    def say(self, data: dict[str, Any]) -> None:
        self.set_header("Cache-Control", "no-store")
        self.finish(data)

    def _log(self) -> None:
        """A line for each refused request would fill the disk under a flood, with pupils' identities."""
        if self.get_status() >= 500:
            super()._log()

    def log_exception(self, kind: Any, error: Any, trace: Any) -> None:
        if not isinstance(error, MdpError | tornado.web.HTTPError):
            self.log.error("A request of the class failed: %s", type(error).__name__)

    def send_error(self, status_code: int = 500, **how: Any) -> None:
        error = (how.get("exc_info") or (None, None, None))[1]
        if isinstance(error, Refused):
            status_code = error.status
        super().send_error(status_code, **how)

    def write_error(self, status_code: int, **how: Any) -> None:
        error = (how.get("exc_info") or (None, None, None))[1]
        words = str(error) if isinstance(error, MdpError) else self._plain(status_code)
        if status_code == 429:
            self.set_header("Retry-After", "2")
        self.say({"message": words})

    def _plain(self, status: int) -> str:
        if status == 403:
            return "This class is open to those who know its token, at the address that its server was given."
        if status == 405:
            return "This address is not asked in this way."
        return "This did not work. Try again in a moment."


def _no_constant(word: str) -> float:
    raise ValueError(word)


class Join(ClassHandler):
    """`POST class/join {nickname}` -> {pupil, nickname}, and a message where the name had to change."""

    @tornado.web.authenticated
    async def post(self) -> None:
        data = self.read_body()
        self.say(
            await self.service.join(data.get("nickname"), data.get("pupil"), self.request.remote_ip or "")
        )


class Answers(ClassHandler):
    """`POST class/answer {pupil, step, kind, key, value, score?}` -> 204 once it is kept."""

    @tornado.web.authenticated
    async def post(self) -> None:
        await self.service.answer(read_answer(self.read_body()))
        self.set_status(204)
        self.finish()


class State(ClassHandler):
    """`GET class/state?pupil=ID` -> {running, step, revealed, scoreboard, spread}.

    Where no class runs, {running: false}: every lesson asks, and an error would stand in its console.
    """

    @tornado.web.authenticated
    async def get(self) -> None:
        if self.service.is_running:
            self.say(await self.service.look(self.get_query_argument("pupil", None)))
        else:
            self.say({"running": False})


class TeacherHandler(ClassHandler):
    """Open to the one who has the teacher's link, and to nobody else."""

    @property
    def cookie(self) -> str:
        port = self.request.host.rpartition(":")[2]
        return f"mdp-teacher-{port if port.isdigit() else 'https'}"

    def is_teacher(self) -> bool:
        if self.service.desk is None:
            return False
        given = self.request.headers.get("X-Class-Key") or self.get_cookie(self.cookie) or ""
        return self.is_key(given)

    def is_key(self, given: str) -> bool:
        assert self.service.desk is not None
        return hmac.compare_digest(given.encode(), self.service.desk.keys.teacher.encode())

    def only_the_teacher(self) -> None:
        """Raises Refused for others."""
        if self.service.desk is None:
            raise Refused("This server was started without a class. Start it with --class.", 404)
        if not self.is_teacher():
            raise Refused("This is the teacher's. Open the teacher's link, which the server printed.", 403)


class Direct(TeacherHandler):
    """`GET class/teacher` -> all that the teacher sees; `POST class/teacher {action, …}` does something."""

    @allow_unauthenticated
    async def get(self) -> None:
        self.only_the_teacher()
        self.say(self.service.seen_by_teacher())

    @allow_unauthenticated
    async def post(self) -> None:
        self.only_the_teacher()
        await self.service.direct(self.read_body())
        self.set_status(204)
        self.finish()


class Results(TeacherHandler):
    """`GET class/results.csv` and `class/results.json`: what the teacher wants to keep."""

    @allow_unauthenticated
    async def get(self, kind: str) -> None:
        self.only_the_teacher()
        room = self.service.room
        text, mime = (
            (results_csv(room), "text/csv") if kind == "csv" else (results_json(room), "application/json")
        )
        self.set_header("Content-Type", f"{mime}; charset=utf-8")
        self.set_header("Content-Disposition", f'attachment; filename="class-results.{kind}"')
        self.set_header("Cache-Control", "no-store")
        self.finish(text)
