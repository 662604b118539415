"""The documented lines for nginx, as documented, with a certificate: pages and channels pass, with the cookie
alone."""

import asyncio
import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from ..loops import run_apart
from .test_strangers import GOOD

REPO = Path(__file__).resolve().parents[2]
SNIPPET = re.search(
    r"```nginx\n(.*?)```", (REPO / "docs/how-to/workshop.md").read_text(encoding="utf-8"), re.S
)[1]
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


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def front(tmp_path):
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None or shutil.which("openssl") is None:
        pytest.skip("needs nginx and openssl")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    outer, inner = free_port(), free_port()
    snippet = SNIPPET.replace("127.0.0.1:8866", f"127.0.0.1:{inner}")
    (tmp_path / "nginx.conf").write_text(CONFIG.format(folder=tmp_path, port=outer, snippet=snippet))
    words = ["--port", inner, "--url", f"https://localhost:{outer}/pruning/", "--token", "t", "--warm", 0]
    command = [sys.executable, "-m", "mdp_widgets", *map(str, words)]
    data = {**os.environ, "MDP_DATA": str(tmp_path)}
    server = subprocess.Popen(command, cwd=REPO, text=True, stdout=subprocess.PIPE, env=data)
    proxy = subprocess.Popen([nginx, "-p", tmp_path, "-c", tmp_path / "nginx.conf"])
    assert f"https://localhost:{outer}/pruning/?token=t " in server.stdout.readline()
    while socket.socket().connect_ex(("127.0.0.1", outer)):
        assert proxy.poll() is None
        time.sleep(0.05)
    yield outer, ssl.create_default_context(cafile=tmp_path / "cert.pem")
    for process in (proxy, server):
        process.terminate()
        process.wait(timeout=30)


def test_the_documented_lines_serve_pages_and_channels(front):
    port, trusted = front
    connection = http.client.HTTPSConnection("localhost", port, timeout=90, context=trusted)
    connection.request("GET", "/pruning/teach?token=t")
    answer = connection.getresponse()
    cookie, body = answer.getheader("Set-Cookie").split(";")[0], answer.read().decode()
    kernel = re.search(r'"kernelId": ?"([0-9a-f-]{36})"', body)[1]
    assert 'data-base-url="/pruning/voila/"' in body

    async def talk(origin):
        url = f"wss://localhost:{port}/pruning/api/kernels/{kernel}/channels"
        headers = {"Cookie": cookie, "Origin": origin}
        channel = await websocket_connect(HTTPRequest(url, headers=headers, ssl_options=trusted))
        await channel.write_message(GOOD[None])
        while "comm_info_reply" not in await asyncio.wait_for(channel.read_message(), 30):
            pass

    run_apart(talk(f"https://localhost:{port}"))
    with pytest.raises(Exception, match="403"):
        run_apart(talk("https://evil.example"))
