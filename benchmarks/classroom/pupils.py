"""Scripted pupils, a teacher and one who floods the class, all through HTTP."""

import asyncio
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tornado.httpclient import AsyncHTTPClient, HTTPRequest

from mdp_widgets.classroom.contest import price
from mdp_widgets.classroom.lesson import Lesson

from .served import TOKEN, Served

STUDY = "fmnist-vit-cpu"


@dataclass
class Log:
    """What requests took, in ms, by phase; and how often the server was not there."""

    phase: str = "calm"
    took: dict[str, list[float]] = field(default_factory=dict)
    away: int = 0
    busy: float = 0.0


class Client:
    """Asks one server."""

    def __init__(self, served: Served, log: Log):
        self._served, self._log = served, log
        self._http = AsyncHTTPClient(force_instance=True, max_clients=200)

    async def ask(
        self, path: str, body: Any = None, counted: bool = True, timeout: float = 60, **headers: str
    ) -> tuple[int, Any]:
        """Status and JSON; status 599 where the server is not there."""
        url = f"http://127.0.0.1:{self._served.port}/{path}"
        began, phase = time.perf_counter(), self._log.phase
        request = HTTPRequest(
            url,
            method="GET" if body is None else "POST",
            body=None if body is None else json.dumps(body),
            headers={"Authorization": f"token {TOKEN}", **headers},
            request_timeout=timeout,
            connect_timeout=10,
        )
        try:
            answer = await self._http.fetch(request, raise_error=False)
        except OSError:
            answer = None
        if answer is None or answer.code == 599:
            self._log.away += counted
            return 599, None
        if counted and phase == self._log.phase:
            self._log.took.setdefault(phase, []).append(1000 * (time.perf_counter() - began))
        is_json = "json" in answer.headers.get("Content-Type", "")
        return answer.code, json.loads(answer.body) if answer.body and is_json else None


@dataclass
class Scripted:
    """One pupil's answers, and which of them were accepted."""

    identity: str = ""
    nickname: str = ""
    accepted: dict[tuple[str, str], Any] = field(default_factory=dict)
    points: float = 0.0


async def act(
    client: Client, pupil: Scripted, lesson: Lesson, plans: list[Any], rng: random.Random, pause: float
):
    """The whole lesson of one pupil, each answer sent until it is accepted, as the page does."""

    async def tell(step: int, kind: str, key: str, value: Any) -> None:
        body = {"pupil": pupil.identity, "step": step, "kind": kind, "key": key, "value": value}
        while (await client.ask("class/answer", body))[0] != 204:
            await asyncio.sleep(0.3)
        pupil.accepted[kind, key] = value
        await asyncio.sleep(pause * rng.uniform(0.5, 1.5))

    async def look() -> None:
        await client.ask(f"class/state?pupil={pupil.identity}")

    while not pupil.identity:
        _, told = await client.ask("class/join", {"nickname": "Ada"})  # everybody wants the same name
        pupil.identity, pupil.nickname = (told or {}).get("pupil", ""), (told or {}).get("nickname", "")
    for part in lesson.parts:
        guess, check = part.step.prediction, part.step.check
        values = [o.value for o in guess.options] or [guess.right]
        for value in rng.sample(values, min(2, len(values))):
            await tell(part.number, "prediction", guess.key, value)
            await look()
        right = rng.random() < 0.7
        await tell(part.number, "check", check.key, check.right if right else "none of these")
        pupil.points += 10 if right else 0
        await look()
    plan = rng.choice(plans)
    value = {"study": STUDY, "choices": dict(plan.choices), "removed": list(plan.removed_blocks)}
    await tell(7, "contest", "contest-1", value)
    pupil.points += price("contest-1", value).points
    await look()


async def teach(client: Client, served: Served, running: Callable[[], bool]) -> None:
    """The teacher's page: it looks every two seconds."""
    while running():
        await client.ask("class/teacher", **{"X-Class-Key": served.key})
        await asyncio.sleep(2)


async def flood(client: Client, seconds: float) -> tuple[int, int]:
    """One who answers as fast as twenty connections carry it: how many were sent, how many refused."""
    _, told = await client.ask("class/join", {"nickname": "Flood"}, counted=False)
    sent = refused = 0
    until = time.monotonic() + seconds

    async def shout(n: int) -> None:
        nonlocal sent, refused
        while time.monotonic() < until:
            sent += 1
            body = {"pupil": told["pupil"], "step": 1, "kind": "check", "key": f"k{n}", "value": str(sent)}
            status, _ = await client.ask("class/answer", body, counted=False)
            refused += status == 429

    await asyncio.gather(*(shout(n) for n in range(20)))
    return sent, refused
