"""The documented lines for nginx, as documented, with a certificate: pages and channels pass, with the cookie
alone."""

import asyncio
import http.client
import re
import ssl

import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from benchmarks.page.nginx import behind_nginx, nginx

from ..loops import run_apart
from .test_strangers import GOOD


@pytest.fixture
def front(tmp_path):
    if nginx() is None:
        pytest.skip("needs nginx and openssl")
    with behind_nginx(tmp_path, {"--token": "t", "--warm": 0}) as front:
        yield front.port, ssl.create_default_context(cafile=front.certificate)


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
