"""The process of a job: whether it lives, how it ended, and signals to it and its children."""

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

# Jobs that this process started: a thread waits for each and notes how it ended. Here too: the disk may be
# full.
_reapers: dict[str, threading.Thread] = {}
_codes: dict[str, int] = {}
# Seconds that a process may take to leave once it has noted its end.
LEAVING = 0.2


def reap(process: subprocess.Popen, folder: Path) -> None:
    """Note how a child ends. If this process dies first, the job has noted it itself (`note_exit`)."""

    def wait() -> None:
        _codes[folder.name] = process.wait()
        note_exit(folder, _codes[folder.name])

    _reapers[folder.name] = threading.Thread(target=wait, daemon=True)
    _reapers[folder.name].start()


def note_exit(folder: str | os.PathLike, code: int) -> None:
    """Keep a job's exit status, unless it is known; the command line calls this at the end of a job."""
    path = Path(folder) / "exit"
    with contextlib.suppress(OSError):  # the folder was removed, or cannot be written
        if not path.exists():
            path.with_suffix(".part").write_text(str(code))
            path.with_suffix(".part").replace(path)


def noted_exit(folder: Path) -> int | None:
    """The exit status that `note_exit` kept, None without one. The process may still be leaving."""
    try:
        return int((folder / "exit").read_text())
    except (OSError, ValueError):
        return None


def exit_code(folder: Path) -> int | None:
    """The exit status of a job whose process is gone; None if nobody noted it."""
    noted = noted_exit(folder)
    if noted is None and folder.name in _reapers:  # our own child: wait the moment until it is noted
        _reapers[folder.name].join(timeout=1)
        noted = noted_exit(folder)
    return _codes.get(folder.name) if noted is None else noted


def created_at(pid: int) -> float | None:
    """When a process began, in seconds since the epoch: with its pid it names it; None if it is gone."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return None


def is_alive(job: Mapping[str, Any]) -> bool:
    """Whether the job's own process runs; a pid given to somebody else since does not count."""
    try:
        process = psutil.Process(job["pid"])
        # The time of creation is counted from the boot time, which wanders a little with the clock.
        same = abs(process.create_time() - job["created"]) < 3
        return same and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, TypeError, ValueError):
        return False


def wait_for_end(folder: Path, job: Mapping[str, Any], seconds: float) -> None:
    """Return when a job's process is gone, soon after it has noted its end, or after so many seconds."""
    end = time.monotonic() + seconds
    while is_alive(job) and time.monotonic() < end:
        if noted_exit(folder) is not None:
            end = min(end, time.monotonic() + LEAVING)
        time.sleep(0.02)


def family(pid: int) -> list[psutil.Process]:
    """Children and their children."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []


def companions(job: Mapping[str, Any]) -> list[psutil.Process]:
    """The other processes on this machine of a job that a launcher started in several: the same words, the
    same parent. Those on other machines end when they lose the first one."""
    if job.get("processes", 1) < 2:
        return []
    found = []
    with contextlib.suppress(psutil.Error):
        first = psutil.Process(job["pid"])
        words, launcher = first.cmdline(), first.parent()
        for process in launcher.children() if launcher else ():
            with contextlib.suppress(psutil.Error):
                if process.pid != first.pid and process.cmdline() == words:
                    found.append(process)
    return found


def send(pid: int, number: int) -> None:
    """A signal to a job and, where it leads a group of its own, to all of that."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.getpgid(pid) == pid:
            os.killpg(pid, number)
        else:  # started by a script, whose group holds more than this job
            os.kill(pid, number)
