"""What is known of a job, read from its folder: by any page, at any time."""

import contextlib
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core.errors import BadFile, MdpError
from ..core.files import parse_json
from .folders import folder_of, job_ids, read_job
from .process import exit_code, is_alive, noted_exit


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


def state(job_id: str) -> JobState:
    """Read a job's state from its folder. Raises BadFile if there is no such job."""
    folder = folder_of(job_id)
    job = read_job(folder)
    progress, metrics, messages, result = None, [], [], {}
    status, error = _status(folder, job)  # before the events: one who reads "done" has read them all
    for event in _events(folder):
        kind = event.pop("kind", "")
        if kind == "progress":
            progress = event if _is_progress(event) else progress
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
        tuple(job.get("arguments") or ()),
    )


def list_jobs(kind: str | None = None) -> list[JobState]:
    """All jobs, the newest first; folders that hold no readable job are left out."""
    found = []
    for job_id in job_ids(kind):
        with contextlib.suppress(MdpError):
            found.append(state(job_id))
    return sorted(found, key=lambda job: job.started, reverse=True)


def output(job_id: str, characters: int = 20_000) -> str:
    """The end of what a job printed."""
    try:
        with (folder_of(job_id) / "log.txt").open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - characters))
            return file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""


def _status(folder: Path, job: Mapping[str, Any]) -> tuple[str, str]:
    # One that was stopped has only to leave, which may take a while on a busy machine.
    if noted_exit(folder) != 130 and is_alive(job):
        return "running", ""
    code = exit_code(folder)
    if code == 0:  # also when it was finished before a cancel reached it
        return "done", ""
    if code == 130 or (folder / "cancelled").exists():
        return "cancelled", ""
    return ("lost" if code is None else "failed"), _last_words(folder, code)


def _last_words(folder: Path, code: int | None) -> str:
    lines = output(folder.name).strip().splitlines()
    if code == 2 and lines:  # a sentence of ours
        return lines[-1]
    if code == 2:
        return (
            "It could not go on, nor write why: the disk may be full. Free some space, then start it again."
        )
    tail = f" It last said: {lines[-1]}" if lines else ""
    if code is None:
        return (
            "The process is gone without a word: it was killed, or the machine was restarted or short of "
            f"memory. Start it again: what was finished is kept.{tail}"
        )
    if code < 0:
        name = signal.Signals(-code).name if -code in list(signal.Signals) else str(-code)
        hint = "; the machine may be short of memory" if name == "SIGKILL" else ""
        return f"It was stopped from outside ({name}){hint}. Start it again: what was finished is kept.{tail}"
    return f"It stopped with an error (exit status {code}); the whole log is in {folder / 'log.txt'}.{tail}"


def _is_progress(event: Mapping[str, Any]) -> bool:
    """Whether it is as `Progress.to_json` makes it."""
    numbers = [event.get("done"), event.get("total"), event.get("time", 0)]
    left = event.get("seconds_left")
    numbers += [] if left is None else [left]
    return all(type(n) in (int, float) for n in numbers) and isinstance(event.get("text"), str)


def _events(folder: Path) -> list[dict[str, Any]]:
    try:
        lines = (folder / "events.jsonl").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    events = []
    for line in lines:
        try:
            event = parse_json(line, "event")
        except BadFile:
            continue  # the line being written right now, or what is none of ours
        if isinstance(event, dict):
            events.append(event)
    return events
