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
    last = tensor.flatten(2).transpose(1, 2) if axis == 1 else tensor
    flat = last.reshape(len(tensor), -1, last.shape[-1])
    image = torch.arange(len(at), device=tensor.device)[:, None]
    return flat[image, at.to(tensor.device)].flatten(0, 1)


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
    image = torch.arange(len(at), device=inputs.device)[:, None]
    if (ky, kx) == (1, 1):
        rows = padded[image, :, y, x].flatten(0, 1)[..., None]  # (rows, channels, 1)
    else:
        y = y[:, :, None, None] + torch.arange(ky, device=at.device)[:, None] * dy
        x = x[:, :, None, None] + torch.arange(kx, device=at.device) * dx
        rows = padded[image[..., None, None], :, y, x]  # (images, places, ky, kx, channels)
        rows = rows.flatten(0, 1).permute(0, 3, 1, 2).flatten(2)  # (rows, channels, ky · kx)
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
