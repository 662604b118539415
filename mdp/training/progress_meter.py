"""One progress bar over everything that a run does: training, and accuracies before, between and after."""

import time

from ..core.progress import Reporter

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

    def did(self, images: int, cost: int, text: str) -> None:
        """Raise Cancelled if somebody asked to stop."""
        # Loading and warming up are no measure of what follows: the clock starts with the first piece.
        if self.start is None:
            self.start, self.first = time.monotonic(), images * cost
        self.done += images * cost
        timed = self.done - self.first
        left = max(0.0, self.total - self.done)
        seconds = (time.monotonic() - self.start) * left / timed if timed > 0 else None
        self.report.step(min(self.done, self.total), max(self.total, 1.0), text, seconds)
