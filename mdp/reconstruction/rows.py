"""From activations to rows of a least-squares problem: what one output of a layer is computed from."""

import torch
from timm.layers import Conv2dSame
from timm.layers.padding import pad_same
from torch import Tensor, nn
from torch.nn import functional as F


def places(tensor: Tensor, layer: nn.Module) -> int:
    """How many outputs of a layer an image has: pixels of a convolution's, tokens of a linear layer's."""
    spread = tensor.shape[2:] if isinstance(layer, nn.Conv2d) else tensor.shape[1:-1]
    return int(torch.Size(spread).numel())


def draw(images: int, places: int, rows: int, seed: int) -> Tensor:
    """Which places of each image are looked at, about `rows` in all: int64, (images, places an image)."""
    each = min(places, max(1, -(-rows // images)))
    if each == places:
        return torch.arange(places).expand(images, places)
    random = torch.Generator().manual_seed(seed)
    return torch.rand(images, places, generator=random).topk(each, dim=1).indices


def rows_at(tensor: Tensor, at: Tensor, axis: int) -> Tensor:
    """Rows (images · places, channels) of activations whose channels lie along `axis`, 1 or -1."""
    last = tensor.movedim(1, -1) if axis == 1 else tensor
    flat = last.reshape(len(tensor), -1, last.shape[-1])
    return _picked(flat, at)


def _picked(flat: Tensor, at: Tensor) -> Tensor:
    """Vectors (images · places, channels) out of (images, all places, channels): whole ones are copied, which
    is ten times as fast as an index for every number."""
    begin = torch.arange(len(at), device=flat.device)[:, None] * flat.shape[1]
    return flat.reshape(-1, flat.shape[-1]).index_select(0, (begin + at.to(flat.device)).flatten())


def output_axis(layer: nn.Module) -> int:
    """Where the channels of a layer's output are."""
    return 1 if isinstance(layer, nn.Conv2d) else -1


def groups_of(layer: nn.Module) -> int:
    """How many groups of outputs look at inputs of their own; 1 for a linear layer."""
    return layer.groups if isinstance(layer, nn.Conv2d) else 1


def input_rows(layer: nn.Module, inputs: Tensor, at: Tensor, width: int = 0) -> Tensor:
    """What the layer's outputs at these places are computed from: (groups, images · places, inputs a group).

    A convolution's are its patches, padded as the layer pads. `width` is that of its output, in pixels.
    """
    if not isinstance(layer, nn.Conv2d):
        return rows_at(inputs, at, -1)[None]
    at = at.to(inputs.device)
    padded = _padded(layer, inputs)
    (ky, kx), (sy, sx), (dy, dx) = layer.kernel_size, layer.stride, layer.dilation
    y, x = at // width * sy, at % width * sx
    y = y[:, :, None, None] + torch.arange(ky, device=at.device)[:, None] * dy
    x = x[:, :, None, None] + torch.arange(kx, device=at.device) * dx
    last = padded.movedim(1, -1)
    picked = _picked(last.flatten(1, 2), (y * last.shape[2] + x).flatten(1))
    rows = picked.unflatten(0, (-1, ky * kx)).transpose(1, 2)  # (rows, channels, ky · kx)
    groups = layer.groups
    return rows.unflatten(1, (groups, -1)).flatten(2).transpose(0, 1)


def weight_rows(layer: nn.Module) -> Tensor:
    """The weights as (groups, outputs a group, inputs a group), float64."""
    return layer.weight.detach().double().flatten(1).unflatten(0, (groups_of(layer), -1))


def _padded(layer: nn.Conv2d, inputs: Tensor) -> Tensor:
    if isinstance(layer, Conv2dSame):  # timm's tf_ networks: as much as the size of the image asks for
        return pad_same(inputs, layer.kernel_size, layer.stride, layer.dilation)
    padding = layer._reversed_padding_repeated_twice
    if not any(padding):
        return inputs
    mode = "constant" if layer.padding_mode == "zeros" else layer.padding_mode
    return F.pad(inputs, padding, mode=mode)
