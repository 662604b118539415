"""What a running job says, written to its folder as it says it."""

import json
import os
import time
from pathlib import Path
from typing import Any

from ..core.errors import MdpError
from ..core.progress import Progress, Reporter

# A job that steps a thousand times a second must not fill the disk, nor slow down those who read it.
SECONDS_BETWEEN_STEPS = 0.1


class JobReporter(Reporter):
    """Writes events of a running job; used inside the job's process. `also` hears everything too."""

    def __init__(self, folder: str | os.PathLike, also: Reporter | None = None):
        super().__init__()
        self._path = Path(folder) / "events.jsonl"
        self._also = also or Reporter()
        self._last_step = float("-inf")

    def show(self, progress: Progress) -> None:
        self._also.show(progress)
        now = time.monotonic()
        if progress.done < progress.total and now - self._last_step < SECONDS_BETWEEN_STEPS:
            return
        self._last_step = now
        self.event("progress", **progress.to_json())

    def metric(self, **values: Any) -> None:
        self._also.metric(**values)
        self.event("metric", **values)

    def message(self, text: str) -> None:
        self._also.message(text)
        self.event("message", text=text)

    def result(self, **values: Any) -> None:
        """What the job made, such as the path of a file."""
        self.event("result", **values)

    def event(self, kind: str, **values: Any) -> None:
        event = {**values, "time": time.time(), "kind": kind}
        line = json.dumps(event, ensure_ascii=False, default=_plain) + "\n"
        try:
            # One unbuffered write of one line: a reader never sees half an event followed by another.
            with self._path.open("ab", buffering=0) as file:
                file.write(line.encode())
        except OSError as error:
            raise MdpError(
                f"{self._path} cannot be written: {error.strerror}. Free some space or choose another folder "
                "(MDP_DATA=/some/folder), then start again; what was finished is kept."
            ) from None


def _plain(value: Any) -> Any:
    """A number from numpy or torch as a float, anything else (a path) as its text."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)
