"""The optimiser and the schedule of a recipe: timm's. Which tensors decay, and which do not."""

import warnings

import torch
from timm.optim import create_optimizer_v2, list_optimizers
from timm.scheduler import CosineLRScheduler, PolyLRScheduler
from timm.scheduler.scheduler import Scheduler
from torch import nn

from ..core.errors import MdpError, first_line
from .recipe import Recipe

_LAYERS = (nn.Conv2d, nn.Linear)


def optimizer_of(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """What the recipe names, made by timm.

    Norms, biases and other vectors do not decay, nor what timm's model names itself (`no_weight_decay`:
    positions, class tokens). A pruned network is of timm's own class and names the same.

    Raises MdpError for one that timm does not know or cannot make, or that asks for more than gradients.
    """
    layers = recipe.layer_decay if recipe.layer_decay < 1 and hasattr(model, "group_matcher") else None
    try:
        optimizer = create_optimizer_v2(
            model,
            recipe.optimizer,
            lr=recipe.rate,
            weight_decay=recipe.decay,
            momentum=recipe.momentum,
            layer_decay=layers,
        )
    except (ValueError, TypeError, AssertionError, ImportError) as error:
        if recipe.optimizer.lower() in list_optimizers():
            raise MdpError(
                f"The optimizer {recipe.optimizer!r} cannot be made: {first_line(error)}."
            ) from None
        raise MdpError(
            f"There is no optimizer {recipe.optimizer!r:.60}; use adamw, sgd, lamb or another of timm's."
        ) from None
    if getattr(getattr(optimizer, "_base_optimizer", optimizer), "is_second_order", False):
        raise MdpError(
            f"The optimizer {recipe.optimizer!r} needs second derivatives, which are not computed here; use "
            "adamw, sgd, lamb or another of timm's."
        )
    return optimizer


def wrong_optimizer(recipe: Recipe) -> str:
    """Why no network can be trained with the optimiser of this recipe, in words; "" where some can."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            optimizer_of(nn.Linear(2, 2), recipe)
    except MdpError as error:
        text = str(error)
        return text[0].lower() + text[1:].rstrip(".")
    return ""


def schedule_of(optimizer: torch.optim.Optimizer, recipe: Recipe, updates: int) -> Scheduler:
    """The learning rate over `updates` steps: linear warm-up, then down to zero. Call `step_update(step)`."""
    rise = max(1, round(recipe.warmup * updates)) if recipe.warmup else 0
    kind = CosineLRScheduler if recipe.schedule == "cosine" else PolyLRScheduler
    more = {"power": 1.0} if kind is PolyLRScheduler else {}
    return kind(
        optimizer,
        t_initial=max(2, updates - rise),  # timm warns of 1
        warmup_t=rise,
        warmup_lr_init=recipe.rate / max(1, rise),
        warmup_prefix=True,
        t_in_epochs=False,
        **more,
    )


def convolutional(model: nn.Module) -> bool:
    """Whether most of its weights are convolutions'. A recipe may have another rate for such a network."""
    of = {kind: sum(m.weight.numel() for m in model.modules() if isinstance(m, kind)) for kind in _LAYERS}
    return of[nn.Conv2d] > of[nn.Linear]


def names_in_order(model: nn.Module, optimizer: torch.optim.Optimizer) -> list[str]:
    """The name of every parameter, in the order in which the optimiser numbers them."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return [names[id(parameter)] for group in optimizer.param_groups for parameter in group["params"]]


def former_order(model: nn.Module) -> list[str]:
    """The same in runs of before the names were saved: what has more than one axis came first."""
    trained = [(name, p.ndim) for name, p in model.named_parameters() if p.requires_grad]
    return [name for name, axes in trained if axes > 1] + [name for name, axes in trained if axes <= 1]
