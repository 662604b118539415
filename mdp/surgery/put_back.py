"""Weights of a pruned network put back where they came from: the masked network that computes the same."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import torch
from torch import nn

from ..core.errors import MdpError
from ..families import PrunableNetwork
from .keep_indices import bare_positions, kept_positions, kept_units
from .mask import mask


def put_back(
    found: PrunableNetwork,
    pruned: nn.Module,
    choices: Mapping[str, int | None],
    removed: Collection[str],
    order: Mapping[str, Sequence[int]],
) -> nn.Module:
    """The masked network with the weights of a pruned one, which was repaired or trained since it was cut.

    Units keep their numbers, so that it can be scored, and cut again, as the dense network was.

    Args:
        pruned: what `extract` makes of these choices, with other values in its tensors.

    Raises:
        MdpError: it is a network of other choices.
    """
    model = mask(found, choices, removed, order)
    kept = kept_units(found, choices, order)
    positions = kept_positions(found, kept) | bare_positions(found, kept)
    theirs, ours = _tensors(pruned), _tensors(model)
    first: dict[int, str] = {}  # tensor -> the name that positions have for it, though others share it
    for name, tensor in ours.items():
        first.setdefault(id(tensor), name)
    with torch.no_grad():
        for name, tensor in ours.items():
            if name not in theirs:
                continue  # of a block that is gone, or of a norm over what is kept
            source = first[id(tensor)]
            path, _, leaf = source.rpartition(".")
            if leaf in ("running_mean", "running_var"):  # cut as its scales are, or would be
                scales = f"{path}.weight"
                source = first[id(ours[scales])] if scales in ours else scales
            _put(tensor, theirs[name], positions.get(source, {}), name)
    return model


def _tensors(network: nn.Module) -> dict[str, torch.Tensor]:
    """Parameters and buffers, those that are shared under all their names."""
    return {
        **dict(network.named_parameters(remove_duplicate=False)),
        **dict(network.named_buffers(remove_duplicate=False)),
    }


def _put(ours: torch.Tensor, theirs: torch.Tensor, axes: Mapping[int, np.ndarray], name: str) -> None:
    stay = [
        np.flatnonzero(axes[axis]) if axis in axes else np.arange(size)
        for axis, size in enumerate(ours.shape)
    ]
    if tuple(map(len, stay)) != tuple(theirs.shape):
        raise MdpError(
            f"The pruned network does not fit this plan: {name} is {tuple(theirs.shape)}, not "
            f"{tuple(map(len, stay))}. Use the network of the same plan."
        )
    if ours.ndim:
        ours[tuple(torch.from_numpy(i) for i in np.ix_(*stay))] = theirs.to(ours)
    else:
        ours.copy_(theirs)
