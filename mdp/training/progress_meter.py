"""One progress bar over everything that a run does: training, and accuracies before, between and after."""

import time

from ..core.progress import NOT_KNOWN, Progress, Reporter

# A training step costs about three forward passes: one forward, and a backward twice its size.
TRAINING, FORWARD = 3, 1


class Work:
    """Counts work in forward passes of one image; the time left is judged by the work itself."""

    def __init__(self, report: Reporter):
        self.report, self.done, self.total = report, 0.0, 0.0
        self.start: float | None = None

    def expect(self, images: float, cost: int) -> None:
        """Announce work before any of it begins."""
        self.total += images * cost

    def did(self, images: float, cost: int, text: str) -> None:
        """Raise Cancelled if somebody asked to stop."""
        # Loading and warming up are no measure of what follows: the clock starts with the first piece.
        if self.start is None:
            self.start, self.first = time.monotonic(), images * cost
        self.done += images * cost
        timed = self.done - self.first
        left = max(0.0, self.total - self.done)
        seconds = (time.monotonic() - self.start) * left / timed if timed > 0 else NOT_KNOWN
        self.report.step(min(self.done, self.total), max(self.total, 1.0), text, seconds)

    def waited(self, seconds: float) -> None:
        """Say that so long nothing was done."""
        if self.start is not None:
            self.start += seconds
        self.report.waited(seconds)


class PartOfWork(Reporter):
    """A reporter for a piece of the work that counts in its own way; announced as `images` of `cost` each."""

    def __init__(self, work: Work, images: float, cost: int):
        super().__init__()
        self._work, self._size, self._cost, self._done = work, images, cost, 0.0
        work.expect(images, cost)

    def show(self, progress: Progress) -> None:
        share = progress.done / max(progress.total, 1e-9)
        more, self._done = max(0.0, share - self._done), max(share, self._done)
        self._work.did(more * self._size, self._cost, progress.text)

    def check(self) -> None:
        self._work.report.check()

    def waited(self, seconds: float) -> None:
        self._work.waited(seconds)

    def message(self, text: str) -> None:
        self._work.report.message(text)
