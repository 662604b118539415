"""A served class, which can be killed and started again."""

import http.client
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
TOKEN = "a-token-for-tests"


class Served:
    def __init__(self, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.folder = folder
        self.address = f"http://localhost:{self.port}/"
        self.start()

    def start(self):
        words = ["--port", str(self.port), "--token", TOKEN, "--warm", "0", "--no-long-work", "--class"]
        with (self.folder / "log.txt").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mdp_widgets", *words],
                cwd=REPO, env={**os.environ, "MDP_DATA": str(self.folder)}, text=True,
                stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        self.said = [self.process.stdout.readline() for _ in range(3)]
        self.key = self.said[2].partition("key=")[2].split()[0]

    def kill(self):
        self.process.kill()
        self.process.wait(timeout=30)

    def ask(self, path, body=None, *, token=TOKEN, key="", method="", **headers):
        """Status, JSON or text, headers."""
        connection = http.client.HTTPConnection("localhost", self.port, timeout=60)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            headers["Authorization"] = f"token {token}"
        if key:
            headers["X-Class-Key"] = key
        raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        connection.request(method or ("GET" if body is None else "POST"), f"/{path}", raw, headers)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        connection.close()
        try:
            return answer.status, json.loads(text), dict(answer.getheaders())
        except ValueError:
            return answer.status, text, dict(answer.getheaders())

    def join(self, nickname):
        status, told, _ = self.ask("class/join", {"nickname": nickname})
        assert status == 200, told
        return told["pupil"]

    def answer(self, pupil, value, kind="prediction", key="speed-prediction", step=1, **more):
        body = {"pupil": pupil, "step": step, "kind": kind, "key": key, "value": value, **more}
        return self.ask("class/answer", body)[:2]
