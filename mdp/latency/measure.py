"""Measuring a list of workloads into the store: interleaved, beside an anchor, with the time left.

Several workloads are timed in turns, and with them the *anchor*, which never changes: where the anchor is
slower than usual the machine was busy, and the readings beside it are scaled (see store.summarise).
"""

import dataclasses
import gc
import json
import math
import time
from collections.abc import Iterable, Mapping

import numpy as np

from ..core.progress import Reporter
from ..networks.segments import Workload
from .anchor import anchor_of
from .out_of_memory import OutOfMemory
from .store import Entry, Store
from .timer import WARM_UP, PreparedWorkload, Timer, measure_together, undisturbed

# Workloads that are timed in turns. Each call then finds caches that others have filled, as in a network.
TOGETHER = 8
# Bounds of the readings at one visit.
FEWEST, MOST = 4, 10
# The fewest where the time given is short.
HURRIED = 2
# Separate visits to each workload, minutes apart, in other orders: a CPU is shared, and a GPU's clock follows
# its temperature and its neighbours. One bad moment decides nothing on either.
VISITS = 3
# The anchor is this much slower than at calm moments: the scaling is then a large part of the number.
BUSY = 0.25


class Run:
    """One profiling run: what is known, what it costs to learn more, and the progress shown.

    Attributes:
        known: key -> Entry of every workload that has been measured, now or in an earlier run.
        measured: how many visits this run made; `timing` is how many seconds of it were pure readings.
        closing: seconds that are needed after the last visit, to make tables of the readings and write them.
    """

    def __init__(
        self,
        timer: Timer,
        store: Store,
        workloads: Mapping[str, Workload],
        report: Reporter,
        seconds: float,
        *,
        visit_ms: float = 60.0,
        together: int = TOGETHER,
        seed: int = 0,
        reference_ms: float | None = None,
        resident_bytes: float = 0.0,
    ):
        """Args: `seconds` is about how long to take; `visit_ms` how much of it goes into the readings of one
        workload at one visit; `together` how many of them are timed in turns; `reference_ms` is the anchor's
        time of the tables that the readings are to be compared with (see Store.entries); `resident_bytes` the
        bytes of the network that the workloads are parts of, 0 for whole networks."""
        self.timer, self.store, self.report = timer, store, report
        self.workloads = {
            key: dataclasses.replace(w, resident_bytes=resident_bytes) for key, w in workloads.items()
        }
        self.batch = timer.deployment.batch
        self.anchor = anchor_of(self.batch)
        # Drift is told by the anchor, so that readings beside another anchor are not comparable.
        facts = {**timer.deployment.to_json(), "anchor": self.anchor.key}
        if resident_bytes and timer.deployment.kind == "cuda":
            # There it decides how cold weights are: in a network of 10 MB they stay in the cache.
            facts["inside"] = f"{resident_bytes / 1e6:.3g} MB"
        self.context = json.dumps(facts, sort_keys=True)
        self.reference_ms = reference_ms
        self.known: dict[str, Entry] = store.entries(self.context, workloads, reference_ms)
        self.visits = VISITS
        self.measured, self.timing, self.closing = 0, 0.0, 0.0
        self.limit, self._start, self._visit_ms = seconds, time.monotonic(), visit_ms
        self._together, self._fewest = together, FEWEST
        self._random = np.random.default_rng(seed)
        self._ready: PreparedWorkload | None = None
        self._overhead, self._groups = 0.004, 0  # seconds a visit beside its readings; learned as we go
        self._speed = 2e7  # multiply-accumulates a ms; learned from the anchor, then from the entries
        self._took = self._thought = 0.05  # seconds lately spent on visits, and what `_cost` said of them

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start

    def left(self) -> float:
        """Seconds until the time given to this run is used up; negative afterwards."""
        return self.limit - self.seconds

    def everything_fits(self) -> bool:
        """Whether every workload can be visited as often as wanted in the time that is left."""
        self._prepare_anchor()
        self._look_again()
        return self._cost_of_all() <= self.left()

    def measure(
        self, keys: Iterable[str], label: str, counted: bool = False, until: float = -math.inf
    ) -> None:
        """Visit the keys once each, in random order, as long as more than `until` seconds are left. Failures
        are kept as such; progress is shown, `counted` with the number of entries."""
        todo = list(dict.fromkeys(keys))
        self._random.shuffle(todo)
        for i in range(0, len(todo), self._together):
            if self.left() <= until:
                return
            self._visit(todo[i : i + self._together])
            ahead = sum(map(self._cost, todo[i + self._together :]))
            left = max(ahead, min(self._cost_of_all(), max(self.left(), 0.0))) + self.closing
            count = f", {min(i + self._together, len(todo))} of {len(todo)} entries" if counted else ""
            self.report.step(self.seconds, self.seconds + left, label + count, left)

    def measure_new(self, keys: Iterable[str], label: str, until: float = -math.inf) -> None:
        """Visit those of the keys that nothing is known of, as long as more than `until` seconds are left."""
        self.measure([key for key in keys if key not in self.known], label, counted=True, until=until)

    def cost(self, keys: Iterable[str]) -> float:
        """About how many seconds one visit to each of the keys takes that nothing is known of."""
        return sum(self._cost(key) for key in dict.fromkeys(keys) if key not in self.known)

    def hurry(self) -> None:
        """Read everything fewer times at a visit from now on."""
        self._fewest, self._visit_ms = HURRIED, self._visit_ms / 3

    def visit_again(self, label: str) -> None:
        """Visit what is known again, until each was visited often enough or the time is used up."""
        self._look_again()
        while self.left() > 0:
            again = [k for k in self.workloads if k in self.known and self._wants(self.known[k])]
            if not again:
                return
            fewest = min(self.known[k].visits for k in again)
            again = [k for k in again if self.known[k].visits == fewest]
            self._random.shuffle(again)
            self.measure(again[: 4 * self._together], label)

    def once_more(self, label: str) -> None:
        """One more visit to everything that was tried, however often: what found no room may find it now."""
        self.measure(list(self.known), label)

    def settle(self) -> float | None:
        """Read everything known against one `reference_ms` of the anchor, and return it (None: no reading).

        While it is being measured calmer moments turn up; what was read earlier then has to follow.
        """
        self.reference_ms = self.reference_ms or self.store.anchor(self.context)
        self._look_again()
        return self.reference_ms

    def _look_again(self) -> None:
        """Calmer moments since then may show that visits were busy ones, and that more are wanted."""
        self.known = self.store.entries(self.context, self.workloads, self.reference_ms)

    def _wants(self, entry: Entry) -> bool:
        """Whether another visit helps: too few yet, or all of them at a busy moment (then twice as many)."""
        return not entry.failure and entry.visits < self.visits * (2 if entry.drift > BUSY else 1)

    def _cost_of_all(self) -> float:
        """About how many seconds all visits still wanted take, if it stays as busy as it was."""
        entries = [entry for entry in self.known.values() if not entry.failure]
        busy = sum(entry.drift > BUSY for entry in entries) / max(1, len(entries))
        total = 0.0
        for key in self.workloads:
            entry = self.known.get(key)
            if entry is None:
                wanted = self.visits * (1 + busy)
            elif not self._wants(entry):
                continue
            else:
                wanted = self.visits * (1 + (busy if entry.visits < self.visits else 1)) - entry.visits
            total += wanted * self._cost(key)
        return total

    def _visit(self, keys: list[str]) -> None:
        self._prepare_anchor()
        start, timing = time.monotonic(), self.timing
        prepared = []
        for key in keys:
            item, why = self._try(key)
            if item is None:
                # Perhaps only beside the others, or beside what the group before and the failed try have left
                # behind: all that is read and let go, and it is tried alone.
                if prepared:
                    self._read(prepared)
                    prepared.clear()
                gc.collect()
                item, why = self._try(key)
            if item is None:
                self._failed(key, why)
            else:
                prepared.append(item)
            item = None  # only the list holds it, so that emptying the list lets it go
            self.report.check()
        if prepared:
            self._read(prepared)
        self.known |= self.store.entries(self.context, keys, self.reference_ms)
        self.measured += len(keys)
        took = time.monotonic() - start
        self._groups += 1
        rate = max(0.2, 1 / self._groups)
        self._overhead += rate * ((took - (self.timing - timing)) / len(keys) - self._overhead)
        # What the formula leaves out (the anchor's readings, a slow machine) is about the same from now on.
        thought = sum(map(self._cost, keys)) * self._thought / self._took
        self._took, self._thought = 0.95 * self._took + took, 0.95 * self._thought + thought

    def _try(self, key: str) -> tuple[PreparedWorkload | None, str]:
        """The workload ready, or None and why not. What a failed try held is let go when this returns."""
        try:
            return self.timer.prepare(self.workloads[key]), ""
        except OutOfMemory as error:
            return None, str(error)

    def _read(self, prepared: list[PreparedWorkload], again: bool = True) -> None:
        rounds = self._rounds(float(np.mean([p.first_ms * p.calls for p in prepared])))
        start, why = time.monotonic(), ""
        try:
            readings = measure_together(self.timer, self._ready, prepared, rounds, self.report.check)
        except OutOfMemory as error:
            why = str(error)
        if why:
            return self._read_alone(prepared, why, again)
        self.timing += time.monotonic() - start
        totals = 0.0
        for item, found in zip(prepared, readings, strict=True):
            used = undisturbed([reading for reading, _ in found])
            pairs = [(found[i][0].ms, found[i][1]) for i in used]
            self.store.add(self.context, item.key, pairs)
            totals += float(np.median([ms for ms, _ in pairs]))
        macs = sum(self.workloads[p.key].macs for p in prepared) * self.batch
        if macs:
            self._speed += 0.1 * (macs / totals - self._speed)

    def _read_alone(self, prepared: list[PreparedWorkload], why: str, again: bool) -> None:
        """One of them needs room while it runs that all together leave no more: empties the list.

        A single one is tried once `again` too: what others held may have been let go since.
        """
        keys = [item.key for item in prepared]
        prepared.clear()
        gc.collect()
        for key in keys:
            item, missing = self._try(key) if again else (None, why)
            if item is None:
                self._failed(key, missing)
            else:
                self._read([item], again=False)
            del item

    def _failed(self, key: str, why: str) -> None:
        self.store.add(self.context, key, failure=why)
        self.report.message(f"{why} Its entry is inferred from the others.")

    def _cost(self, key: str) -> float:
        """About how many seconds one visit to a key takes."""
        entry = self.known.get(key)
        if entry and not entry.failure:
            ms = entry.ms
        else:
            ms = self.workloads[key].macs * self.batch / self._speed
        ms = max(ms, 0.1)
        seconds = self._overhead + ms * (WARM_UP + self._rounds(ms)) / 1000
        return seconds * self._took / self._thought

    def _rounds(self, ms: float) -> int:
        """Readings at one visit of workloads that take about `ms` each."""
        return int(np.clip(self._visit_ms / ms, self._fewest, MOST))

    def _prepare_anchor(self) -> None:
        if self._ready is None:
            self._ready = self.timer.prepare(self.anchor)
            self._speed = max(1.0, self.anchor.macs * self.batch / self._ready.first_ms)
