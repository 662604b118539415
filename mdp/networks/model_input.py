"""What a model takes: whether the images that are asked for can be its input."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..core.errors import MdpError

if TYPE_CHECKING:
    from torch import nn

# Of images, per side: far above what any network takes, and below what makes tensors of nonsense.
LARGEST = 16384


def checked_size(size: Sequence[int], label: str) -> tuple[int, int, int]:
    """(channels, height, width). Raises MdpError if it is none."""
    size = tuple(size)
    if len(size) != 3 or not all(type(n) is int and 0 < n <= LARGEST for n in size):
        raise MdpError(
            f"{label} cannot take images of size {' x '.join(map(str, size))}. Give channels, height and "
            "width, whole numbers above 0, such as 3 x 224 x 224."
        )
    return size


def check_channels(channels: int, label: str) -> None:
    """Raise MdpError for images of other channels than pictures have."""
    if channels not in (1, 3):
        raise MdpError(
            f"{label} takes images of {channels} channels, and pictures have 1 (grey) or 3 (colour). "
            "Choose 1 or 3 channels, or give batches of your own in Python."
        )


def side(value: Any, what: str) -> tuple[int, int]:
    """timm's img_size, a number or two, as (height, width). Raises MdpError if it is none."""
    pair = (value, value) if type(value) is int else tuple(value) if isinstance(value, list | tuple) else ()
    if len(pair) != 2:
        raise MdpError(f"The argument img_size of {what} must be a whole number, or height and width.")
    return checked_size((1, *pair), what)[1:]


def check_patches(
    model: "nn.Module", name: str, size: tuple[int, int, int], default: tuple[int, ...]
) -> None:
    """Raise MdpError if the model's patches do not divide `size`, or it was built for another size.

    Some models' patches leave a rest of their `default` size, and are made for that.
    """
    embed = getattr(model, "patch_embed", None)
    patch, built = (getattr(embed, what, None) for what in ("patch_size", "img_size"))
    if not isinstance(patch, tuple) or getattr(embed, "dynamic_img_pad", False):
        return
    stride = getattr(getattr(embed, "proj", None), "stride", patch)
    if tuple(stride) != patch:  # they overlap, and need not fit
        return
    asked = size[1:]
    if asked != tuple(default[1:]) and any(n % p for n, p in zip(asked, patch, strict=True)):
        below, above = (
            tuple(max(1, n // p + more) * p for n, p in zip(asked, patch, strict=True)) for more in (0, 1)
        )
        raise MdpError(
            f"{name} cuts images into patches of {_by(patch)}, which do not divide {_by(asked)}. Use an "
            f"input size of {_by(below)} or {_by(above)}, or another patch size."
        )
    if built is not None and getattr(embed, "strict_img_size", False) and tuple(built) != asked:
        raise MdpError(
            f"{name} is built for images of {_by(built)} and not of {_by(asked)}. Give both the same."
        )


def _by(pair: Sequence[int]) -> str:
    return " x ".join(map(str, pair))
