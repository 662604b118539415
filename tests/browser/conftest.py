"""A real Chromium against the real server, with everything but this machine out of reach."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from mdp.core.study import save_study

from ..synthetic import synthetic_resnet, synthetic_vit

expect.set_options(timeout=60_000)  # a slow machine is not a wrong page
REPO = Path(__file__).resolve().parents[2]
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--enable-unsafe-swiftshader",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
]  # fmt: skip


def chromium() -> str | None:
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def pytest_collection_modifyitems(items):
    """One browser at a time, on one worker; without Chromium a failure in CI and a skip elsewhere."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))
            if chromium() is None and os.environ.get("CI") != "true":
                item.add_marker(pytest.mark.skip(reason="Chromium is not installed"))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    assert chromium(), "CI needs Chromium (Debian: apt-get install chromium)"
    return {**browser_type_launch_args, "executable_path": chromium(), "args": FLAGS, "headless": True}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return {**browser_context_args, "viewport": {"width": 1280, "height": 720}, "color_scheme": "light"}


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """The folder of the served explorer."""
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="session")
def address(data):
    """The served explorer with two synthetic studies and a damaged one."""
    studies = data / "user" / "studies"
    vit = save_study(synthetic_vit(blocks=6, embed=192), studies / "a-vit.json")
    save_study(synthetic_resnet(), studies / "b-resnet.json")
    (studies / "c-half.json").write_text(vit.read_text()[:20_000])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (data / "server.log").open("w+")
    server = subprocess.Popen(
        [sys.executable, "-m", "mdp_widgets", "--port", str(port), "--no-browser"],
        cwd=REPO, env={**os.environ, "MDP_DATA": str(data)}, stdout=subprocess.PIPE, stderr=log, text=True,
    )  # fmt: skip
    line = server.stdout.readline()
    if f"http://localhost:{port}/" not in line:
        server.kill()
        log.seek(0)
        pytest.fail(f"The server said {line!r}: {log.read()}")
    yield f"http://localhost:{port}"
    server.terminate()
    server.wait(timeout=30)


@pytest.fixture
def quiet(page, address):
    """The page's console errors and requests; at the end there must be no error and no request elsewhere."""
    errors, elsewhere = [], []

    def asked(request):
        if not request.url.startswith((address, "data:", "blob:")):
            elsewhere.append(request.url)

    page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: errors.append(str(e)))
    page.on("request", asked)
    page.on(
        "websocket",
        lambda w: None if w.url.startswith(address.replace("http", "ws")) else elsewhere.append(w.url),
    )
    page.set_default_timeout(60_000)
    yield page
    assert not errors
    assert not elsewhere


def status(url: str) -> int:
    """The HTTP status of a GET, without cleaning up the path as a browser would."""
    host, _, rest = url.removeprefix("http://").partition("/")
    name, _, port = host.partition(":")
    with socket.create_connection((name, int(port)), timeout=20) as connection:
        connection.sendall(f"GET /{rest} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return int(connection.recv(64).split()[1])
