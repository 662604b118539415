"""The README's moving picture: `python -m tools.moving_picture --out docs/explorer.webp`.

Serves the explorer, opens it in Chromium, drags the budget of a shipped study, and joins the screenshots
into an animated WebP. Needs Chromium (Debian: `apt-get install chromium`). What moves is the real page: the
program is solved again between two frames.
"""

import argparse
import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from mdp.core.errors import MdpError

SIZE = (1280, 800)
WIDTH = 960
FRAME_MS, LAST_MS = 120, 1500
# Budgets along the way, in percent of dense; the picture ends where it began and can go round.
WAY = [*range(60, 24, -2), *range(25, 61, 5)]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
         "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost"]  # fmt: skip
# A screenshot has no pointer, so the page gets one.
POINTER = """([x, y, down]) => {
    let dot = document.getElementById('pointer');
    if (!dot) {
        dot = document.createElement('div');
        dot.id = 'pointer';
        document.body.append(dot);
    }
    dot.style.cssText = `position:fixed;z-index:99999;pointer-events:none;left:${x - 11}px;top:${y - 11}px;`
        + 'width:22px;height:22px;border-radius:50%;border:2px solid #0009;background:#fff'
        + (down ? 'b0' : '50');
}"""


@contextmanager
def explorer():
    """The address of an explorer that is served until the block ends, with the shipped studies only."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as data:
        server = subprocess.Popen(
            [sys.executable, "-m", "mdp_widgets", "--port", str(port), "--no-browser"],
            env={**os.environ, "MDP_DATA": data}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            if f":{port}/" not in server.stdout.readline():
                raise MdpError("The explorer did not start: run `make app` to see why.")
            yield f"http://localhost:{port}"
        finally:
            server.terminate()
            server.wait(timeout=30)


def frames(study: str, scheme: str) -> list[bytes]:
    """PNG screenshots of one drag over `WAY`."""
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        raise MdpError("Chromium was not found. Install it (Debian: apt-get install chromium).")
    with explorer() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(
            viewport=dict(zip(("width", "height"), SIZE, strict=True)), color_scheme=scheme
        )
        page.set_default_timeout(60_000)
        page.goto(f"{address}/#study={study}", wait_until="commit")
        page.wait_for_function(
            "() => document.querySelectorAll('.mdp-plot-figure[data-drawn]').length >= 1"
            " && document.querySelector('.mdp-main .mdp-plot-figure')?.data?.[0]?.x?.length === 100"
        )
        slider = page.get_by_role("slider", name="Latency budget")
        box = slider.bounding_box()
        y = box["y"] + box["height"] / 2
        x = box["x"] + box["width"] * float(slider.input_value()) / float(slider.get_attribute("max") or 100)
        page.mouse.move(x, y)
        page.wait_for_timeout(1500)
        page.mouse.down()
        shots = []
        percent = page.get_by_role("textbox", name="Budget as a percentage of dense")
        for budget in WAY:
            x += find_budget(page, percent, x, y, box, budget)
            page.evaluate(POINTER, [x, y, True])
            page.wait_for_timeout(350)  # the plan, the network and the front have followed
            shots.append(page.screenshot())
        page.mouse.up()
        browser.close()
        return shots


def find_budget(page, percent, x: float, y: float, box: dict, budget: float) -> float:
    """Move the held pointer until the budget is close to `budget` percent; returns by how many pixels."""
    start = x
    for _ in range(6):
        off = budget - float(percent.input_value())
        if abs(off) < 0.4:
            break
        x = min(max(x + off / 100 * box["width"], box["x"]), box["x"] + box["width"])
        page.mouse.move(x, y, steps=3)
        page.wait_for_timeout(60)
    return x - start


def animate(shots: list[bytes], path: Path, quality: int) -> None:
    """Write the screenshots as one animated WebP, `WIDTH` pixels wide."""
    from PIL import Image

    images = [Image.open(io.BytesIO(shot)).convert("RGB") for shot in shots]
    size = (WIDTH, round(images[0].height * WIDTH / images[0].width))
    images = [image.resize(size, Image.Resampling.LANCZOS) for image in images]
    images[0].save(
        path, save_all=True, append_images=images[1:], loop=0, quality=quality, method=4,
        duration=[FRAME_MS] * (len(images) - 1) + [LAST_MS],
    )  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.moving_picture", description="Make the README's moving picture."
    )
    parser.add_argument("--out", type=Path, default=Path("docs/explorer.webp"), help="the file to write")
    parser.add_argument("--study", default="efficientnet-lite0-cpu", help="a shipped study")
    parser.add_argument("--scheme", choices=("light", "dark"), default="light")
    parser.add_argument("--quality", type=int, default=55, help="of the WebP, 0 to 100")
    options = parser.parse_args(argv)
    try:
        animate(frames(options.study, options.scheme), options.out, options.quality)
    except MdpError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
