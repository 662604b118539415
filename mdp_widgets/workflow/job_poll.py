"""Look at something now and again while a page is open, without blocking the kernel."""

import asyncio
from collections.abc import Callable


class Watcher:
    """Calls `look()` every so often on the kernel's event loop, for as long as `look` returns True.

    Without a running loop (a script, a test) nothing is scheduled: call `look` yourself.
    """

    def __init__(self, look: Callable[[], bool], seconds: float = 0.5):
        self._look = look
        self._seconds = seconds
        self._task: asyncio.Task | None = None

    def start(self) -> None:
        """Begin, unless it is watching already."""
        if self._task is not None and not self._task.done():
            return
        try:
            # The reference is kept: an event loop holds its tasks only weakly.
            self._task = asyncio.get_running_loop().create_task(self._watch())
        except RuntimeError:
            self._task = None

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _watch(self) -> None:
        while self._look():
            await asyncio.sleep(self._seconds)
