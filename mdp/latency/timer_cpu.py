"""The Timer of networks that torch runs on a CPU, eager or compiled, on a pinned number of threads."""

from ..networks.segments import Workload
from . import allocator as memory
from .cpu_clock import CpuClock, refuse_too_large
from .device import ResolvedDeployment
from .out_of_memory import no_memory
from .timer import WARM_UP, PreparedWorkload, Reading, build, forward_of, seconds_of


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
        self._clock = CpuClock(deployment.threads)
        self.clock, self.caution = self._clock.name, self._clock.caution

    def prepare(self, workload: Workload) -> PreparedWorkload:
        refuse_too_large(self.deployment, workload)
        with self.inference(), no_memory(workload.key):
            module, inputs = build(self.deployment, workload)
            forward = forward_of(self.deployment)

            def call():
                return forward(module, *inputs)

            def refresh():
                for x in inputs:
                    x.mul_(1)

            best = min(1000 * seconds_of(call) for _ in range(WARM_UP))
        return PreparedWorkload(workload.key, call, refresh, best)

    def once(self, prepared: PreparedWorkload) -> Reading:
        with self.inference():
            prepared.refresh()
            return Reading(*self._clock.time(prepared.call))
