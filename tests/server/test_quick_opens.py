"""A hundred pages opened at once under a limit: never more kernels than places, and room again afterwards.

With kernels that only pretend, so that it takes no memory and no minutes.
"""

import asyncio
from types import SimpleNamespace

import tornado.web
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from mdp_widgets.server import page as pages
from mdp_widgets.server.kernels import Opening, open_pages

from ..loops import run_apart

LIMIT = 30


class Kernels:
    """The little of a kernel manager that opening a page looks at. A start takes a moment, as a real one."""

    def __init__(self):
        self.running: list[str] = []
        self.most = 0
        self._pending_kernels: dict = {}
        self._pools: dict = {}

    def list_kernel_ids(self):
        return list(self.running)

    async def start_kernel(self, kernel_id, **how):
        await asyncio.sleep(0.02)
        self.running.append(kernel_id)
        self.most = max(self.most, len(self.running))
        return kernel_id

    def get_kernel(self, kernel_id):
        async def is_alive():
            return True

        return SimpleNamespace(is_alive=is_alive)

    def __contains__(self, kernel_id):
        return kernel_id in self.running


class Asked(pages.Page):
    """A page whose notebook is one word, which its kernel says when it runs."""

    notebook_path = "explore.ipynb"

    def initialize(self):
        self.pages, self._starts = LIMIT, None

    def prepare(self):
        """Nobody is asked for a token here."""

    def set_default_headers(self):
        """Those of Jupyter need its settings."""

    def get_current_user(self):
        return "anybody"

    async def get_generator(self):
        await self.kernel_manager.start_kernel()
        yield "opened"


async def hundred(manager: Kernels) -> list[int]:
    """The HTTP status of a hundred visits at once."""
    server = HTTPServer(tornado.web.Application([("/", Asked)], kernel_manager=manager))
    (socket,) = bind_sockets(0, "127.0.0.1")
    server.add_socket(socket)
    client = AsyncHTTPClient(force_instance=True, max_clients=100)
    url = f"http://127.0.0.1:{socket.getsockname()[1]}/"
    answers = await asyncio.gather(*(client.fetch(url, raise_error=False) for _ in range(100)))
    client.close()
    server.stop()
    return [answer.code for answer in answers]


def test_a_hundred_quick_opens_stay_within_the_places(monkeypatch):
    monkeypatch.setattr("mdp_widgets.server.kernels.SPARE_MB", 0)
    manager = Kernels()
    found = run_apart(hundred(manager))
    assert sorted(found) == [200] * LIMIT + [503] * (100 - LIMIT)
    assert manager.most == len(manager.running) == LIMIT and Opening.now == 0
    assert open_pages(manager) == LIMIT
    manager.running.clear()  # everybody leaves
    assert run_apart(hundred(manager)).count(200) == LIMIT and Opening.now == 0
