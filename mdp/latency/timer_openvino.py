"""The Timer of networks that OpenVINO serves on a CPU."""

from typing import Any

import numpy as np

from ..networks.segments import Workload
from .cpu_clock import CpuClock, refuse_too_large
from .device import ResolvedDeployment
from .onnx_parts import to_onnx
from .out_of_memory import no_memory
from .timer import WARM_UP, PreparedWorkload, Reading, build, seconds_of

# An OpenVINO core keeps its plug-ins loaded; there is one for the process.
_core: Any = None


class OpenVinoTimer:
    """Times compiled models of OpenVINO, one stream, with threads as deployed and the latency hint.

    It may run a pass on a thread of its own, so that with one thread the process's CPU time is read.
    """

    def __init__(self, deployment: ResolvedDeployment):
        self.deployment = deployment
        self._clock = CpuClock(deployment.threads, elsewhere=True)
        self.clock, self.caution = self._clock.name, self._clock.caution
        self._settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            "INFERENCE_NUM_THREADS": deployment.threads,
            "INFERENCE_PRECISION_HINT": "f32",
        }

    def prepare(self, workload: Workload) -> PreparedWorkload:
        refuse_too_large(self.deployment, workload)
        with no_memory(workload.key):
            module, inputs = build(self.deployment, workload)
            data = to_onnx(module, inputs)
            compiled = core().compile_model(core().read_model(data, b""), "CPU", self._settings)
            request = compiled.create_infer_request()
            random = np.random.default_rng(0)
            for given in compiled.inputs:
                request.get_tensor(given).data[:] = random.standard_normal(tuple(given.shape))
            held = {"compiled": compiled, "request": request}
            best = min(1000 * seconds_of(request.infer) for _ in range(WARM_UP))

        def refresh():
            for given in compiled.inputs:
                request.get_tensor(given).data[:] *= 1

        return PreparedWorkload(workload.key, request.infer, refresh, best, extra=held)

    def once(self, prepared: PreparedWorkload) -> Reading:
        prepared.refresh()
        return Reading(*self._clock.time(prepared.call))


def core() -> Any:
    global _core
    if _core is None:
        import openvino

        _core = openvino.Core()
    return _core
