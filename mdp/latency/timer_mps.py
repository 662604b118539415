"""Apple's GPU: wall time around a synchronised run of calls. torch's MPS backend has no graphs to replay."""

import math

from ..networks.segments import Workload
from .device import ResolvedDeployment
from .out_of_memory import no_memory
from .timer import WARM_UP, PreparedWorkload, Reading, build, seconds_of

# One synchronisation costs some 0.1 ms: spread it over enough calls.
LONGEST_MS = 5.0


class MpsTimer:
    """Times `calls` forward passes between two synchronisations."""

    def __init__(self, deployment: ResolvedDeployment):
        import torch

        self.deployment = deployment
        self.clock = "wall time"
        self.torch = torch

    def prepare(self, workload: Workload) -> PreparedWorkload:
        with self.torch.inference_mode(), no_memory(workload.key):
            module, inputs = build(self.deployment, workload)

            def call():
                return module(*inputs)

            best = min(1000 * seconds_of(call, self.torch.mps.synchronize) for _ in range(WARM_UP))
        return PreparedWorkload(
            workload.key, call, lambda: None, best, max(1, math.ceil(LONGEST_MS / max(best, 1e-3)))
        )

    def once(self, prepared: PreparedWorkload) -> Reading:
        def run():
            for _ in range(prepared.calls):
                prepared.call()

        with self.torch.inference_mode(), no_memory(prepared.key):
            self.torch.mps.synchronize()
            return Reading(1000 * seconds_of(run, self.torch.mps.synchronize) / prepared.calls)
