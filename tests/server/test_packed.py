"""What goes over a room's network is packed where the browser can unpack it, and asked for only once."""

import gzip

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application

from mdp_widgets.server.app import Library, Packed

from ..loops import run_apart

SCRIPT = b"window.Plotly = {};\n" * 1000


async def ask(**headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body as they come over the wire."""
    socket, port = bind_unused_port()
    server = HTTPServer(Application([("/script", Library, {"script": SCRIPT})], transforms=[Packed]))
    server.add_sockets([socket])
    request = HTTPRequest(f"http://127.0.0.1:{port}/script", headers=headers, decompress_response=False)
    try:
        answer = await AsyncHTTPClient(force_instance=True).fetch(request)
    except HTTPClientError as error:
        answer = error.response
    finally:
        server.stop()
    return answer.code, dict(answer.headers), answer.body


def test_a_script_is_packed_for_who_can_unpack_it():
    status, headers, body = run_apart(ask(**{"Accept-Encoding": "gzip, br"}))
    assert status == 200 and headers["Content-Encoding"] == "gzip" and len(body) < len(SCRIPT) / 3
    assert gzip.decompress(body) == SCRIPT
    status, headers, body = run_apart(ask())
    assert status == 200 and "Content-Encoding" not in headers and body == SCRIPT


def test_a_script_that_a_browser_has_is_not_sent_again():
    status, headers, _ = run_apart(ask(**{"Accept-Encoding": "gzip"}))
    again, _, body = run_apart(ask(**{"Accept-Encoding": "gzip", "If-None-Match": headers["Etag"]}))
    assert (status, again, body) == (200, 304, b"")
