"""The plan in view, measured when the slider rests: `mdp measure STUDY --serve`, one process for the kernel.

It is started when it is first needed, never while a page opens, and only where long work is allowed, torch is
installed, and the network and its images are at hand; else nothing is said, and what the study knows serves.
The process holds torch, the network and the test images, about 0.8 GB on the networks that come along.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import json
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mdp import jobs
from mdp.core.plan import Plan
from mdp.core.plan_accuracy import accuracy_entry
from mdp.core.study import StudyRecord
from mdp.jobs import launch

from .explorer_state import ExplorerState
from .opening import DATA
from .progressive_front import kernel_loop

# Seconds without a move: a person who looks for a place is not interrupted by a machine at full load.
REST = 0.35
GONE = "Accuracy is not measured any more on this page: {why} Open the page anew to try again."

# At most one in a kernel: two pages of one kernel take turns.
_only: LiveAccuracy | None = None


class LiveAccuracy:
    """Over one ExplorerState: asks for the plan in view and puts the answer into `selection.accuracies`.

    Args:
        command: what to start, for tests; the study's path and --serve follow.
        tell: runs what a reader thread has to say among the page's own work; default: the kernel's loop.
    """

    def __init__(
        self,
        selection: ExplorerState,
        command: Sequence[str] | None = None,
        tell: Callable[[Callable[[], None]], Any] | None = None,
    ):
        self.selection = selection
        self._command, self._tell = command, tell
        self._process: subprocess.Popen | None = None
        self._of = ""  # the study that the process measures
        self._given_up = False
        self._asked: Plan | None = None
        self._count = 0
        self._timer: threading.Timer | None = None
        if tell is None and (loop := kernel_loop()) is not None:
            self._tell = loop.call_soon_threadsafe
        selection.observe(self._moved, "plan")
        selection.observe(self._rests, "settled")

    # When

    def _moved(self, _change: Any = None) -> None:
        if self._asked is not None:
            self._asked = None
            self.selection.accuracies.measuring = False
            self._send(cancel=True)
        self._rests()  # the end of a drag may be told before its last step has arrived

    def _rests(self, _change: Any = None) -> None:
        if self._tell is None:  # a plain script: nobody is there to answer to
            return
        if self._timer is not None:
            self._timer.cancel()
        tell = self._tell
        self._timer = threading.Timer(REST, lambda: tell(self.look))
        self._timer.daemon = True
        self._timer.start()

    def look(self) -> None:
        """Nothing moves: ask for the plan in view, unless it is known, or nobody has moved anything yet."""
        s = self.selection
        if s.plan is None or s.study is None or not (s.can_undo or s.can_redo) or self._asked is s.plan:
            return
        known = s.accuracies.of(s.plan)
        if self._given_up or not (known is None or known.estimate) or not can_measure(s.study):
            return
        if not self._start(s.study):
            return
        self._count += 1
        choices = {dim: kept for dim, kept in s.plan.choices.items() if kept is not None}
        method = "pinned" if s.pins else s.plan.solver
        self._asked, s.accuracies.measuring = s.plan, True
        self._send(id=self._count, choices=choices, removed=list(s.plan.removed_blocks), method=method)

    # The process

    def _start(self, study: StudyRecord) -> bool:
        global _only
        if self._process is not None and self._of == str(study.path):
            return True
        self.end()
        if _only is not None and _only is not self:
            _only.end()
        _only = self
        words = [*(self._command or (*launch.COMMAND, "measure")), str(study.path), "--serve"]
        try:
            process = subprocess.Popen(
                words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                encoding="utf-8", errors="replace", bufsize=1,
            )  # fmt: skip
        except OSError as error:
            self._give_up(f"its process could not be started ({error.strerror}).")
            return False
        self._process, self._of = process, str(study.path)
        threading.Thread(target=self._listen, args=(process, self._tell), daemon=True).start()
        return True

    def _send(self, **request: Any) -> None:
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError, ValueError):  # it has ended: its listener tells why
                self._process.stdin.write(json.dumps(request) + "\n")
                self._process.stdin.flush()

    def _listen(self, process: subprocess.Popen, tell: Callable[[Callable[[], None]], Any]) -> None:
        """In a thread: pass on what the process says, and how it ended."""
        last = [""]
        reading = threading.Thread(target=_last_line, args=(process.stderr, last), daemon=True)
        reading.start()
        with contextlib.suppress(OSError, ValueError, RuntimeError):  # RuntimeError: the loop is closed
            for line in process.stdout or ():
                tell(lambda line=line: self._heard(process, line))
            code = process.wait()
            reading.join(timeout=1)
            tell(lambda: self._ended(process, code, last[0]))

    def _heard(self, process: subprocess.Popen, line: str) -> None:
        try:
            said = json.loads(line)
        except ValueError:
            return
        s, asked = self.selection, self._asked
        if process is not self._process or not isinstance(said, Mapping) or s.study is None:
            return
        one = accuracy_entry(s.study.problem, said.get("accuracy"))
        if one is not None:
            s.accuracies.add(one)
        if asked is not None and said.get("id") == self._count:
            self._asked = None
            s.accuracies.problem = str(said.get("error", ""))
            s.accuracies.measuring = False

    def _ended(self, process: subprocess.Popen, code: int, last: str) -> None:
        if process is not self._process:
            return  # it was ended from here
        self._process = None
        how = f"its process was ended by signal {-code}." if code < 0 else f"its process ended with {code}."
        self._give_up(last if code == 2 and last else how)

    def _give_up(self, why: str) -> None:
        """Say it once, and start no other."""
        self._given_up, self._asked = True, None
        self.selection.accuracies.measuring = False
        self.selection.status = GONE.format(why=why)

    def end(self) -> None:
        """End the process; the next rest starts another one."""
        process, self._process = self._process, None
        if self._asked is not None:
            self._asked, self.selection.accuracies.measuring = None, False
        if process is not None:
            with contextlib.suppress(OSError):
                process.kill()  # it holds nothing that is lost
            threading.Thread(target=process.wait, daemon=True).start()


def can_measure(study: StudyRecord) -> bool:
    """Whether this page may have plans of a study measured, and they can be."""
    return not jobs.refusal() and measurable(study)


def measurable(study: StudyRecord) -> bool:
    """Whether plans of a study can be measured on this machine: no torch is imported to find out."""
    told, weights = study.scores.provenance.get("dataset"), study.model.weights
    there = weights == "demo" or (weights.endswith(".safetensors") and Path(weights).is_file())
    return told in DATA and there and study.path is not None and importlib.util.find_spec("torch") is not None


def _last_line(stream: Any, last: list[str]) -> None:
    with contextlib.suppress(OSError, ValueError):
        for line in stream or ():
            if line.strip():
                last[0] = line.strip()


@atexit.register
def _end_with_kernel() -> None:
    if _only is not None:
        _only.end()
