"""How fast and how large the explorer is, in a real browser: `python -m benchmarks.page`.

Opens the served explorer in Chromium (playwright and a Chromium must be installed) on synthetic studies of
real sizes and prints times from a click to a usable page, from a slider step to the last figure drawn,
whether the end of a fast drag arrives, and the memory of open pages. See probe.js for what "drawn" means.
"""

import argparse
import statistics
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.page.served import Served, browser
from benchmarks.page.studies import studies
from mdp.core.study import StudyRecord, save_study
from mdp.solve import fastest, solve

# Resolves to the moment at which the page was usable, in ms since it was asked for.
WHEN = """window.mdpUsable = new Promise((done) => {
  const look = () => (%s)() ? done(performance.now()) : setTimeout(look, 20);
  look();
});"""
PROBE = Path(__file__).with_name("probe.js")
STEPS = 30
VIEW = {"width": 1280, "height": 720}
TALL = {"width": 1280, "height": 1100}  # every figure of the block is in view too
USABLE = """() => {
  const figures = [...document.querySelectorAll('.mdp-plot-figure')].filter((f) => f.clientWidth);
  // [role=grid] is the picture of what survives
  return figures.length >= 3 && figures.every((f) => f.dataset.drawn)
    && document.querySelectorAll('[role=gridcell]').length > 0
    && !document.querySelector('#mdp-budget-range').disabled
    // and it is the study that was asked for, not the one that the kernel had open
    && document.querySelector('.mdp-h-facts').textContent !== 'Opening…';
}"""


def opening(chromium, served: Served, study: str, times: int) -> tuple[list[float], list[float]]:
    """Seconds from asking for the page to a usable one: in a fresh browser, and in the same one again."""
    first, second = [], []
    for _ in range(times):
        context = chromium.new_context(viewport=VIEW)
        for found in (first, second):
            served.wait_until_quiet()
            page = context.new_page()
            page.add_init_script(WHEN % USABLE)
            page.goto(f"{served.address}#study={study}", wait_until="commit")
            found.append(page.evaluate("window.mdpUsable") / 1000)
            page.close()
        context.close()
    return first, second


def open_page(chromium, served: Served, study: str, view: dict[str, int] = VIEW):
    page = chromium.new_context(viewport=view).new_page()
    page.set_default_timeout(120_000)
    page.goto(f"{served.address}#study={study}", wait_until="commit")
    page.wait_for_function(USABLE)
    page.evaluate(PROBE.read_text())
    page.evaluate("mdpProbe.quiet(2500)")  # the front has grown to its end
    return page


def steps(page, count: int) -> tuple[list[float], int]:
    """Milliseconds from the slider's input event to the last picture drawn; the fewest plots drawn in one."""
    shares = [(0.37 * i) % 0.9 + 0.05 for i in range(1, count + 1)]  # far and near, up and down
    found = [page.evaluate("(share) => mdpProbe.step(share)", share) for share in shares]
    return [f["ms"] for f in found], min(f["plots"] for f in found)


def drag(page, study: StudyRecord) -> bool:
    """Whether the plan on the page after a fast drag is the plan of the slider's last value."""
    box = page.locator("#mdp-budget-range").bounding_box()
    at = box["y"] + box["height"] / 2
    start = float(page.locator("#mdp-budget-range").input_value()) / 2000
    page.mouse.move(box["x"] + box["width"] * start, at)
    page.mouse.down()
    for turn in range(4):
        page.mouse.move(box["x"] + box["width"] * (0.15 if turn % 2 else 0.8), at, steps=10)
    page.mouse.move(box["x"] + box["width"] * 0.333, at, steps=3)
    page.mouse.up()
    page.evaluate("mdpProbe.quiet(1500)")
    share, chosen = page.evaluate("mdpProbe.shown()")
    low, high = fastest(study.problem).latency, study.problem.dense_latency
    budget = low + (high - low) * share
    return abs(solve(study.problem, budget).latency - chosen) < 1e-6 * chosen


def report_speed(chromium, served: Served, made: list[StudyRecord]) -> None:
    print(f"\nA slider step, {STEPS} of them (targets: median 150 ms, 95th percentile 300 ms)")
    print("study                  in view     median    95th     worst   plots   end of a fast drag arrives")
    for study in made:
        for view in (VIEW, TALL):
            page = open_page(chromium, served, study.path.stem, view)
            ms, plots = steps(page, STEPS)
            arrived = "yes" if all(drag(page, study) for _ in range(2)) else "NO"
            middle, high = statistics.median(ms), statistics.quantiles(ms, n=20)[18]
            times = f"{middle:5.0f} ms  {high:5.0f} ms {max(ms):6.0f} ms"
            size = f"{view['width']}x{view['height']}"
            print(f"{study.name:22} {size:9}  {times}  {plots:3}      {arrived}")
            page.context.close()


def report_opening(chromium, data: str, study: str, times: int) -> None:
    print(f"\nFrom asking for the page to a usable one, {times} times (targets: 4 s warm, 8 s without)")
    for name, warm in (("with a warm kernel", 1), ("without", 0)):
        with Served(data, warm) as served:
            opening(chromium, served, study, 1)  # the server's own first time
            first, second = opening(chromium, served, study, times)
        for visit, found in (("first visit", first), ("second visit", second)):
            words = f"median {statistics.median(found):.1f} s, worst {max(found):.1f} s"
            print(f"{name:20} {visit:14} {words}")


def report_memory(chromium, served: Served, study: str) -> None:
    print("\nMemory of the processes behind open pages (target: 200 MB each)")
    pages = []
    for count in (1, 10):
        while len(pages) < count:
            pages.append(open_page(chromium, served, study))
        served.wait_until_quiet()
        used = served.memory()
        own, share = statistics.median(u for u, _ in used), statistics.median(p for _, p in used)
        both = f"each {own:.0f} MB of its own, {share:.0f} MB with its part of what is shared"
        print(f"{count:2} open: {both}; the server {served.own_memory():.0f} MB")
    ms, _ = steps(pages[-1], 15)
    print(f"a step on one of ten open pages: median {statistics.median(ms):.0f} ms")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page", description=__doc__)
    parser.add_argument("--only", choices=["speed", "open", "memory"], help="one part of it")
    parser.add_argument("--times", type=int, default=5, help="how often the page is opened")
    options = parser.parse_args(argv)
    sys.stdout.reconfigure(line_buffering=True)  # numbers appear as they are found, in a file too
    with tempfile.TemporaryDirectory() as data, browser() as chromium:
        if chromium is None:
            print("This bench needs Chromium and playwright: apt-get install chromium.", file=sys.stderr)
            return 2
        folder = Path(data) / "user" / "studies"
        made = [replace(s, path=save_study(s, folder / f"{s.name}.json")) for s in studies()]
        if options.only in (None, "open"):
            report_opening(chromium, data, made[0].path.stem, options.times)
        if options.only in (None, "speed", "memory"):
            with Served(data, 1) as served:
                if options.only != "memory":
                    report_speed(chromium, served, made)
                if options.only != "speed":
                    report_memory(chromium, served, made[0].path.stem)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
