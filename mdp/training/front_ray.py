"""Running a front of fine-tunings on a Ray cluster: each member is one task, its process on one node.

The nodes need this project installed, and study, images and output under the same paths as here, as a
shared file system gives them. Ray (an extra) decides what runs where; there is no scheduler of ours.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..core.errors import Cancelled, MdpError, first_line
from ..core.progress import Reporter
from .front_members import Member
from .front_run import LOG, PAUSE, ended, progress, safely, tell

ANSWER = 5.0  # seconds to open a connection
JOIN = 45.0  # seconds in which a cluster that accepts connections has to let us in
MISSING = "Ray is not installed here. Install it with: pip install 'mdp-explorer[ray]'"
_PROBE = """import ray, sys
print("imported", flush=True)
ray.init(address=sys.argv[1], log_to_driver=False, logging_level="ERROR")"""
_ROOT = str(Path(__file__).resolve().parents[2])


def run_front_on_ray(
    members: Sequence[Member],
    command: Callable[[Member], list[str]],
    finished: Callable[[Member], Member],
    report: Reporter,
    *,
    address: str,
    table_at: Path | None = None,
) -> list[Member]:
    """Run every member that waits on the cluster at `address`; else as `front_run.run_front`.

    Args:
        address: "auto", "HOST:PORT" (of `ray start --head`), or "ray://HOST:PORT" for Ray's client.
        command: what trains a member, as the words of a process; the first is replaced by the node's Python.

    Raises:
        MdpError: Ray is not installed, or no cluster answers there.
        Cancelled: on request; the members that run are stopped.
    """
    ray, now, running = joined(address), list(members), {}
    try:
        waiting = [i for i, one in enumerate(now) if one.state == "waiting"]
        task = ray.remote(trained).options(max_retries=0, **_share(ray, len(waiting)))
        for i in waiting:
            now[i].folder.mkdir(parents=True, exist_ok=True)
            log = now[i].folder.resolve() / LOG
            running[i] = (task.remote(command(now[i])[1:], str(log), os.getcwd()), log)
            now[i] = replace(now[i], state="running")
        while running:
            done, _ = ray.wait([ref for ref, _ in running.values()], timeout=PAUSE)
            for i, (ref, log) in list(running.items()):
                if ref in done:
                    del running[i]
                    now[i] = _ended(ray, ref, now[i], log, finished)
                    tell(now, report, table_at, now[i])
            safely(report.step, *progress(now, running))
            report.check()
        return now
    finally:
        for ref, _ in running.values():
            ray.cancel(ref, force=False)
        if running:
            ray.wait([ref for ref, _ in running.values()], num_returns=len(running), timeout=2)
        ray.shutdown()


def joined(address: str) -> Any:
    """The module `ray`, connected. A cluster that does not answer is a sentence, soon."""
    try:
        import ray
    except ImportError:
        raise MdpError(MISSING) from None
    _reach(address)
    # In a process of its own first: where no cluster answers, Ray waits for minutes, or ends its process.
    with subprocess.Popen(
        [sys.executable, "-c", _PROBE, address], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as probe:
        try:
            if probe.stdout:
                probe.stdout.readline()  # on a busy machine the import alone takes half a minute
            _, said = probe.communicate(timeout=JOIN)
        except subprocess.TimeoutExpired:
            raise MdpError(_silent(address, f"nothing came within {JOIN:g} s")) from None
        finally:
            probe.kill()
    if probe.returncode:
        why = (said.strip().splitlines() or ["it said nothing"])[-1]
        raise MdpError(_silent(address, why[:200].rstrip(".")))
    ours = signal.getsignal(signal.SIGTERM)
    ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    if threading.current_thread() is threading.main_thread():  # Ray puts its own, which ends without a word
        signal.signal(signal.SIGTERM, ours)
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # nodes need not find it by its name
    return ray


def trained(words: list[str], log: str, folder: str) -> int:
    """Run on a node: a member's process, its words in `log`; returns its exit status."""
    path = os.pathsep.join(part for part in (_ROOT, os.environ.get("PYTHONPATH", "")) if part)
    with open(log, "wb") as file:
        process = subprocess.Popen(
            [sys.executable, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=file,
            cwd=folder if os.path.isdir(folder) else None, env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip
        try:
            while process.poll() is None:
                time.sleep(0.1)
        finally:  # cancelled: nothing of it stays
            if process.poll() is None:
                process.kill()
                process.wait()
    return process.returncode


def _reach(address: str) -> None:
    """Raises MdpError where nothing listens at HOST:PORT."""
    if address == "auto":
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        raise MdpError(
            f"{address!r} is no address of a Ray cluster. Write HOST:PORT, ray://HOST:PORT or auto."
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), ANSWER).close()
    except (OSError, OverflowError, UnicodeError) as error:
        raise MdpError(_silent(address, first_line(error))) from None


def _silent(address: str, why: str) -> str:
    return (
        f"No Ray cluster answers at {address} ({why}). Start one with `ray start --head`, and give the "
        "address that it prints (--ray HOST:PORT)."
    )


def _share(ray: Any, members: int) -> dict[str, Any]:
    """What one member asks the cluster for: cores as far as they go round, and a GPU where there are some."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    cores = min((int(node.get("CPU", 1)) for node in nodes), default=1)
    on_one = -(-members // max(1, len(nodes)))
    gpus = any(node.get("GPU", 0) >= 1 for node in nodes)
    return {"num_cpus": max(1, cores // max(1, on_one)), "num_gpus": int(gpus)}


def _ended(ray: Any, ref: Any, member: Member, log: Path, finished: Callable[[Member], Member]) -> Member:
    try:
        return ended(member, ray.get(ref), log, finished)
    except Cancelled:
        raise
    except ray.exceptions.RayError as error:
        return replace(member, state="failed", why=f"Its task was lost: {first_line(error)}.")
