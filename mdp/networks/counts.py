"""Parameters and MACs of any plan as sums of products of widths, derived from the slices alone."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import product as cartesian

import numpy as np
import torch
from torch import nn

from ..core.space import Product
from .slices import Slice

# One axis of a tensor as a sum of products: [(factor, dims)], such as [(2, (heads, qk)), (1, (heads, v))].
Axis = list[tuple[int, tuple[str, ...]]]


def axis_sizes(tensor: torch.Tensor, slices: Sequence[Slice], units: Mapping[str, int]) -> list[Axis]:
    """For each axis, how its length depends on the dims: positions that the same dims own form one product.

    Raises:
        ValueError: the units of a dim do not own equally much, so that no product describes the length.
    """
    sizes = []
    for axis, length in enumerate(tensor.shape):
        owners = [()] * length
        for s in (s for s in slices if s.axis == axis):
            for position in s.index.ravel():
                owners[position] = (*owners[position], s.dim)
        axis_size = []
        for dims, count in Counter(owners).items():
            per_unit, rest = divmod(count, math.prod(units[d] for d in dims))
            if rest:
                raise ValueError(f"{count} positions are shared unevenly by the units of {dims}")
            axis_size.append((per_unit, dims))
        sizes.append(axis_size)
    return sizes


def tensor_products(tensor: torch.Tensor, slices: Sequence[Slice], units: Mapping[str, int]) -> list:
    """[(factor, dims)] whose sum is the number of elements of a tensor."""
    parts = []
    for combination in cartesian(*axis_sizes(tensor, slices, units)):
        factor = math.prod(f for f, _ in combination)
        parts.append((factor, tuple(d for _, dims in combination for d in dims)))
    return parts


def count(
    model: nn.Module,
    slices: Sequence[Slice],
    units: Mapping[str, int],
    block_of: Callable[[str], str | None],
    positions: Mapping[str, int],
    extra_macs: Sequence[Product] = (),
    unused: Collection[str] = (),
) -> dict[str, tuple[Product, ...]]:
    """The `counts` of a Space.

    Args:
        block_of: tensor name -> the block that it vanishes with, or None.
        positions: name of a module, or of its weight -> how often one image applies the weight (output
            pixels, tokens).
        extra_macs: MACs without weights, such as attention's.
        unused: tensors that no image meets, and that no pruned network has.
    """
    by_tensor = defaultdict(list)
    for s in slices:
        by_tensor[s.tensor].append(s)
    parameters, macs = Counter(), Counter()
    for name, tensor in model.named_parameters(remove_duplicate=True):
        if name in unused:
            continue
        block = block_of(name)
        module, _, leaf = name.rpartition(".")
        for factor, dims in tensor_products(tensor, by_tensor[name], units):
            parameters[block, dims] += factor
            applied = positions.get(name) or (positions.get(module) if leaf == "weight" else None)
            if applied and tensor.ndim >= 2:
                macs[block, dims] += factor * applied
    for p in extra_macs:
        macs[p.block, p.dims] += p.factor
    return {
        "parameters": tuple(Product(b, float(f), d) for (b, d), f in parameters.items()),
        "macs": tuple(Product(b, float(f), d) for (b, d), f in macs.items()),
    }


def run_shapes(model: nn.Module, input_size: Sequence[int]) -> dict[str, tuple[tuple[int, ...], ...]]:
    """Run one black image; for every leaf module that ran, its (input, output) shape without the batch."""
    shapes, hooks = {}, []

    def note(name):
        def hook(module, inputs, output):
            if inputs and isinstance(inputs[0], torch.Tensor) and isinstance(output, torch.Tensor):
                shapes[name] = (tuple(inputs[0].shape[1:]), tuple(output.shape[1:]))

        return hook

    for name, module in model.named_modules():
        if not list(module.children()):
            hooks.append(module.register_forward_hook(note(name)))
    training = model.training
    try:
        with torch.no_grad():
            own = next(model.parameters(), torch.empty(0)).device
            model.eval()(torch.zeros(1, *input_size, device=own))
    finally:
        model.train(training)
        for hook in hooks:
            hook.remove()
    return shapes


def weight_positions(model: nn.Module, shapes: Mapping[str, tuple[tuple[int, ...], ...]]) -> dict[str, int]:
    """For every convolution and linear layer that ran: how often one image applies its weight."""
    found = {}
    for name, (_, output) in shapes.items():
        module = model.get_submodule(name)
        if isinstance(module, nn.Linear):
            found[name] = int(np.prod(output)) // module.out_features
        elif isinstance(module, nn.Conv2d):
            found[name] = int(np.prod(output)) // module.out_channels
    return found
