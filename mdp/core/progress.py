"""How long work tells where it is, and learns that it should stop.

Every long function takes `report: Reporter` and calls `report.step(...)` after each small piece of work;
that call raises `Cancelled` once somebody asked to stop. Everything finished is saved before the call.
"""

import math
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from .errors import Cancelled

# What `step` is told where nothing done so far says how long the rest will take.
NOT_KNOWN = math.nan


@dataclass(frozen=True)
class Progress:
    """`seconds_left` is None until there is something to extrapolate from."""

    done: float
    total: float
    text: str
    seconds: float
    seconds_left: float | None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class Reporter:
    """The silent reporter, and the base of the others: override `show` and `metric`."""

    def __init__(self, cancelled: Callable[[], bool] = lambda: False):
        self._cancelled = cancelled
        self._start = time.monotonic()
        self._waited = 0.0

    def step(self, done: float, total: float, text: str = "", seconds_left: float | None = None) -> None:
        """Say that `done` of `total` (any unit in proportion to time) is finished. Raises Cancelled.

        `seconds_left` is extrapolated unless the caller knows better, or knows that nobody can: NOT_KNOWN.
        """
        seconds = time.monotonic() - self._start
        worked, left = seconds - self._waited, seconds_left
        # The first hundredth is mostly what comes before the work: hours would be said that become minutes.
        if left is None and done >= 0.01 * total > 0 and worked > 0.5:
            left = worked * (total - done) / done
        known = left is None or not math.isnan(left)
        self.show(Progress(done, total, text, seconds, left if known else None))
        self.check()

    def waited(self, seconds: float) -> None:
        """Say that so long nothing was done, such as until a device was free: no work to come waits again."""
        self._waited += seconds

    def check(self) -> None:
        """Raise Cancelled if somebody asked to stop."""
        if self._cancelled():
            raise Cancelled("Stopped on request; what was finished is kept.")

    def show(self, progress: Progress) -> None:
        """Show a progress to whoever is watching."""

    def metric(self, **values: Any) -> None:
        """Pass on numbers of interest, such as a loss or an accuracy."""

    def message(self, text: str) -> None:
        """Pass on one sentence."""


class PartOf(Reporter):
    """Reports a piece of work as the share of a longer one from `begin` to `end`, both between 0 and 1."""

    def __init__(self, whole: Reporter, begin: float, end: float):
        super().__init__()
        self._whole, self._begin, self._end = whole, begin, end

    def show(self, progress: Progress) -> None:
        done = self._begin + (self._end - self._begin) * progress.done / max(progress.total, 1e-9)
        self._whole.step(done, 1.0, progress.text)

    def check(self) -> None:
        self._whole.check()

    def waited(self, seconds: float) -> None:
        self._whole.waited(seconds)

    def metric(self, **values: Any) -> None:
        self._whole.metric(**values)

    def message(self, text: str) -> None:
        self._whole.message(text)


class ConsoleReporter(Reporter):
    """One line on standard error, rewritten in place on a terminal and thinned out elsewhere."""

    def __init__(self, cancelled: Callable[[], bool] = lambda: False):
        super().__init__(cancelled)
        self._last = 0.0

    def show(self, progress: Progress) -> None:
        now = time.monotonic()
        live = sys.stderr.isatty()
        if progress.done < progress.total and now - self._last < (0.1 if live else 5):
            return
        self._last = now
        ended, left = progress.done >= progress.total, progress.seconds_left
        words = [progress.text, "" if ended or left is None else f"{duration(left)} left"]
        share = 100 * progress.done / max(progress.total, 1e-9)
        line = f"{share:3.0f} %  {', '.join(filter(None, words))}".rstrip()
        print(
            f"\r\x1b[K{line}" if live else line,
            end="" if live and not ended else "\n",
            file=sys.stderr,
            flush=True,
        )

    def metric(self, **values: Any) -> None:
        said = {name.replace("_", " "): v for name, v in values.items()}
        shown = "  ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in said.items())
        print(shown, file=sys.stderr, flush=True)

    def message(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


def duration(seconds: float) -> str:
    """`7 s`, `3 min 20 s`, `2 h 5 min`."""
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"
