"""Reading a CPU's time: which clock, and a watch on who else took our cores. Shared by the CPU's timers.

With one thread the clock is the thread's CPU time. A forward pass neither sleeps nor waits for a disk, so on
a free core that is its wall time (tests/latency holds the two together); on a shared one it leaves out the
turns of other programs, which no table of a network can foresee. With several threads it is wall time.

A quota below one core is no such turn: whoever serves a network there waits at every period, and neither
the thread's CPU time nor the median of wall times shows it (most passes fall between two waits). What a pass
takes there on average is its CPU time over the quota, and that is what is read.
"""

import math
import time
from collections.abc import Callable
from typing import Any

from ..core.cores import usable_cores
from ..networks.segments import Workload
from .device import ResolvedDeployment
from .out_of_memory import OutOfMemory

try:
    import resource
except ImportError:  # Windows has no such count; readings are then never marked as disturbed
    resource = None


class CpuClock:
    """Times calls that run on `threads` threads, of which one is the caller's.

    Attributes:
        name: what is read, for people; `caution` is what to know where a quota is below the threads.
    """

    def __init__(self, threads: int, elsewhere: bool = False):
        """`elsewhere`: the one thread may be another than the caller's: the process's time is read."""
        # Windows counts a thread's time in ticks of 16 ms, too coarse for a layer.
        alone = threads == 1 and time.get_clock_info("thread_time").resolution < 1e-6
        self.name = "CPU time of the one thread" if alone else "wall time"
        self._now = (
            (time.process_time_ns if elsewhere else time.thread_time_ns) if alone else time.perf_counter_ns
        )
        self._share, self.caution = 1.0, ""
        cores = usable_cores()
        if cores < threads:
            self._share = cores if alone else 1.0
            self.name += f" over the quota of {cores:g}: wall time on average" if alone else ", throttled"
            self.caution = throttled(cores, alone)

    def time(self, call: Callable[[], Any]) -> tuple[float, bool]:
        """(ms of one call, whether the scheduler took a core from us meanwhile)."""
        now, before = self._now, _switches()
        start = now()
        call()
        end = now()
        return (end - start) / 1e6 / self._share, _switches() != before


def refuse_too_large(deployment: ResolvedDeployment, workload: Workload) -> None:
    """Refuse what could not fit: Linux would kill the process instead of raising."""
    import psutil

    size = 2 if deployment.dtype != "float32" else 4
    need = 3 * size * deployment.batch * sum(math.prod(shape) for shape in workload.inputs)
    if need > psutil.virtual_memory().available:
        raise OutOfMemory(
            f"{workload.key} needs about {need / 2**30:.0f} GiB for its inputs alone; choose a smaller batch."
        )


def throttled(cores: float, alone: bool) -> str:
    """What to know of latencies measured under a quota below the number of threads."""
    told = (
        f"The latencies are what a pass takes on average while others follow it: its CPU time over {cores:g}"
        if alone
        else "The latencies are wall times, which such waits make uncertain"
    )
    return (
        f"This process may use {cores:g} of a core's time: with that used up it waits, often for tens of "
        f"milliseconds. {told}; a single pass can be faster, or much slower. For latencies to rely on, give "
        "the container at least one whole core."
    )


def _switches() -> int:
    """How often the scheduler has taken a core from this process (involuntary context switches)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw if resource else 0
