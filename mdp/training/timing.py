"""The latency of whole networks as deployed, measured as `mdp verify` does: what a network really costs."""

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..core.errors import MdpError
from ..core.progress import Reporter
from ..core.study import ModelRef
from ..latency.device import ResolvedDeployment
from ..latency.measure import Run
from ..latency.store import Store
from ..latency.timer import device_timer, timer_for
from ..networks.segments import Workload, whole

if TYPE_CHECKING:
    from torch import nn

# About how long all the networks together are measured, and each of them at one visit.
SECONDS, VISIT_MS = 10.0, 400.0


def measure(
    networks: Sequence["nn.Module"],
    ref: ModelRef,
    where: ResolvedDeployment,
    report: Reporter,
    reference_ms: float | None = None,
) -> list[float]:
    """Latency in ms of each network (`ref` or pruned from it), batch norms folded, as deployed.

    They are timed in turns; measurements go to the user's store, where a second fine-tuning finds them.
    `reference_ms` is the anchor's time of the tables that predicted them (see Store.entries): where it
    is busier now than it was then, only times beside the same anchor can be compared.

    Raises:
        MdpError: the device cannot run them, or has no memory for them.
        Cancelled: on request.
    """
    workloads = [_workload(network, ref) for network in networks]
    by_key = {w.key: w for w in workloads}
    with Store() as store, device_timer(where, report, lambda: timer_for(where)) as clock:
        run = Run(
            clock, store, by_key, _Within(report), SECONDS, visit_ms=VISIT_MS, reference_ms=reference_ms
        )
        run.measure_new(run.workloads, "measuring")
        run.visit_again("measuring again")
        run.settle()
        known = [run.known[w.key] for w in workloads]
    failure = next((entry.failure for entry in known if entry.failure), "")
    if failure:
        raise MdpError(failure)
    return [entry.ms for entry in known]


def _workload(network: "nn.Module", ref: ModelRef) -> Workload:
    """The network as something to time; the same architecture has the same key, whatever its weights."""
    from ..surgery import deploy

    shapes = {name: list(tensor.shape) for name, tensor in network.state_dict().items()}
    architecture = [ref.name, dict(ref.arguments), list(ref.input_size), shapes]
    digest = hashlib.sha256(json.dumps(architecture, sort_keys=True, default=str).encode()).hexdigest()[:16]
    return whole(f"whole {ref.name} {digest}", lambda: deploy(network), ref)


class _Within(Reporter):
    """Hides the progress of a part from the whole's bar; messages and Cancel go through."""

    def __init__(self, whole: Reporter):
        super().__init__()
        self.whole = whole

    def step(self, done: float, total: float, text: str = "", seconds_left: float | None = None) -> None:
        self.whole.check()

    def check(self) -> None:
        self.whole.check()

    def message(self, text: str) -> None:
        self.whole.message(text)
