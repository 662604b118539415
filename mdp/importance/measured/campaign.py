"""One run of measurements: round after round, kept as it goes, until nothing new is wanted or time is up."""

import time
from collections.abc import Iterable, Sequence

from ...core.progress import Reporter
from ...core.space import Space
from .decisions import blocks_of, coarse, kinds_of, sampled, used_by_plans
from .encode import encoded
from .evaluate import Decision, Evaluator
from .kept import Kept
from .losses import tables

# Rounds of refinement at most; three or four are usual.
ROUNDS = 12
# Seconds between two writings of what was measured.
SAVE = 2.0


class Campaign:
    """Measures into `kept`.

    Args:
        limit: `time.monotonic()` after which nothing new is begun, None for no limit.
    """

    def __init__(self, space: Space, kept: Kept, evaluator: Evaluator, report: Reporter, limit: float | None):
        self._space, self._kept, self._evaluator = space, kept, evaluator
        self._report, self._limit = report, limit
        self._begin, self._saved, self._new, self._longest = time.monotonic(), 0.0, 0, 0.0

    def calibrate(self) -> bool:
        """Every block, and a few dims of each kind. Returns whether there was time for all."""
        kinds = kinds_of(self._space, self._base)
        return self._round([*blocks_of(self._space), *sampled(self._space, kinds)], 0)

    def measure(self) -> bool:
        """Blocks, then every dim coarsely, then what plans are made of. Returns whether there was time for
        all."""
        middle, ends = coarse(self._space)
        first = [*blocks_of(self._space), *middle]
        later = len(ends) // 2
        if not self._round(first, len(ends) + later) or not self._round(ends, later):
            return False
        for _ in range(ROUNDS):
            curves, blocks = tables(self._space, self._base, self._kept.losses)
            now = encoded(self._space, self._base, curves, blocks, {})
            wanted = used_by_plans(self._space, now, self._kept.losses)
            if not wanted:
                break
            if not self._round(wanted, 0):
                return False
        return True

    @property
    def _base(self):
        assert self._kept.base is not None
        return self._kept.base

    def _round(self, decisions: Iterable[Decision], after: int) -> bool:
        """Measure what is not known yet; `after` are expected later. Returns whether there was time."""
        wanted: Sequence[Decision] = [d for d in dict.fromkeys(decisions) if d not in self._kept.losses]
        # Neighbours in the network share the activations that they begin with.
        wanted = sorted(wanted, key=self._evaluator.entry_of)
        try:
            for i, decision in enumerate(wanted):
                start = time.monotonic()
                if self._limit is not None and start + self._longest > self._limit:
                    return False
                self._kept.note(decision, self._evaluator.loss(decision))
                self._new += 1
                self._longest = max(self._longest, time.monotonic() - start)
                self._tell(len(wanted) - i - 1 + after)
        finally:
            self._kept.save()
        return True

    def _tell(self, left: int) -> None:
        now = time.monotonic()
        if now - self._saved > SAVE:
            self._kept.save()
            self._saved = now
        self._report.step(
            self._new, self._new + left, f"narrower networks measured: {len(self._kept.losses)}"
        )
