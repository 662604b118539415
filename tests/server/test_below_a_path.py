"""Below a path that a proxy gives, as JupyterHub and jupyter-server-proxy do: the path stays, and so do Host
and Origin. And on IPv6."""

import asyncio
import http.client
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from ..loops import run_apart
from .test_strangers import GOOD

REPO = Path(__file__).resolve().parents[2]
PATH = "/user/ann%40example.org/proxy/absolute/8866/"


def serve(tmp_path, *words):
    """A server on a port of its own: (process, port)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "mdp_widgets", "--port", str(port), "--warm", "0", *words],
        cwd=REPO, env={**os.environ, "MDP_DATA": str(tmp_path)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return server, port, server.stdout.readline()


def get(address, port, path, host):
    connection = http.client.HTTPConnection(address, port, timeout=90)
    connection.request("GET", path, headers={"Host": host})
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read().decode()


async def talk(address, path, kernel, headers):
    url = f"ws://{address}{path}api/kernels/{kernel}/channels"
    channel = await websocket_connect(HTTPRequest(url, headers=headers))
    await channel.write_message(GOOD[None])
    while "comm_info_reply" not in await asyncio.wait_for(channel.read_message(), 30):
        pass


def test_a_hub_below_a_path(tmp_path):
    server, port, said = serve(tmp_path, "--token", "t", "--url", f"https://hub.example.org{PATH}")
    try:
        assert f"https://hub.example.org{PATH}?token=t " in said
        status, headers, body = get("127.0.0.1", port, f"{PATH}inspect?token=t", "hub.example.org")
        assert status == 200 and f'data-base-url="{PATH}voila/"' in body
        kernel = re.search(r'"kernelId": ?"([0-9a-f-]{36})"', body)[1]
        known = {"Host": "hub.example.org", "Cookie": headers["Set-Cookie"].split(";")[0]}
        here = f"127.0.0.1:{port}"
        run_apart(talk(here, PATH, kernel, {**known, "Origin": "https://hub.example.org"}))
        with pytest.raises(Exception, match="403"):
            run_apart(talk(here, PATH, kernel, {**known, "Origin": "https://evil.example"}))
        for script in re.findall(rf'src="({PATH}[^"]+)"', body):
            assert get("127.0.0.1", port, script, "hub.example.org")[0] == 200
        assert get("127.0.0.1", port, "/inspect?token=t", "hub.example.org")[0] == 404
    finally:
        server.terminate()
        server.wait(timeout=30)


def test_ipv6(tmp_path):
    if not socket.has_ipv6:
        pytest.skip("needs IPv6")
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("needs IPv6")
    server, port, said = serve(tmp_path, "--address", "::1")
    try:
        here = f"[::1]:{port}"
        assert f"http://{here}/ " in said
        status, _, body = get("::1", port, "/inspect", here)
        kernel = re.search(r'"kernelId": ?"([0-9a-f-]{36})"', body)[1]
        assert status == 200
        run_apart(talk(here, "/", kernel, {"Host": here, "Origin": f"http://{here}"}))
    finally:
        server.terminate()
        server.wait(timeout=30)
