"""A class of thirty on one server: `python -m benchmarks.classroom`.

Thirty scripted pupils join at once through HTTP, guess, change their minds, answer checks, hand in
networks and look at the scoreboard, while the teacher's page looks on. In the middle the server is killed
(SIGKILL) and started again; then one pupil floods it. Prints how long requests took, the server's memory and
processor time, whether every accepted answer is there and whether the scoreboard is right. `--kernels N`
opens the course N times before the flood, as browsers do.
"""

import argparse
import asyncio
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psutil
from tornado.httpclient import AsyncHTTPClient, HTTPRequest

import mdp
from mdp_widgets.classroom.contest import price
from mdp_widgets.classroom.lesson import Lesson, lesson_of
from mdp_widgets.server.serve import REPO

TOKEN = "bench"
BUDGETS = ("40%", "37%", "35%", "30%", "25%", "20%")
STUDY = "fmnist-vit-cpu"


class Served:
    """The server of a class, which can be killed and started again."""

    def __init__(self, data: str):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.data = data
        self.start()

    def start(self) -> None:
        words = ["--port", str(self.port), "--token", TOKEN, "--class", "--warm", "0", "--no-long-work"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mdp_widgets", *words, "--pages", "60"],
            cwd=REPO, env={**os.environ, "MDP_DATA": self.data}, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        said = [self.process.stdout.readline() for _ in range(3)]
        self.key = said[-1].partition("key=")[2].split()[0]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def busy(self) -> float:
        """Seconds of processor time of the server so far."""
        return sum(psutil.Process(self.process.pid).cpu_times()[:2])

    def memory(self) -> tuple[float, float]:
        """MB of the server, and of all kernels together."""
        own = psutil.Process(self.process.pid)
        return own.memory_info().rss / 2**20, sum(
            getattr(p.memory_full_info(), "uss", 0) / 2**20 for p in own.children(recursive=True)
        )


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


async def lesson_of_all(
    client: Client, served: Served, log: Log, options: argparse.Namespace
) -> list[Scripted]:
    """The lesson with a kill in its middle, then a second one under a flood."""
    study = mdp.load_study(STUDY)
    lesson, plans = lesson_of(study), [study.solve(budget) for budget in BUDGETS]
    everybody: list[Scripted] = []
    for phase in ("calm", "flood"):
        log.phase = phase
        if phase == "flood":
            await open_courses(client, options.kernels)
        pupils = [Scripted() for _ in range(options.pupils)]
        everybody += pupils
        acting = [
            asyncio.create_task(act(client, p, lesson, plans, random.Random(i), options.pause))
            for i, p in enumerate(pupils)
        ]
        teaching = asyncio.create_task(teach(client, served, lambda: not all(t.done() for t in acting)))  # noqa: B023
        if phase == "calm":
            while sum(len(p.accepted) for p in pupils) < options.pupils * 6:
                await asyncio.sleep(0.05)
            log.phase = "restart"
            await asyncio.to_thread(served.kill)
            began = time.monotonic()
            await asyncio.to_thread(served.start)
            print(f"killed in the middle (SIGKILL), back after {time.monotonic() - began:.1f} s")
            log.phase, log.busy = "after the restart", served.busy()
        else:
            sent, refused = await flood(client, options.flood)
            print(f"one pupil sent {sent} answers in {options.flood:.0f} s; {refused} were refused (429)")
            log.phase = "after the flood"
        await asyncio.gather(*acting)
        await teaching
    return everybody


async def open_courses(client: Client, count: int) -> None:
    """The course, opened so often; each has a kernel of its own from then on."""
    began, opened = time.monotonic(), 0
    for _ in range(count):
        status, _ = await client.ask("teach", counted=False, timeout=120)
        opened += status == 200
    if count:
        print(
            f"{opened} of {count} courses opened, {(time.monotonic() - began) / count:.1f} s each, one by one"
        )


async def judge(client: Client, served: Served, everybody: list[Scripted]) -> bool:
    """Whether what the server has is what was accepted, and its scoreboard is right."""
    _, kept = await client.ask("class/results.json", **{"X-Class-Key": served.key})
    found = {p["nickname"]: p for p in kept["pupils"]}
    lost = wrong = 0
    for pupil in everybody:
        answers = {(a["kind"], a["key"]): a["value"] for a in found[pupil.nickname]["answers"]}
        lost += sum(answers.get(asked) != value for asked, value in pupil.accepted.items())
        wrong += abs(found[pupil.nickname]["score"] - pupil.points) > 1e-6
    _, state = await client.ask("class/state")
    board = {row["nickname"]: row["score"] for row in state["scoreboard"]}
    wrong += sum(abs(board[p.nickname] - p.points) > 1e-6 for p in everybody)
    names = len({p.nickname for p in everybody}) == len(everybody)
    accepted = sum(len(p.accepted) for p in everybody)
    print(f"{accepted} questions answered and accepted: {lost} lost or changed; {wrong} wrong scores; "
          f"nicknames {'all different' if names else 'NOT ALL DIFFERENT'}")  # fmt: skip
    return not lost and not wrong and names


async def run(options: argparse.Namespace) -> bool:
    log = Log()
    with tempfile.TemporaryDirectory() as data:
        served = Served(data)
        client = Client(served, log)
        try:
            everybody = await lesson_of_all(client, served, log, options)
            right = await judge(client, served, everybody)
            print("\nphase               requests  median    95th   worst")
            for phase, took in log.took.items():
                high = statistics.quantiles(took, n=20)[18] if len(took) > 1 else took[0]
                middle, worst = statistics.median(took), max(took)
                print(f"{phase:20}{len(took):7} {middle:6.0f} ms{high:5.0f} ms{worst:6.0f} ms")
            own, kernels = served.memory()
            requests = sum(len(took) for phase, took in log.took.items() if phase != "calm")
            each = 1000 * (served.busy() - log.busy) / requests
            print(
                f"\nprocessor time of the server since the restart, flood included: {each:.1f} ms a request"
            )
            print(f"server {own:.0f} MB; {kernels:.0f} MB of other processes; away for {log.away} requests")
        finally:
            served.kill()
    return right


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.classroom", description=__doc__)
    parser.add_argument("--pupils", type=int, default=30)
    parser.add_argument(
        "--pause", type=float, default=1.0, help="seconds that a pupil thinks between answers"
    )
    parser.add_argument("--flood", type=float, default=10.0, help="seconds of the flood")
    parser.add_argument("--kernels", type=int, default=0, help="open the course so often before")
    options = parser.parse_args(argv)
    sys.stdout.reconfigure(line_buffering=True)
    return 0 if asyncio.run(run(options)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
