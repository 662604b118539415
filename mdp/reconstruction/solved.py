"""How a layer is repaired, and what its sums come to."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from .gram import Gram
from .plan import Task
from .rows import groups_of, weight_rows

# Of so many chunks of images, one judges ridges where there are several.
JUDGE = 4
# Why a layer has nothing to learn from.
OTHERS = "not those of the dense network, which runs it another number of times"


@dataclass(frozen=True)
class Setting:
    """How to repair.

    Attributes:
        ridge: weight of the present weights, in units of the mean diagonal of XᵀX.
        ridges: where several are given, each layer has the one that does best on every fourth image.
        residual: share of a residual stream's error that layers writing to it take on.
        removed: share of what removed blocks added that the layer which wrote to the stream before them
            takes on.
        variance: 0 to 1, how far the variance of outputs is kept up.
        depthwise: whether convolutions with groups are repaired.
        sweeps: how often all was gone through.
        step: share of the way from the network as it was cut.
    """

    ridge: float = 1e-2
    ridges: tuple[float, ...] = ()
    residual: float = 0.5
    removed: float = 1.0
    variance: float = 0.0
    depthwise: bool = True
    sweeps: int = 1
    step: float = 1.0


def fitted(task: Task, setting: Setting | None) -> bool:
    """Whether this layer is one that the setting repairs."""
    return setting is None or setting.depthwise or task.layer.groups == 1


def is_held(chunk: int, ridges: Sequence[float]) -> bool:
    """Whether a chunk of images judges ridges, rather than being learnt from."""
    return len(ridges) > 1 and chunk % JUDGE == JUDGE - 1


def take_on(network: nn.Module, layer: nn.Module, task: Task, gram: Gram, setting: Setting) -> None:
    """Give a layer the weights that its sums come to.

    Raises:
        ArithmeticError: they come to nothing; the layer is then as it was.
    """
    norm = network.get_submodule(task.layer.norm) if task.layer.norm else None
    old = weight_rows(layer).cpu()
    bias = torch.zeros(groups_of(layer), 1, old.shape[1], dtype=torch.float64)
    if layer.bias is not None:
        bias = layer.bias.detach().cpu().double().view_as(bias)
    centred = layer.bias is not None or norm is not None
    ridge = gram.best_ridge(old, bias, setting.ridges or (setting.ridge,), centred=centred)
    solved = gram.solve(old, bias, ridge, centred=centred, variance=setting.variance)
    with torch.no_grad():
        layer.weight.copy_(solved.weight.flatten(0, 1).view_as(layer.weight))
        if layer.bias is not None:
            layer.bias.add_(solved.shift.to(layer.bias))
        elif norm is not None:
            norm.running_mean.sub_(solved.shift.to(norm.running_mean))
