"""The loss of one batch: the task's, and what a teacher says of it."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..tasks.classification import class_numbers
from .recipe import Recipe

# outputs, labels -> scalar
LossOf = Callable[[Any, Tensor], Tensor]


def loss_of_batch(
    model: nn.Module,
    teacher: nn.Module | None,
    images: Tensor,
    targets: Tensor,
    recipe: Recipe,
    loss_of: LossOf | None = None,
    taps: "tuple[Tap, Tap] | None" = None,
) -> Tensor:
    """What `model` is to make small on a batch.

    Args:
        targets: class indices (batch,), or after mixup the share of each class (batch, classes).
        loss_of: the task's own loss; by default cross-entropy with the recipe's smoothing.
        taps: on model and teacher, where features are compared.
    """
    answer = _joined(model(images))
    loss = loss_of(answer, targets) if loss_of is not None else _cross_entropy(answer, targets, recipe)
    if teacher is None or not (recipe.distill or taps):
        return loss
    with torch.no_grad():
        told = _joined(teacher(images))
    if recipe.distill:
        is_hard = recipe.distillation == "hard"
        apart = hard(answer, told) if is_hard else soft(answer, told, recipe.temperature)
        loss = (1 - recipe.distill) * loss + recipe.distill * apart
    if taps:
        loss = loss + recipe.features * unlike(*(tap.features for tap in taps))
    return loss


def soft(answer: Tensor, told: Tensor, temperature: float) -> Tensor:
    """Divergence from the teacher's softened probabilities.

    temperature² keeps the gradient's size independent of the temperature (Hinton et al. 2015, section 2).
    """
    target = F.log_softmax(told.float() / temperature, dim=1)
    ours = F.log_softmax(answer.float() / temperature, dim=1)
    return F.kl_div(ours, target, reduction="batchmean", log_target=True) * temperature**2


def hard(answer: Tensor, told: Tensor) -> Tensor:
    """Cross-entropy with the class that the teacher says (Touvron et al. 2021, arXiv 2012.12877)."""
    return F.cross_entropy(answer.float(), told.argmax(1))


def unlike(ours: Tensor, theirs: Tensor) -> Tensor:
    """How differently two networks see which images of a batch are alike.

    Mean squared difference of the cosines between all pairs of images. Widths need not agree, so that a
    pruned network is compared with its dense one without a projection in between (the cosine form of
    similarity-preserving distillation, Tung & Mori 2019, arXiv 1907.09682).

    Args:
        ours, theirs: (batch, features), of any widths.
    """
    a, b = (F.normalize(f.flatten(1).float(), dim=1) for f in (ours, theirs))
    return F.mse_loss(a @ a.T, b @ b.T)


class Tap:
    """Keeps what a network's classifier was last given."""

    features: Tensor

    def __init__(self, model: nn.Module):
        self._handle = _classifier(model).register_forward_pre_hook(self._keep)

    def _keep(self, module: nn.Module, inputs: tuple) -> None:
        self.features = inputs[0]

    def remove(self) -> None:
        self._handle.remove()


@contextlib.contextmanager
def tapped(model: nn.Module, teacher: nn.Module | None, recipe: Recipe) -> Iterator[tuple[Tap, Tap] | None]:
    """Taps on both, where the recipe compares features; None where it does not."""
    if teacher is None or not recipe.features:
        yield None
        return
    taps = Tap(model), Tap(teacher)
    try:
        yield taps
    finally:
        for tap in taps:
            tap.remove()


def _classifier(model: nn.Module) -> nn.Module:
    known = model.get_classifier() if hasattr(model, "get_classifier") else None
    if isinstance(known, tuple):  # a distilled ViT has two
        known = known[0]
    if isinstance(known, nn.Module) and not isinstance(known, nn.Identity):
        return known
    return [m for m in model.modules() if isinstance(m, nn.Linear | nn.Conv2d)][-1]


def _joined(answer: Any) -> Any:
    """A distilled ViT in training mode answers with both of its heads."""
    return sum(answer) / len(answer) if isinstance(answer, tuple) else answer


def _cross_entropy(answer: Tensor, targets: Tensor, recipe: Recipe) -> Tensor:
    smoothing = recipe.smoothing if targets.ndim == 1 else 0.0  # mixup has smoothed its own
    return F.cross_entropy(answer.float(), class_numbers(targets), label_smoothing=smoothing)
