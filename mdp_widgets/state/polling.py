"""Runs that finish while the page is open: what they measured or fine-tuned appears by itself.

Whoever started them, this page, another one or a terminal: what counts is what lies on the disk.
"""

import asyncio
import weakref
from collections.abc import Callable
from pathlib import Path

from mdp.core.errors import MdpError
from mdp.core.saved_networks import network_files
from mdp.core.study import StudyRecord, load_study

from .explorer_state import ExplorerState
from .progressive_front import kernel_loop

SECONDS = 3.0


class Follow:
    """Looks at the open study's file and at the networks now and again; `tell()` after something is new."""

    def __init__(self, selection: ExplorerState, tell: Callable[[], None], seconds: float = SECONDS):
        self.selection, self._tell = selection, tell
        self._seen = stamp(selection.study)
        selection.observe(self._other_study, "study")
        loop = kernel_loop()
        self._task = loop.create_task(_watch(weakref.ref(self), seconds)) if loop else None

    def look(self) -> None:
        """Look now. A study whose tables are others by now stays as it is: its plans would not fit."""
        s, now = self.selection, stamp(self.selection.study)
        if now == self._seen:
            return
        self._seen = now
        try:
            found = load_study(s.study.place) if s.study is not None and s.study.path else None
        except MdpError:
            return  # being written, or damaged: whoever opens it is told
        if found is not None:
            s.learn(found)
        self._tell()

    def _other_study(self, _change=None) -> None:
        self._seen = stamp(self.selection.study)


def stamp(study: StudyRecord | None) -> tuple[tuple[str, int], ...]:
    """Names and times of the files that the front's measured points come from."""
    paths = [*network_files(), *([Path(study.path)] if study is not None and study.path else [])]
    found = []
    for path in paths:
        try:
            found.append((str(path), path.stat().st_mtime_ns))
        except OSError:
            continue  # deleted in between
    return tuple(found)


async def _watch(follow: "weakref.ref[Follow]", seconds: float) -> None:
    while (one := follow()) is not None:
        one.look()
        del one  # a page that is gone is not kept alive
        await asyncio.sleep(seconds)
