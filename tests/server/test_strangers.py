"""What strangers send to a server behind a proxy: frames, floods and kills. Everybody else goes on."""

import asyncio
import http.client
import json
import os
import random
import re
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from mdp_widgets.server.frames import HELD_BYTES, LONGEST, V1, BadFrame, Held, read_frame
from mdp_widgets.server.serve import Options, refusal

from ..loops import run_apart

FRAMES = int(os.environ.get("MDP_FUZZ", 400))  # mutated ones; more than that, and all of BAD are sent, too
REPO = Path(__file__).resolve().parents[2]
TOKEN = "token/of a+test"
URL = "https://lab.example/below/path/"
AUTHORIZED = {"Authorization": f"token {TOKEN}"}


class Served:
    """A server below a path, as a proxy would ask it."""

    def __init__(self, folder: Path):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        words = [
            "--port",
            self.port,
            "--token",
            TOKEN,
            "--pages",
            2,
            "--warm",
            0,
            "--url",
            URL,
            "--no-long-work",
        ]
        self.log = folder / "log.txt"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mdp_widgets", *map(str, words)],
                cwd=REPO, env={**os.environ, "MDP_DATA": str(folder)}, stdout=subprocess.PIPE, stderr=log,
                text=True,
            )  # fmt: skip
        self.said = self.process.stdout.readline()

    def ask(self, path, host="lab.example", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=90)
        connection.request("GET", path, headers={"Host": host, **headers})
        answer = connection.getresponse()
        try:
            return answer.status, answer.read().decode(errors="replace")
        finally:
            connection.close()

    def page(self):
        """The kernel of a page that was opened."""
        status, body = self.ask("/below/path/teach", **AUTHORIZED)
        assert status == 200, body
        return re.search(r'"kernelId": ?"([0-9a-f-]{36})"', body)[1]

    def close(self, kernel):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=90)
        headers = {"Host": "lab.example", **AUTHORIZED}
        connection.request("POST", f"/below/path/voila/api/shutdown/{kernel}", headers=headers)
        assert connection.getresponse().status == 204

    def kernels(self):
        below = psutil.Process(self.process.pid).children(recursive=True)
        return [p for p in below if "ipykernel" in " ".join(p.cmdline())]

    def channel(
        self, kernel, origin="https://lab.example", protocols=None, path="api/kernels/{}/channels", **more
    ):
        url = f"ws://127.0.0.1:{self.port}/below/path/{path.format(kernel)}"
        headers = {"Host": "127.0.0.1", "Origin": origin, **AUTHORIZED, **more}
        return websocket_connect(HTTPRequest(url, headers=headers), subprotocols=protocols)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    server = Served(tmp_path_factory.mktemp("strangers"))
    yield server
    server.process.terminate()
    server.process.wait(timeout=30)
    assert TOKEN not in server.log.read_text() and "token%2F" not in server.log.read_text()


@pytest.fixture(scope="module")
def kernel(served):
    """That of one page, for all tests: a kernel takes seconds to start."""
    return served.page()


def header(kind="comm_info_request"):
    return {"msg_id": "a", "msg_type": kind, "username": "", "session": "s", "version": "5.3"}


def v1(*parts, channel=b"shell"):
    parts = [channel, *parts]
    at, offsets = 8 * (len(parts) + 2), []
    for part in parts:
        offsets.append(at)
        at += len(part)
    offsets.append(at)
    return struct.pack(f"<{len(offsets) + 1}Q", len(offsets), *offsets) + b"".join(parts)


def binary(*parts):
    at, offsets = 4 * (len(parts) + 1), []
    for part in parts:
        offsets.append(at)
        at += len(part)
    return struct.pack(f"!{len(parts) + 1}I", len(parts), *offsets) + b"".join(parts)


HEADER = json.dumps(header()).encode()
MESSAGE = {"header": header(), "parent_header": {}, "metadata": {}, "content": {}, "channel": "shell"}
GOOD = {
    V1: v1(HEADER, b"{}", b"{}", b"{}", b"buffer"),
    "legacy": binary(json.dumps(MESSAGE).encode(), b"buffer"),
    None: json.dumps(MESSAGE),
}
BAD = [
    (V1, b"\xff" * 8), (V1, b""), (V1, b"\x06"), (V1, b"\0" * 8), (V1, b"\0" * 400), (V1, "{}"),
    (V1, struct.pack("<8Q", 6, *[2**63] * 7)), (V1, struct.pack("<Q", 2**40) + b"x" * 100),
    (V1, v1(HEADER, b"{}", b"{}", b"{}", channel=b"\xff")), (V1, v1(HEADER, b"{}", b"{}", b"[" * 100_000)),
    (V1, v1(b"{}", b"{}", b"{}", b"{}")), (V1, v1(b"1", b"2", b"3", b"4")), (V1, v1(HEADER, b"{}", b"{}")),
    ("legacy", b"\x7f\xff\xff\xff"), ("legacy", b"\x80\0\0\0"), ("legacy", b""), ("legacy", b"\0\0\0\1"),
    ("legacy", struct.pack("!3I", 1, 4, 0)), ("legacy", binary(b"[]")), ("legacy", binary(b"{")),
    (None, ""), (None, "null"), (None, "[" * 100_000), (None, '{"channel": "shell"}'), (None, "{}"),
    (None, json.dumps({**MESSAGE, "channel": "elsewhere"})), (None, json.dumps({**MESSAGE, "header": None})),
    (None, json.dumps({**MESSAGE, "buffers": 3})), (None, json.dumps({**MESSAGE, "buffers": ["x", None]})),
    (None, json.dumps({**MESSAGE, "header": {**header(), "version": 9}})),
    (None, json.dumps({**MESSAGE, "header": {**header(), "session": ["s"]}})),
    (None, json.dumps({**MESSAGE, "header": {**header(), "msg_id": "\ud800"}})),
    (None, json.dumps({**MESSAGE, "content": {"\udfff": 1}})),
    (None, json.dumps({**MESSAGE, "header": header("comm_msg"), "content": {"comm_id": ["a"]}})),
    (None, json.dumps({**MESSAGE, "header": header("comm_close")})),
    (None, json.dumps({**MESSAGE, "header": header("shutdown_request")})),
    (V1, v1(json.dumps({**header(), "username": "\ud800"}).encode(), b"{}", b"{}", b"{}")),
]  # fmt: skip


def test_frames_as_jupyter_has_them_are_read():
    for protocol, frame in GOOD.items():
        assert read_frame(frame, protocol)["header"] == header()


@pytest.mark.parametrize(("protocol", "frame"), BAD)
def test_no_other_frame_is(protocol, frame):
    with pytest.raises(BadFrame):
        read_frame(frame, protocol)


def test_mutated_frames_are_read_or_refused():
    chance = random.Random(20)
    for _ in range(FRAMES):
        protocol = chance.choice([V1, "legacy"])
        frame = bytearray(GOOD[protocol])
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(frame))
            frame[at : at + chance.choice([0, 1, 1, 8])] = chance.randbytes(chance.choice([0, 1, 1, 8]))
        with_it = bytes(frame)
        try:
            assert isinstance(read_frame(with_it, protocol)["header"], dict)
        except BadFrame:
            pass


def test_a_page_makes_its_kernel_hold_only_so_much():
    def message(kind, comm="c", **data):
        return {
            "header": header(kind),
            "content": {"comm_id": comm, "target_name": "jupyter.widget", "data": data},
        }

    held = Held()
    for _ in range(1000):  # the same value again and again is held once
        held.take(message("comm_msg", state={"value": 1}), 1_000_000)
    with pytest.raises(BadFrame):
        for i in range(HELD_BYTES // 1_000_000 + 1):
            held.take(message("comm_msg", state={f"value{i}": 1}), 1_000_000)
    with pytest.raises(BadFrame):
        for i in range(100_000):
            Held.take(
                held := held if i else Held(), message("comm_msg", comm=str(i), state={"value": 1}), 100
            )
    with pytest.raises(BadFrame, match="own"):
        Held().take(message("comm_open"), 100)
    with pytest.raises(BadFrame):
        read_frame(b"x" * (LONGEST + 1), V1)


def test_the_link_is_the_one_that_visitors_see(served):
    assert served.said == f"The explorer is at {URL}?token=token/of%20a%2Btest (Ctrl+C stops it).\n"
    assert Options(address="::1").link == "http://[::1]:8866/"
    assert Options(address="fe80::1", token="x").link == "http://[fe80::1]:8866/?token=x"
    assert Options(url="https://a.example").link == "https://a.example/"
    for wrong in (
        "lab.example",
        "ftp://a/",
        "https:///path",
        "https://a/?q",
        "https://a:x/",
        "https://u@a/",
        "http://a/<b>",
    ):
        assert "no address" in refusal(Options(url=wrong))


def test_below_the_path_is_everything_and_elsewhere_nothing(served, kernel):
    status, body = served.ask("/below/path/login")
    assert status == 200 and "action='/below/path/'" in body
    for path in ("/", "/teach", "/login", "/mdp/plotly.min.js", "/below/path/api/contents"):
        status, body = served.ask(path, **AUTHORIZED)
        assert status in (302, 404) and "kernelId" not in body
    assert served.ask("/below/path", **AUTHORIZED)[0] in (301, 302)
    assert served.ask("/below/path/teach")[0] == 302
    assert served.ask("/below/path/teach", host="evil.example", **AUTHORIZED)[0] == 403
    status, body = served.ask(f"/below/path/mdp/kernel/{kernel}", **AUTHORIZED)
    assert json.loads(body) == {"alive": True}


def test_one_bad_frame_closes_its_channel_and_nothing_else(served, kernel):

    async def attack():
        # How each is read is tested above; here it is one of every protocol that ends a channel.
        for protocol, frame in BAD if FRAMES > 400 else (BAD[0], BAD[13], BAD[20]):
            words = [V1] if protocol == V1 else None
            channel = await served.channel(kernel, protocols=words)
            await channel.write_message(frame, binary=isinstance(frame, bytes))
            while await asyncio.wait_for(channel.read_message(), 30) is not None:
                pass
            assert channel.close_code == 1008
        good = await served.channel(kernel)
        await good.write_message(GOOD[None])
        while "comm_info_reply" not in (await asyncio.wait_for(good.read_message(), 30)):
            pass
        for path in ("api/kernels/{}/channels", "voila/query/{}"):
            with pytest.raises(HTTPClientError, match=r"403|404"):
                await served.channel(kernel, path=path, Authorization="token wrong")

    run_apart(attack())


def test_a_flood_of_visitors_makes_no_more_kernels_than_pages(served, kernel):
    answers, most = [], 0

    def visit():
        answers.append(served.ask("/below/path/teach", **AUTHORIZED))

    visitors = [threading.Thread(target=visit) for _ in range(6)]
    for visitor in visitors:
        visitor.start()
    while any(v.is_alive() for v in visitors):
        most = max(most, len(served.kernels()))
        time.sleep(0.05)
    assert most <= 2
    opened = [
        re.search(r'"kernelId": ?"([0-9a-f-]{36})"', body)[1] for status, body in answers if status == 200
    ]
    assert len(opened) == 1 and all("places" in body for status, body in answers if status == 503)
    served.close(opened[0])


def test_a_kernel_killed_while_it_starts_is_said(served):
    answers, before = [], served.kernels()
    visitor = threading.Thread(target=lambda: answers.append(served.ask("/below/path/teach", **AUTHORIZED)))
    visitor.start()
    while visitor.is_alive() and not (found := [k for k in served.kernels() if k not in before]):
        time.sleep(0.01)
    for process in found:
        process.kill()
    visitor.join(60)
    assert "ended before it was ready" in answers[0][1]

    # Then a kernel that ends while its page is open: a tab goes on asking for it.
    kernel, before = served.page(), len(served.log.read_text())

    async def go_on():
        channel = await served.channel(kernel)
        await asyncio.to_thread(served.close, kernel)
        await channel.write_message(GOOD[None])
        while await asyncio.wait_for(channel.read_message(), 30) is not None:
            pass
        with pytest.raises(HTTPClientError, match="404"):
            await served.channel(kernel)

    run_apart(go_on())
    # A kernel that is shut down may say in its own log how its last message broke off.
    said = re.sub(r"(?ms)^\[IPKernelApp\].*?(?=^\[|\Z)", "", served.log.read_text()[before:])
    assert "Traceback" not in said, said[-3000:]
