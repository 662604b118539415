"""What a network is worth on held-out images: how near to the dense one it answers, and how often right."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..core.progress import Reporter
from ..tasks import run
from ..tasks.inputs import Inputs
from .images import Images
from .targets import CHUNK, cancellable


@dataclass(frozen=True)
class Worth:
    """A network on the held-out images.

    Attributes:
        divergence: of its answers from the dense network's, mean Kullback-Leibler in nats; inf where it puts
            out values that are no numbers.
        agreement: share of images for which it says the class that the dense network says.
        accuracy: share for which it says the right one; None without labels.
    """

    divergence: float
    agreement: float
    accuracy: float | None


def answers(network: nn.Module, images: Inputs, report: Reporter) -> Tensor:
    """Outputs (images, classes) in eval mode, float32, on the CPU."""
    with cancellable(network, report):
        chunks = [run(network, images[i : i + CHUNK]).float().cpu() for i in range(0, len(images), CHUNK)]
    return torch.cat(chunks)


def worth(ours: Tensor, dense: Tensor, held: Images) -> Worth:
    """Judge outputs (images, classes) beside the dense network's."""
    if not ours.isfinite().all():
        return Worth(float("inf"), 0.0, None if held.labels is None else 0.0)
    ours_log, dense_log = (F.log_softmax(outputs.double(), 1) for outputs in (ours, dense))
    apart = F.kl_div(ours_log, dense_log, reduction="batchmean", log_target=True)
    said = ours.argmax(1)
    right = None if held.labels is None else float((said == held.labels).double().mean())
    return Worth(float(apart), float((said == dense.argmax(1)).double().mean()), right)


def no_worse(repaired: Worth, before: Worth, images: int) -> bool:
    """Whether a repair is kept: nearer to the dense network, and right no less often beyond chance.

    Of a few hundred images one more or less is right by luck: accuracy speaks only where it differs by more
    than its standard error on so many `images`; the divergence of all answers is far less noisy.
    """
    if repaired.accuracy is None or before.accuracy is None:
        return repaired.divergence < before.divergence
    gained = repaired.accuracy - before.accuracy
    error = math.sqrt(max(before.accuracy * (1 - before.accuracy), 1 / images) / images)
    if abs(gained) > error:
        return gained > 0 and math.isfinite(repaired.divergence)
    return repaired.divergence < before.divergence
