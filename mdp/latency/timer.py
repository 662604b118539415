"""Timing one forward pass after another. One Timer per kind of device; all of them time a `Workload`.

    timer = timer_for(deployment)
    prepared = timer.prepare(workload)     # built, moved, cast, warmed up
    reading = timer.once(prepared)         # milliseconds per forward pass

`measure_together` interleaves several prepared workloads, so that a slow moment of the machine falls on all
of them and each call finds the caches as a network leaves them, filled by others.
"""

import contextlib
import itertools
import time
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..core.progress import Reporter
from ..networks.segments import Workload
from .device import ResolvedDeployment, unit_of
from .out_of_memory import OutOfMemory as OutOfMemory  # what a timer raises
from .out_of_memory import no_memory
from .store import device_lock

# The anchor is read again after this many of its own durations.
BEAT = 3
# Warm-up calls: the first ones choose kernels, pack weights and grow the allocator's pools.
WARM_UP = 3


@dataclass(frozen=True)
class Reading:
    """One timing. `disturbed`: something else ran on our cores meanwhile, so it is too long."""

    ms: float
    disturbed: bool = False


@dataclass
class PreparedWorkload:
    """A workload on the device, ready to run. `first_ms` is a rough duration, from the warm-up.

    Whatever `call` reads lives as long as this: a captured graph knows addresses only, so that `extra` has to
    hold the tensors which are there.
    """

    key: str
    call: Callable[[], Any]
    refresh: Callable[[], Any]
    first_ms: float
    calls: int = 1
    extra: dict[str, Any] = field(default_factory=dict)


class Timer(Protocol):
    """What the profiler needs of a clock; tests give a made-up one. It keeps nothing of what it prepared."""

    deployment: ResolvedDeployment
    clock: str

    def prepare(self, workload: Workload) -> PreparedWorkload: ...

    def once(self, prepared: PreparedWorkload) -> Reading: ...


def timer_for(deployment: ResolvedDeployment) -> Timer:
    """The Timer of a deployment's runtime and device."""
    if deployment.runtime == "onnxruntime":
        from .timer_onnxruntime import OnnxRuntimeTimer

        return OnnxRuntimeTimer(deployment)
    if deployment.runtime == "openvino":
        from .timer_openvino import OpenVinoTimer

        return OpenVinoTimer(deployment)
    from . import timer_cpu, timer_cuda, timer_mps

    return {"cpu": timer_cpu.CpuTimer, "cuda": timer_cuda.CudaTimer, "mps": timer_mps.MpsTimer}[
        deployment.kind
    ](deployment)


def measure_together(
    timer: Timer,
    anchor: PreparedWorkload,
    prepared: Sequence[PreparedWorkload],
    rounds: int,
    check: Callable[[], None] = lambda: None,
) -> list[list[tuple[Reading, float]]]:
    """`rounds` readings of each workload, taken in turns, each with the anchor's ms around that moment.

    The anchor is read every few of its own durations; `check` is called in between and may raise. What is
    shorter than that follows another workload, never the anchor: right after it, even the instructions of a
    layer are cold, as they are not in a network.
    """
    beats = [timer.once(anchor).ms]
    since, before = 0.0, prepared[-1]
    taken: list[list[tuple[Reading, int]]] = [[] for _ in prepared]
    for _ in range(rounds):
        for item, into in zip(prepared, taken, strict=True):
            if since > BEAT * beats[-1]:
                beats.append(timer.once(anchor).ms)
                since = 0.0
            if since == 0.0 and item.first_ms < BEAT * beats[-1] and before.first_ms < BEAT * beats[-1]:
                timer.once(before)
            before = item
            reading = timer.once(item)
            into.append((reading, len(beats)))
            since += reading.ms * item.calls
            check()
    beats.append(timer.once(anchor).ms)
    # Reading n stands between beats n - 1 and n.
    return [[(reading, (beats[n - 1] + beats[n]) / 2) for reading, n in item] for item in taken]


def undisturbed(readings: Sequence[Reading]) -> list[int]:
    """Which readings to use: those that nothing disturbed; the faster half if less than a third are left."""
    clean = [i for i, r in enumerate(readings) if not r.disturbed]
    if 3 * len(clean) >= len(readings):
        return clean
    return sorted(range(len(readings)), key=lambda i: readings[i].ms)[: max(1, len(readings) // 2)]


def build(deployment: ResolvedDeployment, workload: Workload):
    """(module, inputs) on the device, cast and laid out as deployed. Inputs are standard normal, seeded.

    Raises:
        OutOfMemory: they do not fit.
    """
    import torch

    formats = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
    layout = formats[deployment.memory_format]
    dtype = getattr(torch, deployment.dtype)
    with no_memory(workload.key):
        module = workload.make().eval().requires_grad_(False)
        module = module.to(device=deployment.kind, dtype=dtype, memory_format=layout)
        seeded = torch.Generator().manual_seed(0)
        inputs = []
        for shape, kind in itertools.zip_longest(workload.inputs, workload.kinds, fillvalue=""):
            if kind:  # 0 is in every table that is looked up
                zeros = torch.zeros((deployment.batch, *shape), dtype=getattr(torch, kind))
                inputs.append(zeros.to(deployment.kind))
                continue
            x = torch.randn((deployment.batch, *shape), generator=seeded).to(deployment.kind, dtype)
            inputs.append(x.contiguous(memory_format=layout) if x.dim() == 4 else x)
    return module, inputs


def forward_of(deployment: ResolvedDeployment) -> Callable[..., Any]:
    """`f(module, *inputs)` as deployed: the module's own forward, or what torch.compile makes of it.

    Not module(...): a network pays for being called once, not once for each of its pieces.
    """
    if "compiled" not in deployment.launch:
        return _forward
    import torch

    # torch.compile keeps what it made by code object, at most eight for one, and looks through them at each
    # call. With a code object of its own, every workload finds one thing there, and copies of it share that.
    code = _forward.__code__.replace(co_name=f"forward_{next(_number)}")
    return torch.compile(types.FunctionType(code, globals()), dynamic=False)


def _forward(module, *inputs):
    return module.forward(*inputs)


_number = itertools.count()


@contextlib.contextmanager
def device_timer(
    deployment: ResolvedDeployment, report: Reporter, make: Callable[[], Timer]
) -> Iterator[Timer]:
    """The device for oneself, with its timer; what that changes for the process is put back afterwards.

    Says so where a quota makes latency something else than people expect of it.
    """
    import torch

    asked = time.monotonic()
    with device_lock(deployment.device, report.message, report.check, unit=unit_of(deployment)):
        report.waited(time.monotonic() - asked)
        threads = torch.get_num_threads()
        try:
            timer = make()
            if caution := getattr(timer, "caution", ""):
                report.message(caution)
            yield timer
        finally:
            torch.set_num_threads(threads)  # a CPU's timer pins them


def seconds_of(call: Callable[[], Any], finish: Callable[[], Any] = lambda: None) -> float:
    """Wall time of one call, `finish` (a device's synchronisation) included."""
    start = time.perf_counter()
    call()
    finish()
    return time.perf_counter() - start
