"""One notebook as a page: within the number that is allowed, and never behind a kernel that is dead."""

import asyncio
import contextlib
import uuid
from typing import Any

import tornado.web
from tornado.iostream import StreamClosedError
from voila.tornado.handler import TornadoVoilaHandler

from ..theme import ui
from ..theme.markup import Markup, html
from .kernels import Opening, alive, drop_dead, full

# Seconds between two looks at a kernel that a page waits for.
LOOK = 0.5
DIED = (
    "The process behind this page ended before it was ready; the machine may be short of memory. "
    "It is tried again in ten seconds."
)


class _Starts:
    """The kernel manager as one page sees it: it gives the kernel that the page starts its id beforehand."""

    def __init__(self, manager: Any):
        self._manager, self.kernel_id = manager, ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._manager, name)

    async def start_kernel(self, **how: Any) -> str:
        self.kernel_id = str(uuid.uuid4())
        return await self._manager.start_kernel(kernel_id=self.kernel_id, **how)


class Page(TornadoVoilaHandler):
    """One notebook as a page, or a sentence that says why not now."""

    def initialize(self, pages: int, **kwargs: Any) -> None:
        super().initialize(**kwargs)
        self.pages = pages
        self._starts: _Starts | None = None

    @property
    def _manager(self) -> Any:
        return self.settings["kernel_manager"]

    @property
    def kernel_manager(self) -> Any:
        if self._starts is None:
            self._starts = _Starts(self._manager)
        return self._starts

    @tornado.web.authenticated
    async def get(self, path: str | None = None) -> None:
        await drop_dead(self._manager, self.notebook_path)
        reason = full(self._manager, self.pages)
        if reason:
            self._say(reason)
            return
        # From the look at the places to the kernel's entry among all others, its place is held.
        with Opening() as place:
            try:
                await self._stream(place)
            except StreamClosedError:  # whoever asked is gone
                return
            except tornado.web.HTTPError:
                raise
            except Exception as error:  # of a kernel that ends while it starts, nbclient and Jupyter say many
                self.log.error("A page did not open: %s", type(error).__name__)
                await self._end_kernel()
                self._say(DIED)

    async def _stream(self, place: Opening) -> None:
        """Send what the kernel shows, as it shows it. Raises DeadKernel if the kernel ends before."""
        pieces = self.get_generator()
        async for piece in self._watched(pieces):
            place.release()
            self.write(piece)
            self.flush()

    async def _watched(self, pieces: Any) -> Any:
        while True:
            piece = asyncio.ensure_future(anext(pieces, None))
            try:
                while not (await asyncio.wait([piece], timeout=LOOK))[0]:
                    if await self._is_dead():
                        raise DeadKernel
            finally:
                piece.cancel()  # nothing happens to one that is done
            if (html := piece.result()) is None:
                return
            yield html

    async def _is_dead(self) -> bool:
        """Whether the kernel of this page was started and is gone; of one that was started beforehand, and is
        not ready yet, the id is not known: it may be any that is gone."""
        kernel_id = self.kernel_manager.kernel_id
        if kernel_id in self._manager._pending_kernels:
            return False
        which = [kernel_id] if kernel_id else self._manager.list_kernel_ids()
        return not all([await alive(self._manager, one) for one in which])

    async def _end_kernel(self) -> None:
        with contextlib.suppress(Exception):
            await self._manager.shutdown_kernel(self.kernel_manager.kernel_id, now=True)

    def _say(self, reason: str) -> None:
        if self.request.connection is None or self._finished:
            return
        again = '<meta http-equiv="refresh" content="10">'
        if self._headers_written:  # the page has begun: the sentence lies over it
            notice = html('<p id="mdp-notice" role="alert">{reason}</p>', reason=reason)
            self.finish(notice + Markup("<script>setTimeout(() => location.reload(), 10000)</script>"))
            return
        self.set_status(503)
        self.set_header("Retry-After", "10")
        self.finish(sentence_page(html('<p role="alert">{reason}</p>', reason=reason), head=again))


class DeadKernel(Exception):
    """The kernel of a page ended before the page was there."""


def sentence_page(body: str, head: str = "") -> str:
    """A page of one sentence, in HTML."""
    return ui.static("server/sentence.html").replace("{head}", head).replace("{body}", body)
