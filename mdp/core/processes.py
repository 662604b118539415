"""Which of several processes this one is, where a launcher started several (torchrun, accelerate, MPI).

Read from the launcher's environment, so that it is known before torch is imported. Training shares its work
among the processes; only the first one writes files, reports and measures latency.
"""

import os
import signal
import sys
import threading
import time

from .errors import MdpError

# The names that accelerate reads, in its order.
_RANK = ("RANK", "PMI_RANK", "OMPI_COMM_WORLD_RANK", "MV2_COMM_WORLD_RANK")
_COUNT = ("WORLD_SIZE", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE")
_COUNT_HERE = (
    "LOCAL_WORLD_SIZE",
    "MPI_LOCALNRANKS",
    "OMPI_COMM_WORLD_LOCAL_SIZE",
    "MV2_COMM_WORLD_LOCAL_SIZE",
)
_LOCAL = ("LOCAL_RANK", "MPI_LOCALRANKID", "OMPI_COMM_WORLD_LOCAL_RANK", "MV2_COMM_WORLD_LOCAL_RANK")

# Seconds from a signal to the end of a process that waits for the others, where no signal is heard.
GRACE = 0.5
STOPPED = "Stopped on request; what was finished is kept."


class Lost(MdpError):
    """Another process of the run has ended, and this one cannot go on without it."""


def count() -> int:
    """How many processes run this command together; 1 without a launcher."""
    return max(1, _number(_COUNT, 1))


def rank() -> int:
    """The number of this process among them, from 0."""
    return _number(_RANK, 0) if count() > 1 else 0


def first_here() -> bool:
    """Whether it is the first one on its machine."""
    return count() == 1 or _number(_LOCAL, rank()) == 0


def count_here() -> int:
    """How many of them share this machine, as the launcher says; 1 where it does not."""
    return max(1, _number(_COUNT_HERE, 1))


def joined() -> bool:
    """Whether the processes work together by now; before that, what fails in one fails in all of them."""
    torch = sys.modules.get("torch")
    return bool(torch and torch.distributed.is_available() and torch.distributed.is_initialized())


def label() -> str:
    """What a sentence begins with, so that one sees which process says it: "" in the first one."""
    return f"Process {rank() + 1} of {count()}: " if rank() else ""


def leave_when_told() -> None:
    """End this process soon after SIGTERM or SIGINT even where it waits for the others.

    Python hears no signal while it waits inside of torch for what another process sends, which may be for
    ever: that one may be stopped already. Whatever can be tidied up in time is (the usual KeyboardInterrupt).
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    # A worker that is forked from here has signals of its own.
    os.register_at_fork(after_in_child=lambda: signal.set_wakeup_fd(-1))

    def wait() -> None:
        while os.read(reading, 1)[0] not in (signal.SIGTERM, signal.SIGINT):
            pass
        time.sleep(GRACE)
        os.write(sys.stderr.fileno(), f"{label()}{STOPPED}\n".encode())
        os._exit(130)

    threading.Thread(target=wait, daemon=True).start()


def _number(names: tuple[str, ...], otherwise: int) -> int:
    for name in names:
        value = os.environ.get(name, "")
        if value.isdecimal():
            return int(value)
    return otherwise
