"""Timing one forward pass after another. One Timer per kind of device; all of them time a `Workload`.

    timer = timer_for(deployment)
    prepared = timer.prepare(workload)     # built, moved, cast, warmed up
    reading = timer.once(prepared)         # milliseconds per forward pass

`measure_together` interleaves several prepared workloads, so that a slow moment of the machine falls on all
of them and each call finds the caches as a network leaves them, filled by others.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..errors import MdpError
from .device import Deployment
from .pieces import Workload

# A reading shorter than this is made of several calls: the clock and the loop cost about 1 µs.
SHORTEST_MS = 0.1
# Warm-up calls: the first ones choose kernels, pack weights and grow the allocator's pools.
WARM_UP = 3


class OutOfMemory(MdpError):
    """A workload does not fit the device's memory. The profiler marks its entry and goes on."""


@dataclass(frozen=True)
class Reading:
    """One timing. `disturbed`: something else ran on our cores meanwhile, so it is too long."""

    ms: float
    disturbed: bool = False


@dataclass
class Prepared:
    """A workload on the device, ready to run. `first_ms` is a rough duration, from the warm-up."""

    key: str
    call: Callable[[], Any]
    refresh: Callable[[], Any]
    first_ms: float
    calls: int = 1
    extra: dict[str, Any] = field(default_factory=dict)


class Timer(Protocol):
    """What the profiler needs of a clock; tests give a made-up one."""

    deployment: Deployment
    clock: str

    def prepare(self, workload: Workload) -> Prepared: ...

    def once(self, prepared: Prepared) -> Reading: ...


def timer_for(deployment: Deployment) -> Timer:
    """The Timer of a deployment's device."""
    from . import timer_cpu, timer_cuda, timer_mps

    return {"cpu": timer_cpu.CpuTimer, "cuda": timer_cuda.CudaTimer, "mps": timer_mps.MpsTimer}[
        deployment.kind
    ](deployment)


def measure_together(
    timer: Timer, prepared: Sequence[Prepared], rounds: int, check: Callable[[], None] = lambda: None
) -> list[list[Reading]]:
    """`rounds` readings of each workload, taken in turns. `check` is called in between and may raise."""
    readings: list[list[Reading]] = [[] for _ in prepared]
    for _ in range(rounds):
        for item, into in zip(prepared, readings, strict=True):
            into.append(timer.once(item))
            check()
    return readings


def undisturbed(readings: Sequence[Reading]) -> list[float]:
    """The readings to use: those that nothing disturbed; the faster half if less than a third are left."""
    clean = [r.ms for r in readings if not r.disturbed]
    if 3 * len(clean) >= len(readings):
        return clean
    return sorted(r.ms for r in readings)[: max(1, len(readings) // 2)]


def build(deployment: Deployment, workload: Workload):
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
        for shape in workload.inputs:
            x = torch.randn((deployment.batch, *shape), generator=seeded).to(deployment.kind, dtype)
            inputs.append(x.contiguous(memory_format=layout) if x.dim() == 4 else x)
    return module, inputs


class no_memory:
    """A context that turns every way in which torch says "no memory" into OutOfMemory."""

    def __init__(self, key: str):
        self.key = key

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is None:
            return False
        import torch

        words = str(error).lower()
        if isinstance(error, (MemoryError, torch.OutOfMemoryError)) or (
            isinstance(error, RuntimeError) and ("out of memory" in words or "can't allocate memory" in words)
        ):
            raise OutOfMemory(
                f"{self.key} does not fit the device's memory; choose a smaller batch."
            ) from None
        return False


def seconds_of(call: Callable[[], Any], finish: Callable[[], Any] = lambda: None) -> float:
    """Wall time of one call, `finish` (a device's synchronisation) included."""
    start = time.perf_counter()
    call()
    finish()
    return time.perf_counter() - start
