"""The explorer behind nginx with https, below a path: by the lines that docs/how-to/workshop.md gives."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from mdp_widgets.server.serve import REPO

CONFIG = """
daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{
    listen 127.0.0.1:{port} ssl; server_name localhost;
    ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
    {snippet}
  }}
}}
"""


@dataclass(frozen=True)
class Front:
    """A running explorer and what stands before it. `certificate` is its own, signed by nobody else."""

    address: str
    port: int
    certificate: Path
    server: psutil.Process


def nginx() -> str | None:
    """The nginx and openssl of this machine; None where one of them is missing."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    return found if shutil.which("openssl") else None


def documented() -> str:
    """The lines for nginx as the guide prints them."""
    guide = (REPO / "docs/how-to/workshop.md").read_text(encoding="utf-8")
    return re.search(r"```nginx\n(.*?)```", guide, re.S)[1]


@contextlib.contextmanager
def behind_nginx(folder: Path, words: Mapping[str, object]) -> Iterator[Front]:
    """Serve with these options of `python -m mdp_widgets`, data in `folder`, at https://localhost:…/pruning/."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    outer, inner = free_port(), free_port()
    address = f"https://localhost:{outer}/pruning/"
    snippet = documented().replace("127.0.0.1:8866", f"127.0.0.1:{inner}")
    (folder / "nginx.conf").write_text(CONFIG.format(folder=folder, port=outer, snippet=snippet))
    options = [str(w) for pair in {"--port": inner, "--url": address, **words}.items() for w in pair]
    server = subprocess.Popen(
        [sys.executable, "-m", "mdp_widgets", *options],
        cwd=REPO, text=True, stdout=subprocess.PIPE, env={**os.environ, "MDP_DATA": str(folder)},
    )  # fmt: skip
    proxy = subprocess.Popen([nginx(), "-p", folder, "-c", folder / "nginx.conf"])
    try:
        said = server.stdout.readline()
        assert address in said, f"The server said {said!r}."
        while socket.socket().connect_ex(("127.0.0.1", outer)):
            assert proxy.poll() is None, "nginx has ended."
            time.sleep(0.05)
        yield Front(address, outer, folder / "cert.pem", psutil.Process(server.pid))
    finally:
        for process in (proxy, server):
            process.terminate()
            process.wait(timeout=60)


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
