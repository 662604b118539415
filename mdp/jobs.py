"""Long work in a process of its own, which outlives the page that started it.

A job is a folder under data/jobs: `job.json` (what runs), `events.jsonl` (what it says, one object a line),
`log.txt` (its output). Any number of pages may watch; none is needed. A job runs `python -m mdp COMMAND`,
so what the page does, a terminal can do.
"""

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

from .errors import MdpError
from .files import read_json, write_json
from .paths import data_dir
from .progress import Progress, Reporter

# How long a job may take to stop by itself before it is killed; everything finished is saved already.
GRACE = 0.8


class JobReporter(Reporter):
    """Writes events of a running job; used inside the job's process."""

    def __init__(self, folder: str | os.PathLike):
        super().__init__()
        self._path = Path(folder) / "events.jsonl"

    def show(self, progress: Progress) -> None:
        self.event("progress", **progress.to_json())

    def metric(self, **values: Any) -> None:
        self.event("metric", **values)

    def message(self, text: str) -> None:
        self.event("message", text=text)

    def result(self, **values: Any) -> None:
        """What the job made, such as the path of a file."""
        self.event("result", **values)

    def event(self, kind: str, **values: Any) -> None:
        line = json.dumps({"time": time.time(), "kind": kind, **values}, ensure_ascii=False)
        # One write of one line: a reader never sees half an event followed by another.
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


@dataclass(frozen=True)
class JobState:
    """What is known of a job now. `status`: running, done, failed, cancelled, or lost (its process is gone)."""

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


def start(arguments: Sequence[str], title: str) -> str:
    """Start `python -m mdp ARGUMENTS... --job FOLDER` in a session of its own; returns the job's id.

    Raises:
        MdpError: the jobs folder cannot be written.
    """
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
    command = [sys.executable, "-m", "mdp", *map(str, arguments), "--job", str(folder)]
    with log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    write_json(
        folder / "job.json",
        {
            "id": job_id,
            "kind": kind,
            "title": title,
            "arguments": list(map(str, arguments)),
            "pid": process.pid,
            "created": _created(process.pid),
            "started": time.time(),
        },
    )
    # Reap the child and note how it ended; if this process dies first, `state` finds out by the pid.
    threading.Thread(target=_wait, args=(process, folder), daemon=True).start()
    return job_id


def state(job_id: str) -> JobState:
    """Read a job's state from its folder. Raises BadFile if there is no such job."""
    folder = _folder(job_id)
    job = read_json(folder / "job.json", "job")
    progress, metrics, messages, result = None, [], [], {}
    for event in _events(folder):
        kind = event.pop("kind", "")
        if kind == "progress":
            progress = event
        elif kind == "metric":
            metrics.append(event)
        elif kind == "message":
            messages.append(event["text"])
        elif kind == "result":
            event.pop("time", None)
            result |= event
    status, error = _status(folder, job)
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
    )


def cancel(job_id: str) -> JobState:
    """Stop a job and all its children within a second; returns its state then."""
    folder = _folder(job_id)
    job = read_json(folder / "job.json", "job")
    if _status(folder, job)[0] == "running":
        (folder / "cancelled").touch()
        _signal(job["pid"], signal.SIGTERM)
        end = time.monotonic() + GRACE
        while _alive(job) and time.monotonic() < end:
            time.sleep(0.02)
        if _alive(job):
            _signal(job["pid"], signal.SIGKILL)
    return state(job_id)


def list_jobs(kind: str | None = None) -> list[JobState]:
    """All jobs, the newest first; folders that hold no readable job are left out."""
    found = []
    for path in sorted((data_dir() / "jobs").glob("*/job.json"), reverse=True):
        try:
            job = state(path.parent.name)
        except MdpError:
            continue
        if kind is None or job.kind == kind:
            found.append(job)
    return found


def _folder(job_id: str) -> Path:
    if not job_id or Path(job_id).name != job_id:
        raise MdpError(f"{job_id!r} is not the id of a job.")
    return data_dir() / "jobs" / job_id


def _status(folder: Path, job: dict[str, Any]) -> tuple[str, str]:
    if _alive(job):
        return "running", ""
    if (folder / "cancelled").exists():
        return "cancelled", ""
    try:
        code = int((folder / "exit").read_text())
    except (OSError, ValueError):
        code = None
    if code == 0 or (code is None and any(e.get("kind") == "result" for e in _events(folder))):
        return "done", ""
    return ("lost" if code is None else "failed"), _last_words(folder, code)


def _last_words(folder: Path, code: int | None) -> str:
    try:
        lines = (folder / "log.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        lines = []
    if code == 2 and lines:  # a sentence of ours
        return lines[-1]
    tail = f" It last said: {lines[-1]}" if lines else ""
    if code is None:
        return (
            f"The process is gone without a word; the machine may have been restarted. Start it again.{tail}"
        )
    return f"It stopped with an error (exit status {code}); the whole log is in {folder / 'log.txt'}.{tail}"


def _events(folder: Path) -> list[dict[str, Any]]:
    try:
        lines = (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    events = []
    for line in lines:
        try:
            events.append(json.loads(line))
        except json.JSONDecodeError:
            continue  # the line being written right now
    return events


def _wait(process: subprocess.Popen, folder: Path) -> None:
    code = process.wait()
    try:
        (folder / "exit").write_text(str(code))
    except OSError:
        pass  # the folder was removed meanwhile


def _created(pid: int) -> float | None:
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return None


def _alive(job: dict[str, Any]) -> bool:
    """Whether the job's own process runs; a pid given to somebody else since does not count."""
    try:
        process = psutil.Process(job["pid"])
        return process.create_time() == job["created"] and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _signal(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        pass
