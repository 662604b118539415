"""The explorer's server as a process of its own, and a Chromium that reaches nothing but this machine."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time

import psutil

from mdp_widgets.server.serve import REPO

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--enable-unsafe-swiftshader",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
]  # fmt: skip


@contextlib.contextmanager
def browser():
    """A headless Chromium (a playwright Browser), or None where there is none."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        path = None
    if path is None:
        yield None
        return
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS, headless=True)
        try:
            yield chromium
        finally:
            chromium.close()


class Served:
    """`with Served(data_folder, warm_kernels) as served: ... served.address`"""

    def __init__(self, data: str, warm: int):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mdp_widgets", "--port", str(self._port), "--warm", str(warm)],
            cwd=REPO, env={**os.environ, "MDP_DATA": data}, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.address = f"http://localhost:{self._port}/"
        self._warm = warm
        self._process.stdout.readline()  # it says where it is once it listens

    def __enter__(self) -> "Served":
        return self

    def __exit__(self, *_error) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)

    def kernels(self) -> list[psutil.Process]:
        children = psutil.Process(self._process.pid).children(recursive=True)
        return [p for p in children if "ipykernel_launcher" in " ".join(p.cmdline())]

    def wait_until_quiet(self, least: float = 3.0) -> None:
        """Until as many kernels as should be warm stand ready, and nothing here uses the processor."""
        time.sleep(least)  # a warm kernel is started two seconds after the last one was taken
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            running = [psutil.Process(self._process.pid), *self.kernels()]
            before = sum(sum(p.cpu_times()[:2]) for p in running)
            time.sleep(1.0)
            if sum(sum(p.cpu_times()[:2]) for p in running) - before < 0.1:
                return

    def memory(self) -> list[tuple[float, float]]:
        """(unique, proportional) MB of every kernel."""
        infos = [p.memory_full_info() for p in self.kernels()]
        return [(i.uss / 2**20, getattr(i, "pss", i.rss) / 2**20) for i in infos]

    def own_memory(self) -> float:
        return psutil.Process(self._process.pid).memory_full_info().uss / 2**20
