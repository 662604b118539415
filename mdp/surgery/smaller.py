"""The same network for smaller images, which are checked in a fraction of the time."""

import dataclasses

import torch
from torch import nn

from ..core.errors import MdpError
from ..core.study import ModelRef
from ..networks.models import shapes_of

# The side of an image for a network that takes any.
SIDE = 96
# Multiples of the patches, strides and windows of most networks that are made for one size of image.
_SIDES = (112, 128)
# Tensors whose shapes go with the image: tables of positions, and biases by place.
_PLACES = ("pos", "bias")


def smaller(ref: ModelRef, empty: nn.Module) -> ModelRef:
    """How to build a network of no family for a small image: as it is if it takes one, or made for one if
    nothing but its tables of positions changes; `ref` itself where neither is so.

    Args:
        empty: the network on torch's meta device.
    """
    channels = ref.input_size[0]
    small = dataclasses.replace(ref, input_size=(channels, SIDE, SIDE))
    if min(ref.input_size[1:]) <= SIDE:
        return ref
    placed = any("pos_embed" in name for name, _ in empty.named_parameters())
    if not placed and takes(empty, small):
        return small
    for side in _SIDES:
        made = dataclasses.replace(
            ref, input_size=(channels, side, side), arguments={**ref.arguments, "img_size": side}
        )
        if side < min(ref.input_size[1:]) and _is_the_same(empty, made):
            return made
    return ref


def takes(empty: nn.Module, ref: ModelRef) -> bool:
    """Whether a network on torch's meta device takes images of this size."""
    try:
        with torch.no_grad():
            empty(torch.zeros(2, *ref.input_size, device=next(empty.parameters()).device))
    except Exception:  # whatever a stranger's forward raises
        return False
    return True


def _is_the_same(empty: nn.Module, ref: ModelRef) -> bool:
    try:
        other = shapes_of(ref)
    except MdpError:
        return False
    return _shapes(other) == _shapes(empty) and takes(other, ref)


def _shapes(model: nn.Module) -> dict[str, tuple[int, ...]]:
    return {
        name: () if any(word in name for word in _PLACES) else tuple(tensor.shape)
        for name, tensor in model.named_parameters()
    }
