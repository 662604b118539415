"""The CPU's Timer: a pinned number of threads, wall time, and a watch on who else took our cores."""

import math
import time

from .device import Deployment
from .pieces import Workload
from .timer import SHORTEST_MS, WARM_UP, OutOfMemory, Prepared, Reading, build, no_memory, seconds_of

try:
    import resource
except ImportError:  # Windows has no such count; readings are then never marked as disturbed
    resource = None


class CpuTimer:
    """Times eager forward passes in `torch.inference_mode`.

    Before each reading the inputs are written anew, untimed: in a network the layer before has just done so.
    A reading during which the scheduler took a core from one of our threads is marked as disturbed.
    """

    def __init__(self, deployment: Deployment):
        import torch

        self.deployment = deployment
        self.inference = torch.inference_mode
        torch.set_num_threads(deployment.threads)

    def prepare(self, workload: Workload) -> Prepared:
        self._guard(workload)
        with self.inference(), no_memory(workload.key):
            module, inputs = build(self.deployment, workload)
            sources = [x.clone() for x in inputs]

            def call():
                return module(*inputs)

            def refresh():
                for x, source in zip(inputs, sources, strict=True):
                    x.copy_(source)

            best = min(1000 * seconds_of(call) for _ in range(WARM_UP))
        return Prepared(workload.key, call, refresh, best, max(1, math.ceil(SHORTEST_MS / max(best, 1e-3))))

    def once(self, prepared: Prepared) -> Reading:
        call, calls = prepared.call, prepared.calls
        with self.inference():
            prepared.refresh()
            before = _switches()
            start = time.perf_counter_ns()
            for _ in range(calls):
                call()
            end = time.perf_counter_ns()
            return Reading((end - start) / 1e6 / calls, _switches() != before)

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


def _switches() -> int:
    """How often the scheduler has taken a core from this process (involuntary context switches)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw if resource else 0
