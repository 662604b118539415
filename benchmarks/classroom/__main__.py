"""A class of thirty on one server: `python -m benchmarks.classroom`.

Thirty scripted pupils join at once through HTTP, guess, change their minds, answer checks, hand in
networks and look at the scoreboard, while the teacher's page looks on. In the middle the server is killed
(SIGKILL) and started again; then one pupil floods it. Prints how long requests took, the server's memory and
processor time, whether every accepted answer is there and whether the scoreboard is right. `--kernels N`
opens the course N times before the flood, as browsers do.
"""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time

import mdp
from mdp_widgets.classroom.lesson import lesson_of

from .pupils import STUDY, Client, Log, Scripted, act, flood, teach
from .served import Served

BUDGETS = ("40%", "37%", "35%", "30%", "25%", "20%")


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
