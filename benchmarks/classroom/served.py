"""The server of a class as a process of its own, which can be killed and started again."""

import os
import socket
import subprocess
import sys

import psutil

from mdp_widgets.server.serve import REPO

TOKEN = "bench"


class Served:
    """The server of a class, which can be killed and started again."""

    def __init__(self, data: str, *, pages: int = 60, warm: int = 0):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.data, self.pages, self.warm = data, pages, warm
        self.address = f"http://localhost:{self.port}/"
        self.start()

    def start(self) -> None:
        words = ["--port", str(self.port), "--token", TOKEN, "--class", "--no-long-work"]
        words += ["--pages", str(self.pages), "--warm", str(self.warm)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mdp_widgets", *words],
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
