"""Networks that a class hands in, measured one after the other: cut, repaired, shown to test images.

One process for the whole class (`mdp measure STUDY --serve`), started with the first network: pupils' pages
need no torch, and one thread at low priority leaves the machine to them. What was measured stays as long as
the server lives; after a restart it is measured again when somebody asks.
"""

import contextlib
import json
import os
import subprocess
import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psutil

from mdp.core.plan_accuracy import PlanAccuracy, accuracy_entry
from mdp.core.study import StudyRecord
from mdp.jobs import launch

from ..state.live_accuracy import measurable

# Above it nothing new is taken in; a class of sixty hands in two networks each.
MOST_WAITING = 200
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
# What others run goes first, as `nice -n 10` has it.
NICE = 10


@dataclass(frozen=True)
class Network:
    """One choice of a study that lies in a file; equal ones are measured once."""

    study: str
    choices: tuple[tuple[str, int | None], ...]
    removed: tuple[str, ...]

    @classmethod
    def of(cls, study: StudyRecord, choices: Mapping[str, int | None], removed: Sequence[str]) -> "Network":
        return cls(str(study.path), tuple(sorted(choices.items())), tuple(sorted(removed)))


@dataclass(frozen=True)
class Seen:
    """What is known of a network: `found` once it was measured, `problem` where it could not be, else how
    many `before` it wait."""

    found: PlanAccuracy | None = None
    problem: str = ""
    before: int = 0


class Measuring:
    """The queue and its process.

    Args:
        command: what to start, for tests; the study's path and --serve follow.
    """

    def __init__(self, command: Sequence[str] | None = None):
        self._command = list(command or (*launch.COMMAND, "measure"))
        self._lock = threading.Condition()
        self._waiting: OrderedDict[Hashable, tuple[Network, StudyRecord]] = OrderedDict()
        self._seen: dict[Network, Seen] = {}
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen | None = None
        self._of = ""
        self._given_up = ""
        self.version = 0  # grows with every answer

    def look(self, who: Hashable, study: StudyRecord, network: Network) -> Seen:
        """What is known of somebody's network; an unknown one takes its place in the queue, instead of
        another one of the same `who`."""
        with self._lock:
            if network in self._seen:
                return self._seen[network]
            if self._given_up or not measurable(study):
                return Seen(problem=self._given_up or "Networks of this study cannot be measured here.")
            if who not in self._waiting and len(self._waiting) >= MOST_WAITING:
                return Seen(before=len(self._waiting))
            self._waiting[who] = (network, study)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True, name="class-measuring")
                self._thread.start()
            self._lock.notify()
            places = list(dict.fromkeys(waiting for waiting, _ in self._waiting.values()))
            return Seen(before=places.index(network))

    def end(self) -> None:
        """Forget who waits, and end the process."""
        with self._lock:
            self._waiting.clear()
            self._end_process()

    def _work(self) -> None:
        """In a thread: measure whoever waits longest, and all who wait for the same network."""
        while True:
            with self._lock:
                self._lock.wait_for(lambda: self._waiting)
                # Another study is another process: those of the present one go first.
                every = list(self._waiting.values())
                network, study = next((one for one in every if one[0].study == self._of), every[0])
            seen = self._measured(network, study)
            with self._lock:
                if seen is not None:
                    self._seen[network] = seen
                self.version += 1
                for who in [who for who, (other, _) in self._waiting.items() if other == network]:
                    del self._waiting[who]

    def _measured(self, network: Network, study: StudyRecord) -> Seen | None:
        try:
            said = self._ask(network)
        except OSError as error:
            said = {"error": f"Its process could not be started ({error.strerror})."}
        if said is None:
            return None
        found = accuracy_entry(study.problem, said.get("accuracy"))
        if found is not None:
            return Seen(found)
        return Seen(problem=str(said.get("error") or "It was not measured."))

    def _ask(self, network: Network) -> Mapping[str, Any] | None:
        """What the process says to a network; None where it was ended from here."""
        process = self._started(network.study)
        assert process.stdin is not None and process.stdout is not None
        asked = {
            "id": 1,
            "choices": dict(network.choices),
            "removed": list(network.removed),
            "method": "by hand",
        }
        with contextlib.suppress(OSError, ValueError):  # it has ended: its output ends too
            process.stdin.write(json.dumps(asked) + "\n")
            process.stdin.flush()
        for line in process.stdout:
            with contextlib.suppress(ValueError):
                said = json.loads(line)
                if isinstance(said, Mapping):
                    return said
        code = process.wait()
        with self._lock:
            if process is not self._process:
                return None
            self._given_up = f"The process that measures has ended ({code})."
            self._end_process()
        return {"error": self._given_up}

    def _started(self, study: str) -> subprocess.Popen:
        with self._lock:
            if self._process is None or self._of != study:
                self._end_process()
                self._process = subprocess.Popen(
                    [*self._command, study, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL, text=True, encoding="utf-8", errors="replace",
                    env={**os.environ, **ONE_THREAD},
                )  # fmt: skip
                self._of = study
                with contextlib.suppress(psutil.Error, OSError):
                    psutil.Process(self._process.pid).nice(NICE)
            return self._process

    def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(OSError):
                process.kill()  # it holds nothing that is lost
            threading.Thread(target=process.wait, daemon=True).start()
