"""Long work in a process of its own, which outlives the page that started it.

A job is a folder under data/jobs: `job.json` (what runs), `events.jsonl` (what it says, one object a line),
`log.txt` (its output), `exit` (its exit status), `cancelled` (somebody asked to stop it). Any number of pages
may watch; none is needed. A job runs `python -m mdp COMMAND`, so what the page does, a terminal can do.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from .errors import BadFile, MdpError
from .files import read_json, write_json
from .paths import data_dir
from .progress import Progress, Reporter

# What runs a command; tests put commands of their own here.
COMMAND = (sys.executable, "-m", "mdp")

# How long a job may take to stop by itself before it is killed; everything finished is saved already.
GRACE = 0.7

# A job that steps a thousand times a second must not fill the disk, nor slow down those who read it.
SECONDS_BETWEEN_STEPS = 0.1


class JobReporter(Reporter):
    """Writes events of a running job; used inside the job's process."""

    def __init__(self, folder: str | os.PathLike):
        super().__init__()
        self._path = Path(folder) / "events.jsonl"
        self._last_step = float("-inf")

    def show(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.done < progress.total and now - self._last_step < SECONDS_BETWEEN_STEPS:
            return
        self._last_step = now
        self.event("progress", **progress.to_json())

    def metric(self, **values: Any) -> None:
        self.event("metric", **values)

    def message(self, text: str) -> None:
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


@dataclass(frozen=True)
class JobState:
    """What is known of a job now. `status`: running, done, failed, cancelled, lost (its process is gone)."""

    id: str
    title: str
    kind: str
    status: str
    started: float
    progress: dict[str, Any] | None = None
    metrics: tuple[dict[str, Any], ...] = ()
    messages: tuple[str, ...] = ()
    result: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    arguments: tuple[str, ...] = ()


def start(arguments: Sequence[str], title: str) -> str:
    """Start `python -m mdp ARGUMENTS... --job FOLDER` in a session of its own; returns the job's id.

    Raises:
        MdpError: the jobs folder cannot be written, or whoever serves this page has switched long work off.
    """
    if os.environ.get("MDP_LONG_WORK") == "off":
        raise MdpError(
            "Long work is switched off on this shared server. Take the plan away and run it on a machine "
            "of your own."
        )
    kind = arguments[0]
    job_id = f"{time.strftime('%Y%m%d-%H%M%S')}-{kind}-{uuid.uuid4().hex[:6]}"
    folder = _folder(job_id)
    try:
        folder.mkdir(parents=True)
        log = (folder / "log.txt").open("wb")
    except OSError as error:
        raise MdpError(
            f"The job could not be started: {folder} cannot be written ({error.strerror}). "
            "Choose another folder with MDP_DATA=/some/folder."
        ) from None
    words = [str(a) for a in arguments]
    with log:
        process = subprocess.Popen(
            [*COMMAND, *words, "--job", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        write_json(
            folder / "job.json",
            {
                "id": job_id,
                "kind": kind,
                "title": title,
                "arguments": words,
                "pid": process.pid,
                "created": _created(process.pid),
                "started": time.time(),
            },
        )
    except MdpError:
        _signal(process.pid, signal.SIGKILL)  # nobody would find it again
        process.wait()
        raise
    # Reap the child and note how it ended; if this process dies first, the job has noted it (`note_exit`).
    _reapers[job_id] = threading.Thread(target=_reap, args=(process, folder), daemon=True)
    _reapers[job_id].start()
    return job_id


def note_exit(folder: str | os.PathLike, code: int) -> None:
    """Keep a job's exit status, unless it is known; the command line calls this at the end of a job."""
    path = Path(folder) / "exit"
    with contextlib.suppress(OSError):  # the folder was removed, or cannot be written
        if not path.exists():
            path.with_suffix(".part").write_text(str(code))
            path.with_suffix(".part").replace(path)


def state(job_id: str) -> JobState:
    """Read a job's state from its folder. Raises BadFile if there is no such job."""
    folder = _folder(job_id)
    job = _read(folder)
    progress, metrics, messages, result = None, [], [], {}
    status, error = _status(folder, job)  # before the events: one who reads "done" has read them all
    for event in _events(folder):
        kind = event.pop("kind", "")
        if kind == "progress":
            progress = event
        elif kind == "metric":
            metrics.append(event)
        elif kind == "message":
            messages.append(str(event.get("text", "")))
        elif kind == "result":
            event.pop("time", None)
            result |= event
    return JobState(
        job_id,
        job["title"],
        job["kind"],
        status,
        job["started"],
        progress,
        tuple(metrics),
        tuple(messages),
        result,
        error,
        tuple(job.get("arguments", ())),
    )


def cancel(job_id: str) -> JobState:
    """Stop a job and all its children within a second; returns its state then."""
    folder = _folder(job_id)
    job = _read(folder)
    if _alive(job):
        (folder / "cancelled").touch()
        family = _family(job["pid"])
        _signal(job["pid"], signal.SIGTERM)
        _wait_for_end(job, GRACE)
        _signal(job["pid"], signal.SIGKILL)  # the whole group: children may outlive their parent
        for process in family:  # and those that left the group
            with contextlib.suppress(psutil.Error):
                process.kill()
        _wait_for_end(job, 2.0)  # it is dead; a busy machine may take a moment to clear it away
    return state(job_id)


def list_jobs(kind: str | None = None) -> list[JobState]:
    """All jobs, the newest first; folders that hold no readable job are left out."""
    found = []
    for path in (data_dir() / "jobs").glob(f"*-{kind or '*'}-*/job.json"):
        with contextlib.suppress(MdpError):
            found.append(state(path.parent.name))
    found = [job for job in found if kind in (None, job.kind)]
    return sorted(found, key=lambda job: job.started, reverse=True)


def output(job_id: str, characters: int = 20_000) -> str:
    """The end of what a job printed."""
    try:
        with (_folder(job_id) / "log.txt").open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - characters))
            return file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""


def _folder(job_id: str) -> Path:
    if not job_id or Path(job_id).name != job_id:
        raise MdpError(f"{job_id!r} is not the id of a job.")
    return data_dir() / "jobs" / job_id


def _read(folder: Path) -> dict[str, Any]:
    job = read_json(folder / "job.json", "job")
    if not isinstance(job, dict) or {"title", "kind", "pid", "created", "started"} - set(job):
        raise BadFile(f"The job {folder / 'job.json'} is damaged; delete its folder.")
    return job


def _status(folder: Path, job: dict[str, Any]) -> tuple[str, str]:
    if _alive(job):
        return "running", ""
    if folder.name in _reapers:  # our own child: wait the moment until its exit status is noted
        _reapers[folder.name].join(timeout=1)
    try:
        code = int((folder / "exit").read_text())
    except (OSError, ValueError):
        code = None
    if code == 0:  # also when it was finished before a cancel reached it
        return "done", ""
    if code == 130 or (folder / "cancelled").exists():
        return "cancelled", ""
    return ("lost" if code is None else "failed"), _last_words(folder, code)


def _last_words(folder: Path, code: int | None) -> str:
    lines = output(folder.name).strip().splitlines()
    if code == 2 and lines:  # a sentence of ours
        return lines[-1]
    tail = f" It last said: {lines[-1]}" if lines else ""
    if code is None:
        return f"The process is gone without a word; was the machine restarted? Start it again.{tail}"
    if code < 0:
        name = signal.Signals(-code).name if -code in list(signal.Signals) else str(-code)
        hint = "; the machine may be short of memory" if name == "SIGKILL" else ""
        return f"It was stopped from outside ({name}){hint}. Start it again: what was finished is kept.{tail}"
    return f"It stopped with an error (exit status {code}); the whole log is in {folder / 'log.txt'}.{tail}"


def _events(folder: Path) -> list[dict[str, Any]]:
    try:
        lines = (folder / "events.jsonl").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    events = []
    for line in lines:
        try:
            event = json.loads(line)
        except json.JSONDecodeError:
            continue  # the line being written right now
        if isinstance(event, dict):
            events.append(event)
    return events


# Jobs that this process started: a thread waits for each.
_reapers: dict[str, threading.Thread] = {}


def _reap(process: subprocess.Popen, folder: Path) -> None:
    note_exit(folder, process.wait())


def _wait_for_end(job: dict[str, Any], seconds: float) -> None:
    end = time.monotonic() + seconds
    while _alive(job) and time.monotonic() < end:
        time.sleep(0.02)


def _family(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []


def _created(pid: int) -> float | None:
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return None


def _alive(job: dict[str, Any]) -> bool:
    """Whether the job's own process runs; a pid given to somebody else since does not count."""
    try:
        process = psutil.Process(job["pid"])
        # The time of creation is counted from the boot time, which wanders a little with the clock.
        same = abs(process.create_time() - job["created"]) < 3
        return same and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, TypeError):
        return False


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
