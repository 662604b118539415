"""What a family asks the profiler to measure. The contract between mdp/families and mdp/latency.

A network as deployed is cut into pieces; together they run everything that the network runs, each once.
One piece becomes one latency term of the Problem.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the contract itself needs no torch
    from torch import nn

    from ..core.model_ref import ModelRef


@dataclass(frozen=True)
class Workload:
    """One thing to time.

    Attributes:
        key: identical keys run identical arithmetic on identical shapes, so they are measured once, across
            blocks, models and sessions. It spells the shape out: "conv3x3 s1 g1 64>64 @56x56 +bn+relu".
            Batch, dtype, device and resolution beyond the shape are the profiler's to add.
        make: builds the module in eval mode, float32, on the CPU; the profiler moves and casts it.
        inputs: shapes of the forward's tensor arguments, without the batch axis.
        kinds: their dtypes where these are not the deployment's ("int64"; "" where it is); empty if all are.
        macs: multiply-accumulates for one image: guides ordering, time left and interpolation, nothing else.
        resident_bytes: bytes of the weights of the network that it is a part of, 0 if it is whole; see
            timer_cuda.
            `Run` sets it, for a timer that kept it would hand it on to what is prepared next.
    """

    key: str
    make: Callable[[], "nn.Module"]
    inputs: tuple[tuple[int, ...], ...]
    macs: float = 0.0
    resident_bytes: float = 0.0
    kinds: tuple[str, ...] = ()


def whole(key: str, make: "Callable[[], nn.Module]", ref: "ModelRef", macs: float = 0.0) -> Workload:
    """A whole network to time, with whatever it takes."""
    given = ref.inputs or (("float32", tuple(ref.input_size)),)
    kinds = tuple("" if kind == "float32" else kind for kind, _ in given)
    return Workload(key, make, tuple(tuple(shape) for _, shape in given), macs, kinds=kinds)


def is_part(workload: Workload) -> bool:
    """Whether it is a part of a network, rather than a whole one."""
    return workload.resident_bytes > 0


@dataclass(frozen=True)
class Segment:
    """A part of the network priced by one latency term.

    Attributes:
        name: name of the term.
        block: the block it vanishes with, or None: always charged.
        dims: the dims that its time depends on, in the order in which `at` takes their kept units.
        at: kept units (one int per dim) -> Workload.
    """

    name: str
    block: str | None
    dims: tuple[str, ...]
    at: Callable[..., Workload]
