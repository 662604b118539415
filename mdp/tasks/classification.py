"""The usual task: one class for every image."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..core.errors import MdpError
from .inputs import run
from .task import Reference, Task


class Classification(Task):
    """Outputs are (images, classes), targets class numbers (images,)."""

    name, quality, labelled = "classification", "top-1", True

    def score_loss(self) -> Callable[[Any, Any], Tensor]:
        return lambda outputs, targets: F.cross_entropy(outputs.float(), class_numbers(targets))

    def reference(self, outputs: Sequence[Any]) -> "Probabilities":
        return Probabilities(outputs)

    def loss(self, outputs: Any, targets: Any, told: Any = None) -> Tensor:
        if told is None:
            return F.cross_entropy(outputs.float(), class_numbers(targets))
        logs = F.log_softmax(told.float(), 1)
        return F.kl_div(F.log_softmax(outputs.float(), 1), logs, reduction="batchmean", log_target=True)

    def measure(self, network: nn.Module, batches: Iterable[Any], dense: nn.Module | None = None) -> float:
        right = seen = 0
        network.eval()
        with torch.no_grad():
            for inputs, labels in batches:
                right += int((run(network, inputs).argmax(1) == labels).sum())
                seen += len(labels)
        if not seen:
            raise MdpError("There are no images to measure accuracy on; give at least one batch.")
        return right / seen


def class_numbers(targets: Tensor) -> Tensor:
    """Targets as cross-entropy takes them: whole numbers as int64, shares of classes as they are.

    Raises MdpError for labels that are fractions.
    """
    if not targets.is_floating_point():
        return targets.long()
    if targets.ndim > 1:
        return targets
    kind = str(targets.dtype).removeprefix("torch.")
    raise MdpError(
        f"Labels are {kind}, and classes have whole numbers from 0. Give labels.long(); other targets "
        "take a loss of their own (loss=...)."
    )


class Probabilities(Reference):
    """The dense network's probabilities; divergence is Kullback-Leibler's from them, in nats."""

    def __init__(self, outputs: Sequence[Any]):
        self.logs = [F.log_softmax(o.detach().double(), 1) for o in outputs]

    def divergence(self, batch: int, outputs: Any) -> Tensor:
        here, there = F.log_softmax(outputs.double(), 1), self.logs[batch]
        return (there.exp() * (there - here)).sum(1).mean()
