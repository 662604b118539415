"""Mixup and CutMix: timm's, on the device, for classes."""

from collections.abc import Callable

from timm.data import Mixup
from torch import Tensor, nn

from ..core.errors import MdpError
from .losses import LossOf
from .recipe import Recipe

Mix = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def mixing(model: nn.Module, recipe: Recipe, loss_of: LossOf | None = None) -> Mix:
    """(images, labels) -> (images, labels or shares of classes); unchanged where the recipe does not mix.

    Raises MdpError where labels are no classes that could be mixed.
    """
    if not (recipe.mixup or recipe.cutmix):
        return lambda images, labels: (images, labels)
    classes = getattr(model, "num_classes", None)
    if loss_of is not None or not classes:
        raise MdpError(
            "Mixup and CutMix mix classes: leave out a loss of your own, and train a network that says how "
            "many classes it has (num_classes). Or set mixup and cutmix to 0."
        )
    timms = Mixup(recipe.mixup, recipe.cutmix, label_smoothing=recipe.smoothing, num_classes=classes)

    def mix(images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        even = len(images) // 2 * 2  # images are mixed in pairs
        return timms(images[:even], labels[:even]) if even else (images, labels)

    return mix
