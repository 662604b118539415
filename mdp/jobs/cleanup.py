"""Clearing away the folders of jobs that ended long ago."""

import contextlib
import shutil
import time
from pathlib import Path

from ..core.errors import MdpError
from .folders import folder_of, job_ids, read_job
from .process import is_alive

KEEP = 100  # the newest jobs stay, as long as they are younger than
DAYS = 30


def prune(keep: int = KEEP, days: float = DAYS) -> list[str]:
    """Delete ended jobs beyond the newest `keep` and those started more than `days` ago; returns their ids.

    A running job stays however old it is. Only what the job said goes, never what it made. Of a job that
    a terminal keeps elsewhere, only our link goes. What cannot be deleted is left for the next time.
    """
    now, gone = time.time(), []
    # An id begins with the time of the start.
    for place, job_id in enumerate(sorted(job_ids(), reverse=True)):
        folder = folder_of(job_id)
        try:
            job = read_job(folder)
            ended, age = not is_alive(job), now - float(job["started"])
        except (MdpError, TypeError, ValueError):  # damaged, a link to nowhere, or being made this moment
            age = now - _touched(folder, now)
            ended = age > 3600
        if ended and (place >= keep or age > days * 86_400):
            _delete(folder)
            if not folder.exists():
                gone.append(job_id)
    return gone


def _touched(folder: Path, now: float) -> float:
    try:
        return folder.lstat().st_mtime
    except OSError:
        return now


def _delete(folder: Path) -> None:
    with contextlib.suppress(OSError):
        if folder.is_symlink():
            folder.unlink(missing_ok=True)
        else:
            shutil.rmtree(folder)
