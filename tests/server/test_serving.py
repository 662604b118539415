"""What a stranger with a socket can do to the server: nothing. Raw requests, no browser."""

import asyncio
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from ..loops import run_apart

REPO = Path(__file__).resolve().parents[2]
TOKEN = "a-token-for-tests"


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    """A server for two pages, with a token, without long work."""
    data = tmp_path_factory.mktemp("served")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["--port", str(port), "--token", TOKEN, "--pages", "2", "--warm", "0", "--no-long-work"]
    server = subprocess.Popen(
        [sys.executable, "-m", "mdp_widgets", *words],
        cwd=REPO, env={**os.environ, "MDP_DATA": str(data)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert f"http://localhost:{port}/?token={TOKEN}" in server.stdout.readline()
    yield port
    server.terminate()
    server.wait(timeout=30)


def ask(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    """Status and body; the path is sent as it stands. Headers: `X_Name="value"`."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.putrequest(method, path, skip_host=True)
    for name, value in {"Host": f"localhost:{port}", **headers}.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    answer = connection.getresponse()
    try:
        return answer.status, answer.read().decode(errors="replace")
    finally:
        connection.close()


def known(port: int, path: str, method: str = "GET") -> tuple[int, str]:
    """The same, from somebody who knows the token."""
    return ask(port, path, method, Authorization=f"token {TOKEN}")


def test_without_the_token_there_is_no_page_and_no_kernel(port):
    for path in ("/", "/teach", "/inspect", "/examples", "/?token=wrong"):
        status, body = ask(port, path)
        assert status in (302, 403) and "kernelId" not in body
    for path in ("/api/kernels/" + str(uuid.uuid4()), "/mdp/kernel/" + str(uuid.uuid4())):
        assert ask(port, path)[0] in (302, 403)
    status, body = ask(port, "/login")
    assert status == 200 and "those who know its token" in body
    status, body = ask(port, f"/teach?token={TOKEN}")  # what its form leads to
    kernel = re.search(r'"kernelId": ?"([0-9a-f-]{36})"', body)[1]
    assert ask(port, f"/voila/api/shutdown/{kernel}", "POST")[0] in (302, 403)
    assert known(port, f"/voila/api/shutdown/{kernel}", "POST")[0] == 204


def test_a_name_pointed_at_this_machine_is_refused(port):
    status, body = ask(port, f"/?token={TOKEN}", Host="evil.example:80")
    assert status == 403 and "kernelId" not in body


UP = ["..", "%2e%2e", ".%2E", "%252e%252e", "..%00"]
ROOTS = [
    "/mdp/", "/voila/static/", "/voila/templates/mdp/static/", "/voila/templates/", "/voila/labextensions/",
    "/voila/api/themes/", "/voila/files/", "/voila/render/", "/static/",
]  # fmt: skip
FILES = ["etc/passwd", "explore.ipynb"]


@pytest.mark.parametrize("root", ROOTS)
def test_no_way_around_what_may_be_served(port, root):
    for up in UP:
        for slash in ("/", "%2f", "\\", "%5c"):
            for name in FILES:
                for depth in (1, 4):
                    path = root + (up + slash) * depth + name
                    status, body = known(port, path)
                    assert status >= 400, path
                    assert "import" not in body and "root:" not in body, path


@pytest.mark.parametrize("path", [
    "/mdp//etc/passwd", "/etc/passwd", "/mdp/plotly.min.js/..", "/voila/tree", "/api/contents",
    "/api/sessions", "/api/terminals", "/lab", "/nbconvert/html", "/notebooks/explore.ipynb",
    "/voila/render/explore.ipynb",
])  # fmt: skip
def test_nothing_else_is_served(port, path):
    for method in ("GET", "PUT", "POST", "DELETE"):
        assert known(port, path, method)[0] >= 400


def test_no_kernel_is_started_or_ended_by_hand(port):
    assert known(port, "/api/kernels", "POST")[0] in (403, 404, 405)
    assert known(port, "/api/kernels")[0] in (403, 404, 405)


def test_a_page_runs_no_code_of_its_visitor_and_the_third_page_waits(port, tmp_path):
    pages = [known(port, "/teach") for _ in range(2)]
    assert [status for status, _ in pages] == [200, 200]
    kernel = re.search(r'"kernelId": ?"([0-9a-f-]{36})"', pages[0][1])[1]
    assert json.loads(known(port, f"/mdp/kernel/{kernel}")[1]) == {"alive": True}
    assert json.loads(known(port, f"/mdp/kernel/{uuid.uuid4()}")[1]) == {"alive": False}

    status, body = known(port, "/")
    assert status == 503 and "All 2 places of this explorer are taken" in body

    written = tmp_path / "written"
    answers = run_apart(_talk(port, kernel, f"open({str(written)!r}, 'w')"))
    assert "comm_info_reply" in answers and "execute_reply" not in answers
    assert not written.exists()

    assert known(port, f"/voila/api/shutdown/{kernel}", "POST")[0] == 204
    assert json.loads(known(port, f"/mdp/kernel/{kernel}")[1]) == {"alive": False}
    assert known(port, "/teach")[0] == 200  # there is room again


async def _talk(port: int, kernel: str, code: str) -> list[str]:
    """Ask the kernel to run code, then something allowed; the types of messages that came back."""
    url = f"ws://localhost:{port}/api/kernels/{kernel}/channels?token={TOKEN}"
    channel = await websocket_connect(HTTPRequest(url, headers={"Authorization": f"token {TOKEN}"}))
    header = {"username": "", "session": uuid.uuid4().hex, "version": "5.3", "date": "2026-01-01T00:00:00Z"}
    run = {"code": code, "silent": False, "store_history": False, "user_expressions": {}}
    for kind, content in (("execute_request", run), ("comm_info_request", {})):
        head = {**header, "msg_id": uuid.uuid4().hex, "msg_type": kind}
        message = {"header": head, "parent_header": {}, "metadata": {}, "content": content}
        await channel.write_message(json.dumps({**message, "channel": "shell", "buffers": []}))
    found: list[str] = []
    while "comm_info_reply" not in found:
        text = await asyncio.wait_for(channel.read_message(), 30)
        if text is None:
            break
        if isinstance(text, str):
            found.append(json.loads(text)["header"]["msg_type"])
    channel.close()
    return found


def test_ctrl_c_ends_it_without_a_word_even_while_a_kernel_starts(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "mdp_widgets", "--port", str(port), "--warm", "1"],
        cwd=REPO, env={**os.environ, "MDP_DATA": str(tmp_path)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    assert "Ctrl+C" in server.stdout.readline()
    os.killpg(server.pid, signal.SIGINT)  # as a terminal does
    said, _ = server.communicate(timeout=60)
    assert (said, server.returncode) == ("", 0)


def test_without_a_class_its_addresses_say_so_and_what_is_printed_is_there(port):
    assert json.loads(known(port, "/class/state")[1]) == {"running": False}
    for path in ("/teacher", "/class/teacher", "/class/results.csv"):
        status, body = known(port, path)
        assert status == 404 and "class" in body, path
    for path in ("/class", "/class/handout", "/class/worksheet", "/class/exercises.ipynb"):
        assert known(port, path)[0] == 200
    status, body = ask(port, "/login?next=/class")
    assert "action='/class'" in body
    assert "action='/'" in ask(port, "/login?next=//evil.example")[1]
