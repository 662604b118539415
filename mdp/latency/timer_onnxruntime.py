"""The Timer of networks that ONNX Runtime serves on a CPU."""

import dataclasses
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..networks.segments import Workload, is_part
from . import onnx_int8
from .cpu_clock import CpuClock, refuse_too_large
from .device import ResolvedDeployment
from .kept_models import KeptModels
from .onnx_int8 import quantised
from .onnx_parts import as_in_a_network, to_onnx
from .out_of_memory import no_memory
from .timer import WARM_UP, PreparedWorkload, Reading, build, seconds_of

if TYPE_CHECKING:
    import onnxruntime

# Sessions that compute nothing, called in turns, so that each finds caches that others have filled.
EMPTY = 4
# Readings that say what a call costs.
LATELY = 64
# Types of values that a part may be handed.
KINDS = {"tensor(float)": "float32", "tensor(uint8)": "uint8", "tensor(int8)": "int8"}
# And a whole network, beside them.
WHOLE = ("int64", "int32", "bool")
KINDS |= {f"tensor({kind})": kind for kind in WHOLE}


class OnnxRuntimeTimer:
    """Times sessions of ONNX Runtime, with intra-op threads as deployed and all graph optimisations.

    A part of a network is run as it is inside the whole (see onnx_parts), and what a call of a session costs
    by itself is taken off: a network pays that once, and its hundred parts would pay it each.
    """

    def __init__(self, deployment: ResolvedDeployment):
        import onnxruntime

        self.deployment = deployment
        self._clock = CpuClock(deployment.threads)
        self.clock, self.caution = self._clock.name, self._clock.caution
        self._kept = KeptModels()
        self._ort = onnxruntime
        self._empty = [self._nothing() for _ in range(EMPTY)]
        self._cost = deque(maxlen=LATELY)

    def prepare(self, workload: Workload) -> PreparedWorkload:
        refuse_too_large(self.deployment, workload)
        with no_memory(workload.key):
            session = self._session(workload)
            call, refresh, held = bound(session)
            best = min(1000 * seconds_of(call) for _ in range(WARM_UP))
        return PreparedWorkload(workload.key, call, refresh, best, extra=held | {"part": is_part(workload)})

    def once(self, prepared: PreparedWorkload) -> Reading:
        prepared.refresh()
        ms, disturbed = self._clock.time(prepared.call)
        if not prepared.extra["part"]:
            return Reading(ms, disturbed)
        # Never nothing: what is cheaper than a call costs at least a tenth of it.
        return Reading(max(ms - self._cost_of_a_call(), 0.1 * ms), disturbed)

    def call_ms(self) -> float:
        """What calling a network costs by itself."""
        for _ in range(LATELY):
            self._cost_of_a_call()
        return self._cost_of_a_call()

    def _cost_of_a_call(self) -> float:
        """ms of a session that computes nothing, lately, where others have run since it did."""
        self._empty.append(self._empty.pop(0))
        self._cost.append(self._clock.time(self._empty[0])[0])
        return sorted(self._cost)[len(self._cost) // 2]

    def _session(self, workload: Workload) -> "onnxruntime.InferenceSession":
        data = self._kept.get(workload.key) or self._make(workload)
        options = self._options()
        if is_part(workload):  # optimised already
            options.graph_optimization_level = self._ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        return self._ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])

    def _make(self, workload: Workload) -> bytes:
        small = self.deployment.dtype == "int8"
        # Quantised is what float32 makes.
        made_in = dataclasses.replace(self.deployment, dtype="float32") if small else self.deployment
        module, inputs = build(made_in, workload)
        data = quantised(to_onnx(module, inputs, onnx_int8.OPSET)) if small else to_onnx(module, inputs)
        if is_part(workload):
            data = as_in_a_network(data, self._options()).SerializeToString()
        return self._kept.put(workload.key, data)

    def _options(self) -> "onnxruntime.SessionOptions":
        return session_options(self.deployment.threads)

    def _nothing(self) -> Callable[[], None]:
        import torch

        data = to_onnx(torch.nn.ReLU(), [torch.zeros(1)])
        return bound(self._ort.InferenceSession(data, self._options(), providers=["CPUExecutionProvider"]))[0]


def session_options(threads: int) -> Any:
    """Options of a session as deployed: one pass at a time, all optimisations, `threads` in an operator."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    # Threads of a session wait by spinning; without this they would do so during the next one's turn.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    share_memory()
    options.add_session_config_entry("session.use_env_allocators", "1")
    return options


def bound(session: "onnxruntime.InferenceSession"):
    """(call, refresh, what has to live as long): a session with its inputs in place.

    Results go where the arena puts them, as inside a network: `refresh` gives the last ones back to it.
    """
    import numpy as np

    binding, random = session.io_binding(), np.random.default_rng(0)
    inputs = []
    for given in session.get_inputs():
        kind = KINDS[given.type]
        x = random.standard_normal(given.shape)
        if kind in WHOLE:  # 0 is in every table that is looked up
            x = np.zeros(given.shape)
        elif kind != "float32":
            x = np.clip(20 * x + 64, 0, 127)
        inputs.append(x.astype(kind))
        binding.bind_input(given.name, "cpu", 0, inputs[-1].dtype, given.shape, inputs[-1].ctypes.data)
    results = [result.name for result in session.get_outputs()]

    def refresh():
        binding.clear_binding_outputs()
        for name in results:
            binding.bind_output(name, "cpu")
        for x in inputs:
            x *= x.dtype.type(1)  # written by the layer before, a moment ago

    def call():
        session.run_with_iobinding(binding)

    refresh()
    return call, refresh, {"session": session, "binding": binding, "inputs": inputs}


@lru_cache
def share_memory() -> None:
    """Let all sessions take memory from one arena, so that a part finds it as warm as a network leaves it."""
    import onnxruntime

    kind, use = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, onnxruntime.OrtMemType.DEFAULT
    memory = onnxruntime.OrtMemoryInfo("Cpu", kind, 0, use)
    onnxruntime.create_and_register_allocator(memory, None)
