"""Running a front of fine-tunings: each member in a process of its own, one after the other or side by side.

A member that fails, or whose process is killed, takes nothing from the others; what it has finished is in its
folder, and the same command goes on with it.
"""

import contextlib
import dataclasses
import os
import re
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from ..core.cores import whole_cores
from ..core.errors import Cancelled, MdpError, first_line
from ..core.files import write_json
from ..core.progress import Reporter
from .front_members import Member

LOG = "log.txt"
PAUSE = 0.1  # seconds between looks at the members
LEAVING = 0.4  # seconds that they get to end by themselves when the whole is stopped
# Of a member's process when it has just begun, before anything is known; and room for what others need.
LEAST_MEMORY = 1.5e9
_STEP = re.compile(r"^\s*(\d+) %(?:  (.*))?$")


def run_front(
    members: Sequence[Member],
    command: Callable[[Member], list[str]],
    finished: Callable[[Member], Member],
    report: Reporter,
    *,
    side_by_side: int = 1,
    table_at: Path | None = None,
) -> list[Member]:
    """Run every member that waits; returns all as they are at the end.

    Args:
        command: what trains a member, as the words of a process.
        finished: the member as done, if its folder says so; else as it was.
        side_by_side: how many at once, at most; no more than there are cores, and while memory allows.
        table_at: file that always holds what is done.

    Raises:
        Cancelled: on request; the members that run are stopped, and go on another time.
    """
    now = list(members)
    running: dict[int, tuple[subprocess.Popen, Path]] = {}
    most = max(1, min(side_by_side, whole_cores()))
    if most < side_by_side:
        safely(report.message, f"Of {side_by_side} side by side {most} run: there are no more cores.")
    try:
        while True:
            for i, (process, log) in list(running.items()):
                if process.poll() is not None:
                    del running[i]
                    now[i] = ended(now[i], process.returncode, log, finished)
                    tell(now, report, table_at, now[i])
            waiting = [i for i, one in enumerate(now) if one.state == "waiting"]
            if waiting and len(running) < most and _room(running):
                i = waiting[0]
                now[i], started = _start(now[i], command, max(1, whole_cores() // most))
                if started is None:
                    tell(now, report, table_at, now[i])
                else:
                    running[i] = started
                continue
            if not running and not waiting:
                return now
            safely(report.step, *progress(now, running))
            report.check()
            time.sleep(PAUSE)
    finally:
        _stop([process for process, _ in running.values()])


def _start(
    member: Member, command: Callable[[Member], list[str]], threads: int
) -> tuple[Member, tuple[subprocess.Popen, Path] | None]:
    log = member.folder / LOG
    try:
        member.folder.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as file:
            process = subprocess.Popen(
                command(member),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=file,
                env={**os.environ, "OMP_NUM_THREADS": str(threads)},
            )
    except (OSError, MdpError) as error:
        why = f"It could not be started: {first_line(error)}."
        return dataclasses.replace(member, state="failed", why=why), None
    return dataclasses.replace(member, state="running"), (process, log)


def ended(member: Member, code: int, log: Path, finished: Callable[[Member], Member]) -> Member:
    after = finished(member) if code == 0 else member
    if after.state == "done":
        return after
    return dataclasses.replace(member, state="failed", why=_last_words(log, code))


def _last_words(log: Path, code: int) -> str:
    """What a member said last that is no progress; what its exit status says where it said nothing."""
    with contextlib.suppress(OSError):
        lines = [x.strip() for x in log.read_text(encoding="utf-8", errors="replace").splitlines()]
        said = [x for x in lines if x and not _STEP.match(x) and not x.startswith(("epoch ", "accuracy "))]
        if said and code > 0:
            return said[-1]
    if code < 0:
        return f"Its process was ended from outside (signal {-code}); memory may have been short."
    return f"It ended with status {code} and said nothing."


def tell(now: Sequence[Member], report: Reporter, table_at: Path | None, one: Member) -> None:
    tuned = one.facts.get("accuracy_tuned")
    how = one.why or ("" if tuned is None else f"{100 * tuned:.1f} % of the test images right.")
    safely(report.message, f"{one.name}, {one.state}: {how}")
    if one.state == "done":  # pages look for the new network
        safely(report.metric, members_done=sum(m.state in ("done", "same") for m in now))
    if table_at is not None:
        safely(write_json, table_at, {"members": [m.to_json() for m in now]})


def safely(say: Callable, *words, **values) -> None:
    """Say or write it; a full disk keeps nobody from going on with the others."""
    try:
        say(*words, **values)
    except Cancelled:
        raise
    except MdpError:
        pass


def progress(now: Sequence[Member], running) -> tuple[float, float, str]:
    count = [one for one in now if one.state not in ("same", "no plan")]
    done = float(sum(one.state in ("done", "failed") for one in count))
    texts = []
    for i, (_, log) in running.items():
        share, words = _step_of(log)
        done += share
        texts.append(f"{now[i].name}: {words}" if words else now[i].name)
    return done, max(1.0, float(len(count))), "; ".join(texts)


def _step_of(log: Path) -> tuple[float, str]:
    """The last progress in a member's log: (share, words)."""
    with contextlib.suppress(OSError), log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 2000))
        for line in reversed(file.read().decode("utf-8", "replace").splitlines()):
            if found := _STEP.match(line):
                return int(found[1]) / 100, re.sub(r", [^,]* left$", "", found[2] or "")
    return 0.0, ""


def _room(running) -> bool:
    """Whether memory holds one more beside those that run; the first always starts."""
    if not running:
        return True
    largest = LEAST_MEMORY
    for process, _ in running.values():
        with contextlib.suppress(psutil.Error):
            largest = max(largest, float(psutil.Process(process.pid).memory_info().rss))
    return psutil.virtual_memory().available > 1.5 * largest


def _stop(processes: Sequence[subprocess.Popen]) -> None:
    """End members and all that they started, within a second."""
    if not processes:
        return
    family = list(processes)
    for process in processes:
        with contextlib.suppress(psutil.Error):
            family += psutil.Process(process.pid).children(recursive=True)
        process.terminate()
    end = time.monotonic() + LEAVING
    while time.monotonic() < end and any(process.poll() is None for process in processes):
        time.sleep(0.02)
    for one in family:
        with contextlib.suppress(psutil.Error, OSError):
            one.kill()
    for process in processes:
        process.wait()
