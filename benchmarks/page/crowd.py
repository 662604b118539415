"""Many open pages for minutes, behind nginx with https and below a path: `python -m benchmarks.page.crowd`.

Each page, in a Chromium of this same machine, moves its slider to another budget again and again, after a
random pause. Printed: how long a step takes until its last figure is drawn, whether any page showed an error,
whether each ends on the plan of its last budget, and the memory of the server and its kernels.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.page.__main__ import PROBE, USABLE, VIEW
from benchmarks.page.nginx import Front, behind_nginx, nginx
from benchmarks.page.served import browser
from benchmarks.page.studies import studies
from mdp.core.study import save_study
from mdp.solve import fastest, solve

# Steps after pauses of half to one and a half times `pause` seconds, until `mdpCrowd.stop`.
LOOP = """(pause) => {
  const crowd = window.mdpCrowd = { ms: [], stop: false };
  crowd.done = (async () => {
    while (!crowd.stop) {
      await new Promise((next) => setTimeout(next, 1000 * pause * (0.5 + Math.random())));
      crowd.ms.push((await mdpProbe.step(0.05 + 0.9 * Math.random())).ms);
    }
  })();
}"""


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page.crowd", description=__doc__)
    parser.add_argument("--pages", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument(
        "--pause", type=float, default=15, help="seconds between two steps of a page, on average"
    )
    options = parser.parse_args(argv)
    sys.stdout.reconfigure(line_buffering=True)
    if nginx() is None:
        print("This bench needs nginx and openssl: apt-get install nginx openssl.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as data, browser() as chromium:
        if chromium is None:
            print("This bench needs Chromium and playwright: apt-get install chromium.", file=sys.stderr)
            return 2
        study = studies()[0]
        path = save_study(study, Path(data) / "user" / "studies" / f"{study.name}.json")
        words = {"--pages": options.pages, "--warm": 2, "--token": "t"}
        with behind_nginx(Path(data), words) as front:
            wrong = crowd(chromium, front, study.problem, path.stem, options)
    return 1 if wrong else 0


def crowd(chromium, front: Front, problem, name: str, options) -> int:
    """Run it and print what was seen; how many pages showed an error or ended on a wrong plan."""
    errors: list[str] = []
    pages = []
    began = time.monotonic()
    for _ in range(options.pages):
        page = chromium.new_context(viewport=VIEW, ignore_https_errors=True).new_page()
        page.set_default_timeout(300_000)
        page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: errors.append(str(e)))
        page.goto(f"{front.address}?token=t#study={name}", wait_until="commit")
        page.wait_for_function(USABLE)
        page.evaluate(PROBE.read_text())
        page.evaluate(LOOP, options.pause)
        pages.append(page)
    print(
        f"{len(pages)} pages were open after {time.monotonic() - began:.0f} s, each moving since it opened."
    )
    end = time.monotonic() + 60 * options.minutes
    while time.monotonic() < end:
        pages[0].wait_for_timeout(min(60_000, max(1, 1000 * (end - time.monotonic()))))
        done = [page.evaluate("mdpCrowd.ms.splice(0)") for page in pages]
        print(_words([ms for each in done for ms in each], sum(not each for each in done)), _memory(front))
    for page in pages:
        page.evaluate("mdpCrowd.stop = true")
    ended = [_arrived(page, problem) for page in pages]
    notices = [
        text
        for page in pages
        if (text := page.evaluate("document.querySelector('#mdp-notice')?.textContent"))
    ]
    print(f"Pages that end on the plan of their last budget: {sum(ended)} of {len(ended)}.")
    print(f"Errors in consoles: {len(errors)} {errors[:3]}. Notices on pages: {len(notices)} {notices[:3]}.")
    return len(errors) + len(notices) + ended.count(False)


def _words(ms: list[float], idle: int) -> str:
    if len(ms) < 2:
        return "no step ended"
    high = statistics.quantiles(ms, n=20)[18]
    return (
        f"{len(ms)} steps: median {statistics.median(ms):.0f} ms, 95th percentile {high:.0f} ms, "
        f"worst {max(ms):.0f} ms; pages without a step: {idle};"
    )


def _memory(front: Front) -> str:
    kernels = [
        p for p in front.server.children(recursive=True) if "ipykernel_launcher" in " ".join(p.cmdline())
    ]
    used = sum(p.memory_full_info().uss for p in kernels) / 2**20
    return (
        f"{len(kernels)} kernels {used:.0f} MB, server {front.server.memory_full_info().uss / 2**20:.0f} MB"
    )


def _arrived(page, problem) -> bool:
    page.evaluate("mdpCrowd.done")
    page.evaluate("mdpProbe.quiet(1500)")
    share, chosen = page.evaluate("mdpProbe.shown()")
    low, high = fastest(problem).latency, problem.dense_latency
    return abs(solve(problem, low + (high - low) * share).latency - chosen) < 1e-6 * chosen


if __name__ == "__main__":
    raise SystemExit(main())
