"""Starting and stopping jobs, and making a job of a command that was typed in a terminal."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil

from ..core import processes
from ..core.errors import BadFile, MdpError
from .cleanup import prune
from .folders import folder_of, jobs_dir, new_id, read_job, write_job
from .process import companions, created_at, family, is_alive, note_exit, reap, send, wait_for_end
from .reading import JobState, state

# What runs a command; tests put commands of their own here.
COMMAND = (sys.executable, "-m", "mdp")

# How long a job may take to stop by itself before it is killed; everything finished is saved already.
GRACE = 0.5

# Tells a job's process that whoever started it describes it already.
_DESCRIBED = "MDP_JOB"


def refusal() -> str:
    """Why no job can be started from here, as a sentence; "" where it can."""
    if os.environ.get("MDP_LONG_WORK") == "off":
        return (
            "Long work is switched off on this shared server. Take the plan away and run it on a machine "
            "of your own."
        )
    return ""


def refuse_visitors() -> None:
    """Raises MdpError where `refusal` says why pages start, write and ask nothing here."""
    if refusal():
        raise MdpError(refusal())


def start(arguments: Sequence[str], title: str) -> str:
    """Start `python -m mdp ARGUMENTS... --job FOLDER` in a session of its own; returns the job's id.

    Old jobs that have ended are cleared away first.

    Raises:
        MdpError: the jobs folder cannot be written, or whoever serves this page has switched long work off.
    """
    refuse_visitors()
    prune()
    words = [str(a) for a in arguments]
    folder = folder_of(new_id(words[0]))
    try:
        folder.mkdir(parents=True)
        log = (folder / "log.txt").open("wb")
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise MdpError(
            f"The job could not be started: {folder} cannot be written ({error.strerror}). "
            "Choose another folder with MDP_DATA=/some/folder."
        ) from None
    with log:
        process = subprocess.Popen(
            [*COMMAND, *words, "--job", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, _DESCRIBED: folder.name},
        )
    try:
        write_job(folder, title, words, process.pid, created_at(process.pid))
    except MdpError:
        send(process.pid, signal.SIGKILL)  # nobody would find it again
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)
        raise
    reap(process, folder)
    return folder.name


def introduce(folder: str | os.PathLike, arguments: Sequence[str]) -> bool:
    """Make a job of this very process, typed as `mdp ARGUMENTS... --job FOLDER`, so that the pages find it.

    False if whoever started it has described it already. The folder may be anywhere: it is linked among the
    jobs. What an earlier run in it said is cleared away.

    Raises:
        MdpError: the folder cannot be written, or a job runs in it.
    """
    folder = Path(folder).resolve()
    if os.environ.pop(_DESCRIBED, None) == folder.name:
        return False
    with contextlib.suppress(BadFile):
        if is_alive(read_job(folder)):
            raise MdpError(f"A job runs in {folder} already. Wait for its end, or give another --job folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("events.jsonl", "log.txt", "exit", "cancelled"):
            (folder / name).unlink(missing_ok=True)
        jobs_dir().mkdir(parents=True, exist_ok=True)
        for link in jobs_dir().iterdir():
            if link.is_symlink() and link.resolve() == folder:
                link.unlink()
        title = " ".join(["mdp", *arguments])
        write_job(folder, title, list(arguments), os.getpid(), created_at(os.getpid()), processes.count())
        (jobs_dir() / new_id(arguments[0])).symlink_to(folder, target_is_directory=True)
    except OSError as error:
        raise MdpError(
            f"The folder {folder} cannot hold a job: {error.strerror}. Choose another one for --job."
        ) from None
    return True


def cancel(job_id: str) -> JobState:
    """Stop a job and all its children within a second; returns its state then.

    Raises:
        MdpError: there is no such job, or whoever serves this page has switched long work off.
    """
    refuse_visitors()
    folder = folder_of(job_id)
    job = read_job(folder)
    if is_alive(job):
        with contextlib.suppress(OSError):  # a full disk keeps nobody from stopping it
            (folder / "cancelled").touch()
        others = companions(job)
        children = [*family(job["pid"]), *others, *(child for other in others for child in family(other.pid))]
        for pid in (job["pid"], *(other.pid for other in others)):
            send(pid, signal.SIGTERM)
        wait_for_end(folder, job, GRACE)
        send(job["pid"], signal.SIGKILL)  # the whole group: children may outlive their parent
        for process in children:  # and those outside of it
            with contextlib.suppress(psutil.Error):
                process.kill()
        note_exit(folder, 130)  # it is dead: a busy machine may take a moment to clear it away
    return state(job_id)
