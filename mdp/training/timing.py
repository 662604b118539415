"""The latency of whole networks as deployed, measured in turns: what a fine-tuned network really costs."""

import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..latency.device import Deployment
from ..latency.pieces import Workload
from ..latency.store import device_lock
from ..latency.timer import measure_together, timer_for, undisturbed
from ..progress import Reporter

if TYPE_CHECKING:
    from torch import nn

# About how long all the networks together are measured.
SECONDS = 4.0


def measure(
    networks: Sequence["nn.Module"], input_size: tuple[int, int, int], where: Deployment, report: Reporter
) -> list[float]:
    """Median latency in ms of each network, batch norms folded, on the deployment's device.

    Raises:
        MdpError: the device cannot run them, or has no memory for them.
        Cancelled: on request.
    """
    import torch

    from ..surgery import deploy

    def workload(i: int, network: "nn.Module") -> Workload:
        return Workload(f"network {i}", lambda: deploy(network), (tuple(input_size),))

    threads = torch.get_num_threads()
    try:
        with device_lock(where.device, report.message, report.check):
            timer = timer_for(where)
            prepared = [timer.prepare(workload(i, network)) for i, network in enumerate(networks)]
            each = sum(p.first_ms * p.calls for p in prepared)
            rounds = max(7, min(100, round(1000 * SECONDS / max(each, 1e-3))))
            readings = measure_together(timer, prepared, rounds, report.check)
    finally:
        torch.set_num_threads(threads)  # a timer pins them
    return [statistics.median(undisturbed(r)) for r in readings]
