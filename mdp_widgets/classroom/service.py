"""All that the handlers of one server share: the class, who sends too much, and what answers are worth."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from . import limits
from .answers import Answer
from .contest import prepare, price, round_of
from .contest_answers import round_answers
from .desk import CLOSED, Desk
from .handed_in import HandedIn
from .lesson import LessonSource
from .measuring import Measuring
from .nicknames import told_of
from .refused import Refused
from .room import Room

# Seconds that one who sends too much waits for being told so, and how many such requests may wait.
PAUSE, PAUSED = 1.0, 40
# Networks that wait to be priced; a class of sixty needs no more.
PRICED_AT_ONCE = 60


class Service:
    """One server's class.

    Attributes:
        desk: where answers arrive; None where the server was started without a class.
    """

    def __init__(self, desk: Desk | None, lesson: LessonSource):
        self.desk, self.lesson = desk, lesson
        self._answers = limits.Limiter(limits.ANSWERS_A_SECOND, limits.ANSWERS_AT_ONCE)
        self._looks = limits.Limiter(limits.LOOKS_A_SECOND, limits.LOOKS_AT_ONCE)
        self._strangers = limits.Limiter(limits.STRANGERS_A_SECOND, limits.STRANGERS_AT_ONCE)
        self._joins = limits.Limiter(limits.JOINS_A_SECOND, limits.JOINS_AT_ONCE)
        self._paused: Counter[str] = Counter()
        self._pricing = ThreadPoolExecutor(1, "class-contest")
        self.handed_in = HandedIn(Measuring(), ThreadPoolExecutor(1, "class-networks"))
        self._priced = 0
        self._view: tuple[Room | None, int, dict[str, Any]] = (None, -1, {})

    def warm_up(self) -> None:
        """Make the lesson and the contest's rounds before a class asks for them all at once."""
        self.lesson.begin()
        self._pricing.submit(prepare)

    async def rounds(self, patience: float | None = None) -> tuple[tuple[str, str], ...]:
        """The contest's answers, for the teacher; none where they take longer than `patience` seconds."""
        asked = asyncio.get_running_loop().run_in_executor(self._pricing, round_answers)
        try:
            return await asyncio.wait_for(asyncio.shield(asked), patience)
        except TimeoutError:
            return ()

    @property
    def is_running(self) -> bool:
        return self.desk is not None and self.desk.room is not None

    @property
    def room(self) -> Room:
        """Raises Refused (404) where no class is running."""
        if self.desk is None:
            raise Refused(CLOSED, 404)
        return self.desk.running()

    async def join(self, nickname: Any, identity: Any, address: str) -> dict[str, Any]:
        """Let somebody in; one who is in already, by the identity, is told so again."""
        room = self.room
        known = room.pupils.get(identity) if isinstance(identity, str) else None
        if known is not None:
            return {"pupil": known.identity, "nickname": known.nickname}
        await self._slow_down(
            self._joins, address, "So many people join at once that you have to wait a moment."
        )
        assert self.desk is not None
        event = await self.desk.submit(lambda room, now: room.joining(nickname, now))
        assert event is not None
        said = told_of(nickname, event["nickname"])
        return {"pupil": event["pupil"], "nickname": event["nickname"], **({"message": said} if said else {})}

    async def answer(self, answer: Answer) -> None:
        """Take an answer once it is on the disk. Raises Refused."""
        pupil = self.room.pupil(answer.pupil)
        await self._slow_down(
            self._answers, answer.pupil, "You send answers faster than anybody can think. Wait."
        )
        if answer.kind == "contest":
            answer = replace(answer, key=round_of(answer.key))
        else:
            await self._of_this_lesson(answer)
        before = pupil.answers.get((answer.kind, answer.key))
        if before is not None and before.value == answer.value:
            return
        points = await self._points(answer, before.tries if before is not None else 0)
        assert self.desk is not None
        await self.desk.submit(lambda room, now: room.answering(answer, now, points))

    async def _of_this_lesson(self, answer: Answer) -> None:
        """Raise Refused for an answer about another network than the one that the class talks about."""
        lesson = await self.lesson.get()
        if answer.study and lesson.file and answer.study != lesson.file:
            raise Refused(
                f"The class works on “{lesson.study}”. Choose it at the top of the page: answers about "
                "another network do not count.",
                422,
            )

    async def _points(self, answer: Answer, tries: int) -> float:
        if answer.kind == "check":
            return (await self.lesson.get()).points(answer.key, answer.value, tries, answer.score)
        if answer.kind == "prediction":
            return 0.0
        if self._priced >= PRICED_AT_ONCE:
            raise Refused("Many networks wait to be priced. Send yours again in a moment.", 429)
        self._priced += 1
        try:
            loop = asyncio.get_running_loop()
            asked = answer.key, answer.value, tries, answer.study
            return (await loop.run_in_executor(self._pricing, price, *asked)).points
        finally:
            self._priced -= 1

    async def look(self, identity: str | None) -> dict[str, Any]:
        """What a pupil's page shows; made anew only when something changed. "joined" says whether the class
        knows who asks, "measured" what their networks were measured at."""
        room = self.room
        joined = identity in room.pupils
        looks, name = (self._looks, identity) if joined else (self._strangers, "")
        await self._slow_down(looks, name or "", "This page asks too often. Wait a moment.")
        if self._view[:2] != (room, room.version):
            answers = (await self.lesson.get()).answers(sorted(room.revealed)) if room.revealed else {}
            self._view = (room, room.version, {**room.seen_by_pupils(), "answers": answers})
        pupil = room.pupils.get(identity) if identity is not None else None
        told = self.handed_in.told(pupil) if pupil is not None else {}
        return {**self._view[2], "joined": joined, "measured": told}

    def seen_by_teacher(self) -> dict[str, Any]:
        """What the teacher's page shows; {"running": False} where no class is running."""
        room = self.desk.room if self.desk is not None else None
        if room is None:
            return {"running": False}
        return {**room.seen_by_teacher(time.time()), "networks": self.handed_in.table(room)}

    async def direct(self, data: Mapping[str, Any]) -> None:
        """What the teacher asks for: "begin", "end", or an action of `Room.directing`. Raises Refused."""
        if self.desk is None:
            raise Refused(CLOSED, 404)
        action = data.get("action")
        if action == "begin":
            await self.desk.begin()
        elif action == "end":
            self.room  # noqa: B018 (says so where none is running)
            await self.desk.end()
            self.handed_in.forget()
        else:
            await self.desk.submit(lambda room, now: room.directing(action, data, now))

    async def _slow_down(self, limiter: limits.Limiter, name: str, words: str) -> None:
        """Raise Refused (429) for one who sends too much: late, so that whoever waits for it sends less."""
        if limiter.take(name, time.monotonic()):
            return
        if self._paused[name] < PAUSED:
            self._paused[name] += 1
            try:
                await asyncio.sleep(PAUSE)
            finally:
                self._paused[name] -= 1
                if not self._paused[name]:
                    del self._paused[name]
        raise Refused(words, 429)
