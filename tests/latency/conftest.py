"""A made-up network and a made-up clock: the profiler's logic is tested without timing anything."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pytest

from mdp.core.problem import Block
from mdp.core.space import Space, SpaceDim
from mdp.core.study import ModelRef
from mdp.latency.device import ResolvedDeployment
from mdp.latency.store import Store
from mdp.latency.timer import OutOfMemory, PreparedWorkload, Reading
from mdp.networks.segments import Segment, Workload

WHERE = ResolvedDeployment("cpu", "a made-up CPU", "none", 4, "float32", "contiguous", 1, "eager")


@dataclass
class FakeTimer:
    """Answers at once: `cost(key)` ms, with seeded noise. `prepared` lists what it was asked for."""

    cost: object
    deployment: ResolvedDeployment = WHERE
    noise: float = 0.0
    too_large: object = lambda key: False
    clock: str = "made up"
    resident_bytes: float = 0.0
    prepared: list[str] = field(default_factory=list)

    def __post_init__(self):
        self.random = np.random.default_rng(0)

    def prepare(self, workload):
        self.prepared.append(workload.key)
        if self.too_large(workload.key):
            raise OutOfMemory(f"{workload.key} does not fit.")
        ms = 1.0 if workload.key.startswith("anchor") else self.cost(workload.key)
        return PreparedWorkload(workload.key, lambda: None, lambda: None, ms)

    def once(self, prepared):
        return Reading(prepared.first_ms * (1 + self.noise * self.random.standard_normal()))


def linear_key(key):
    """ms of "linear A>B": a cost model with a fixed part and a step, as real kernels have."""
    a, b = map(int, key.split()[-1].split(">"))
    return 0.01 + 1e-4 * a + 2e-5 * a * b + (0.02 if b > 64 else 0)


def workload(a, b):
    return Workload(f"linear {a}>{b}", lambda: None, ((a,),), float(a * b))


@pytest.fixture
def found():
    """Two equal blocks of width "inner0"/"inner1" on a shared "width", and a fixed head."""
    widths = tuple(range(16, 129, 16))
    dims = tuple(SpaceDim(n, "mlp", 128, widths) for n in ("width", "inner0", "inner1"))
    blocks = (Block("block0"), Block("block1"))
    segments = (
        Segment("block0.mlp", "block0", ("width", "inner0"), workload),
        Segment("block1.mlp", "block1", ("width", "inner1"), workload),
        Segment("head", None, ("width",), lambda a: workload(a, 10)),
    )
    return SimpleNamespace(
        space=Space("toy", "toys", dims, blocks),
        segments=segments,
        ref=ModelRef("toy", "none", (1, 8, 8), 10),
    )


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "latency.sqlite") as store:
        yield store
