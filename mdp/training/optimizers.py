"""The optimiser of a recipe: which tensors decay, and which do not."""

from typing import TYPE_CHECKING

import torch
from timm.optim import param_groups_weight_decay
from torch import nn

from ..core.errors import MdpError

if TYPE_CHECKING:
    from .loop import Recipe


def optimizer_of(model: nn.Module, recipe: "Recipe") -> torch.optim.Optimizer:
    """AdamW or SGD, as the recipe says.

    Norms, biases and other vectors do not decay, nor what timm's model names itself (`no_weight_decay`:
    positions, class tokens). A pruned network is of timm's own class and names the same.

    Raises MdpError for another optimiser.
    """
    spared = getattr(model, "no_weight_decay", set)()
    groups = param_groups_weight_decay(model, recipe.decay, no_weight_decay_list=spared)
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=recipe.rate)
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=recipe.rate, momentum=0.9, nesterov=True)
    raise MdpError(f"There is no optimizer {recipe.optimizer!r}; use adamw or sgd.")


def names_in_order(model: nn.Module, optimizer: torch.optim.Optimizer) -> list[str]:
    """The name of every parameter, in the order in which the optimiser numbers them."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return [names[id(parameter)] for group in optimizer.param_groups for parameter in group["params"]]


def former_order(model: nn.Module) -> list[str]:
    """The same in runs of before the names were saved: what has more than one axis came first."""
    trained = [(name, p.ndim) for name, p in model.named_parameters() if p.requires_grad]
    return [name for name, axes in trained if axes > 1] + [name for name, axes in trained if axes <= 1]
