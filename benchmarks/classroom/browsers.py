"""Pupils in real browsers: `python -m benchmarks.classroom.browsers`.

Each opens *Teach* in a Chromium of this same machine, joins the class, takes all six steps, the contest's
three rounds, and looks at exercises and claims (pupil.js). Printed: how long the page took to answer, by
step; memory; and whether the server's scoreboard is what each pupil has earned. With one pupil it is the run
with a stopwatch.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil

import mdp
from benchmarks.page.served import browser
from mdp_widgets.classroom.contest import question
from mdp_widgets.classroom.lesson import lesson_of

from .pupils import STUDY
from .served import TOKEN, Served

SCRIPT = Path(__file__).with_name("pupil.js")
VIEW = {"width": 1280, "height": 720}
WORDS_A_MINUTE = 180  # of somebody who reads a foreign language


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.classroom.browsers", description=__doc__)
    parser.add_argument("--pupils", type=int, default=1)
    parser.add_argument(
        "--pause", type=float, default=1.0, help="seconds of thought before each act, on average"
    )
    parser.add_argument("--luck", type=float, default=0.7, help="share of checks that are right at first")
    options = parser.parse_args(argv)
    sys.stdout.reconfigure(line_buffering=True)
    with tempfile.TemporaryDirectory() as data, browser() as chromium:
        if chromium is None:
            print("This bench needs Chromium and playwright: apt-get install chromium.", file=sys.stderr)
            return 2
        served = Served(data, pages=options.pupils + 4, warm=2)
        try:
            return 1 if taken(chromium, served, options) else 0
        finally:
            served.kill()


def taken(chromium, served: Served, options) -> int:
    """Run it and print what was seen; how many errors and wrong scores."""
    errors: list[str] = []
    right = right_answers()
    began, pages = time.monotonic(), []
    for n in range(options.pupils):
        page = chromium.new_context(viewport=VIEW).new_page()
        page.set_default_timeout(300_000)
        page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: errors.append(str(e)))
        page.goto(f"{served.address}teach?token={TOKEN}#study={STUDY}", wait_until="commit")
        page.wait_for_selector(".mdp-question.prediction input", state="attached")
        page.evaluate(SCRIPT.read_text())
        plan = {"nickname": "Ada", "right": right, "luck": options.luck, "pause": options.pause,
                "seed": n + 1}  # fmt: skip
        page.evaluate("plan => { mdpPupil(plan).catch((e) => { mdpTold.failed = String(e); }); }", plan)
        pages.append(page)
    print(
        f"{len(pages)} pages were open after {time.monotonic() - began:.0f} s, each at work since it opened."
    )
    deadline, told = time.monotonic() + 1500, []
    while time.monotonic() < deadline:
        pages[0].wait_for_timeout(2000)
        told = [page.evaluate("window.mdpTold") for page in pages]
        if all(one["done"] or one.get("failed") for one in told):
            break
    print(f"All were through after {time.monotonic() - began:.0f} s.")
    failed = [one.get("failed") or "not done" for one in told if not one["done"]]
    table(told)
    wrong = scores(pages, told, served)
    print(f"Errors in consoles: {len(errors)} {errors[:3]}.")
    print(f"Pupils who did not get through: {len(failed)} {failed[:3]}.")
    print(memory(served))
    return len(errors) + len(failed) + wrong


def right_answers() -> dict[str, str]:
    """The right answer to each check, by its question."""
    study = mdp.load_study(STUDY)
    quizzes = [part.step.check for part in lesson_of(study).parts]
    third = question(study)
    return {quiz.prompt: quiz.right for quiz in [*quizzes, *([third] if third else [])]}


def table(told: list[dict[str, Any]]) -> None:
    """What took how long, by step and by what was done."""
    every = [entry for one in told for entry in one["took"]]
    print("\nstep what        times  median    95th   worst")
    for step, what in dict.fromkeys((e["step"], e["what"]) for e in every):
        line([e["ms"] for e in every if (e["step"], e["what"]) == (step, what)], f"{step:4} {what:8}")
    line([e["ms"] for e in every], " all         ")
    read = {step: n for one in told[:1] for step, n in one["words"].items()}
    words = ", ".join(f"{step}: {n} ({n / WORDS_A_MINUTE:.1f} min)" for step, n in read.items())
    print(f"\nwords on the page, and minutes to read them at {WORDS_A_MINUTE} a minute: {words}")


def line(took: list[float], name: str) -> None:
    high = statistics.quantiles(took, n=20)[18] if len(took) > 1 else took[0]
    print(f"{name}{len(took):8} {statistics.median(took):6.0f} ms{high:6.0f} ms{max(took):6.0f} ms")


def scores(pages, told: list[dict[str, Any]], served: Served) -> int:
    """How many of the server's scores are not what the pupil's page has seen."""
    pages[0].wait_for_timeout(4000)
    ask = "() => fetch('class/state').then((a) => a.json())"
    board = {row["nickname"]: row["score"] for row in pages[0].evaluate(ask)["scoreboard"]}
    names = [page.evaluate("document.querySelector('.mdp-class-me').textContent") for page in pages]
    wrong = [(name, board.get(name), one["points"]) for name, one in zip(names, told, strict=True)
             if abs((board.get(name) or 0) - one["points"]) > 1.0]  # fmt: skip
    print(f"{len(set(names))} nicknames, {len(wrong)} wrong scores on the scoreboard {wrong[:3]}.")
    if wrong:
        told_by_page = dict(zip(names, (one["earned"] for one in told), strict=True))
        print(f"By the page of {wrong[0][0]}: {told_by_page[wrong[0][0]]}")
        print(f"By the server: {kept_points(served, wrong[0][0])}")
    return len(wrong)


def kept_points(served: Served, nickname: str) -> list[tuple[str, float]]:
    """What the server has given a pupil for each question."""
    request = urllib.request.Request(
        f"{served.address}class/results.json", headers={"X-Class-Key": served.key}
    )
    with urllib.request.urlopen(request) as answer:
        pupils = json.load(answer)["pupils"]
    (found,) = (p for p in pupils if p["nickname"] == nickname)
    return [(a["key"], a["points"]) for a in found["answers"] if a["points"]]


def memory(served: Served) -> str:
    own = psutil.Process(served.process.pid)
    parts = {"kernels": 0.0, "measuring": 0.0}
    for child in own.children(recursive=True):
        kind = "measuring" if "--serve" in child.cmdline() else "kernels"
        parts[kind] += child.memory_full_info().uss / 2**20
    return (
        f"server {own.memory_full_info().uss / 2**20:.0f} MB, kernels {parts['kernels']:.0f} MB, "
        f"the process that measures {parts['measuring']:.0f} MB"
    )


if __name__ == "__main__":
    raise SystemExit(main())
