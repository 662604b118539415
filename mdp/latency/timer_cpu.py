"""The CPU's Timer: a pinned number of threads, and a watch on who else took our cores.

With one thread the clock is the thread's CPU time. A forward pass neither sleeps nor waits for a disk, so on
a free core that is its wall time (tests/latency holds the two together); on a shared one it leaves out the
turns of other programs, which no table of a network can foresee. With several threads it is wall time.

A quota below one core is no such turn: whoever serves a network there waits at every period, and neither
the thread's CPU time nor the median of wall times shows it (most passes fall between two waits). What a pass
takes there on average is its CPU time over the quota, and that is what is read.
"""

import math
import time

from ..core.cores import usable_cores
from ..networks.segments import Workload
from . import allocator as memory
from .device import ResolvedDeployment
from .out_of_memory import OutOfMemory, no_memory
from .timer import WARM_UP, PreparedWorkload, Reading, build, forward_of, seconds_of

try:
    import resource
except ImportError:  # Windows has no such count; readings are then never marked as disturbed
    resource = None


class CpuTimer:
    """Times forward passes, eager or compiled, in `torch.inference_mode`.

    A reading finds the caches as a network leaves them: before it the inputs are written, untimed, as the
    layer before has just done, while other workloads have run since the weights were used. It is of one call:
    a second one in a row would find hot weights (12 % too cheap for an EfficientNet-Lite0 of one image).
    A reading during which the scheduler took a core from us is marked as disturbed: its caches are cold.
    """

    def __init__(self, deployment: ResolvedDeployment):
        import torch

        self.deployment = deployment
        self.inference = torch.inference_mode
        torch.set_num_threads(deployment.threads)
        memory.keep()
        # Windows counts a thread's time in ticks of 16 ms, too coarse for a layer.
        alone = deployment.threads == 1 and time.get_clock_info("thread_time").resolution < 1e-6
        self.clock = "CPU time of the one thread" if alone else "wall time"
        self._now = time.thread_time_ns if alone else time.perf_counter_ns
        self._share, self.caution = 1.0, ""
        cores = usable_cores()
        if cores < deployment.threads:
            self._share = cores if alone else 1.0
            self.clock += f" over the quota of {cores:g}: wall time on average" if alone else ", throttled"
            self.caution = throttled(cores, alone)

    def prepare(self, workload: Workload) -> PreparedWorkload:
        self._guard(workload)
        with self.inference(), no_memory(workload.key):
            module, inputs = build(self.deployment, workload)
            forward = forward_of(self.deployment)

            def call():
                return forward(module, *inputs)

            def refresh():
                for x in inputs:
                    x.mul_(1.0)

            best = min(1000 * seconds_of(call) for _ in range(WARM_UP))
        return PreparedWorkload(workload.key, call, refresh, best)

    def once(self, prepared: PreparedWorkload) -> Reading:
        call, now = prepared.call, self._now
        with self.inference():
            prepared.refresh()
            before = _switches()
            start = now()
            call()
            end = now()
            return Reading((end - start) / 1e6 / self._share, _switches() != before)

    def _guard(self, workload: Workload) -> None:
        """Refuse what could not fit: Linux would kill the process instead of raising."""
        import psutil

        size = 2 if self.deployment.dtype != "float32" else 4
        need = 3 * size * self.deployment.batch * sum(math.prod(shape) for shape in workload.inputs)
        if need > psutil.virtual_memory().available:
            raise OutOfMemory(
                f"{workload.key} needs about {need / 2**30:.0f} GiB for its inputs alone; "
                "choose a smaller batch."
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
