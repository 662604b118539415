"""The Timer of networks that OpenVINO serves on a CPU."""

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any

import numpy as np

from ..networks.segments import Workload, is_part
from .cpu_clock import CpuClock, refuse_too_large
from .device import ResolvedDeployment
from .kept_models import KeptModels
from .onnx_parts import to_onnx
from .openvino_parts import frame, framed, reordered_ends
from .out_of_memory import no_memory
from .timer import WARM_UP, PreparedWorkload, Reading, build, seconds_of

# An OpenVINO core keeps its plug-ins loaded; there is one for the process.
_core: Any = None
# Frames that are kept ready, and how many of its last readings say what one costs.
FRAMES, LATELY = 48, 7

Shapes = tuple[tuple[int, ...], ...]
# The frame of a part that needs none: what a call costs.
NOTHING: Shapes = ((1, 1, 1, 1),)


class OpenVinoTimer:
    """Times compiled models of OpenVINO, one stream, with threads as deployed and the latency hint.

    A part of a network is run as it is inside the whole (see openvino_parts), and what its frame takes, or
    where it has none what calling a model costs by itself, is taken off; a whole network pays for its call.
    OpenVINO may run a pass on a thread of its own, so that with one thread the process's CPU time is read.
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
        self._kept = KeptModels()
        self._ends: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {}
        self._frames: OrderedDict[Shapes, Callable[[], float]] = OrderedDict()
        self._frame(NOTHING)

    def prepare(self, workload: Workload) -> PreparedWorkload:
        refuse_too_large(self.deployment, workload)
        with no_memory(workload.key):
            compiled, shapes = self._compiled(workload)
            call, refresh, held = _ready(compiled)
            extra = self._frame(shapes) if is_part(workload) else None
            best = min(1000 * seconds_of(call) for _ in range(WARM_UP))
        return PreparedWorkload(workload.key, call, refresh, best, extra={"held": held, "frame": extra})

    def once(self, prepared: PreparedWorkload) -> Reading:
        prepared.refresh()
        ms, disturbed = self._clock.time(prepared.call)
        if prepared.extra["frame"] is None:
            return Reading(ms, disturbed)
        # Never nothing: what is cheaper than its frame takes at least a tenth of what was read.
        return Reading(max(ms - prepared.extra["frame"](), 0.1 * ms), disturbed)

    def call_ms(self) -> float:
        """What calling a network costs by itself."""
        cost = self._frame(NOTHING)
        return [cost() for _ in range(LATELY)][-1]

    def _compiled(self, workload: Workload) -> tuple[Any, Shapes]:
        """(compiled model, shapes of the inputs that stand in a frame; one of nothing where none does)."""
        data = self._kept.get(workload.key)
        if data is None:
            data = self._kept.put(workload.key, to_onnx(*build(self.deployment, workload)))
        model = core().read_model(data, b"")
        if not is_part(workload):
            return self._compile(model), NOTHING
        if workload.key not in self._ends:
            self._ends[workload.key] = reordered_ends(self._compile(model))
        ins, outs = self._ends[workload.key]
        shapes = tuple(tuple(model.inputs[i].get_shape()) for i in ins)
        shapes = tuple(shape for shape in shapes if len(shape) == 4)
        return self._compile(framed(model, ins, outs)), shapes or NOTHING

    def _compile(self, model: Any) -> Any:
        return core().compile_model(model, "CPU", self._settings)

    def _frame(self, shapes: Shapes) -> Callable[[], float]:
        """What says how many ms the frame of these inputs takes, lately; it is read at every call."""
        if shapes not in self._frames:
            call, refresh, held = _ready(self._compile(frame(shapes)))
            lately: deque[float] = deque(maxlen=LATELY)

            def cost(_held=held) -> float:
                refresh()
                lately.append(self._clock.time(call)[0])
                return sorted(lately)[len(lately) // 2]

            for _ in range(WARM_UP):
                call()
            self._frames[shapes] = cost
            if len(self._frames) > FRAMES:
                self._frames.popitem(last=False)
        self._frames.move_to_end(shapes)
        return self._frames[shapes]


def _ready(compiled: Any) -> tuple[Callable[[], Any], Callable[[], None], Any]:
    """(call, refresh, what has to live as long): a compiled model with standard normal inputs in place."""
    request, random = compiled.create_infer_request(), np.random.default_rng(0)
    for given in compiled.inputs:
        data = request.get_tensor(given).data
        floats = np.issubdtype(data.dtype, np.floating)
        # Of whole numbers 0: it is in every table that is looked up.
        data[:] = random.standard_normal(tuple(given.shape)) if floats else 0

    def refresh() -> None:
        for given in compiled.inputs:
            request.get_tensor(given).data[:] *= 1

    return request.infer, refresh, (compiled, request)


def core() -> Any:
    global _core
    if _core is None:
        import openvino

        _core = openvino.Core()
    return _core
