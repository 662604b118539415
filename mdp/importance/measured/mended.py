"""What is left of a loss once the network is repaired: most decisions lose less then, some not at all."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ...core.errors import MdpError
from ...core.progress import Reporter
from ...reconstruction.layers import survey
from ...reconstruction.plan import room, tasks
from ...reconstruction.sweep import Setting, sweep
from ...reconstruction.targets import targets

# Multiply-adds of the dense network over the images, above which a repair for each decision takes too long.
WORK = 2e10
# With fewer images to learn from, a repair learns more noise than network.
FEWEST = 128
# A loss as cut below this, in nats, is not worth a repair.
SMALL = 1e-3


class Mender:
    """Repairs pruned networks on fixed images, in closed form, one sweep each. Deterministic.

    Args:
        dense: the network that they are cut out of, on the images' device.
        images: to learn from, not those that the loss is measured on.
        check: called between layers; raises to stop.
    """

    def __init__(self, dense: nn.Module, images: Tensor, check: Callable[[], None]):
        self._dense, self._images, self._check = dense, images, check

    def __call__(self, pruned: nn.Module) -> nn.Module:
        """Repair it in place, as far as that goes."""
        images, report = self._images, Reporter(lambda: bool(self._check()))
        with torch.no_grad():
            found = survey(pruned, images[:2])
            try:
                todo, _ = tasks(pruned, self._dense, found, len(images), 0, room() / 4)
                wanted = targets(self._dense, images, todo, report)
                sweep(pruned, images, todo, wanted, Setting(), report)
            except MdpError:
                pass  # as cut, then
        return pruned
