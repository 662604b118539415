"""The masked network: the dense one, computing exactly what the pruned one will compute.

A pruned unit's weights and biases, and its normalisation's scale and shift, are zero; a norm over pruned
units takes its statistics over the kept ones; attention keeps the dense scale; a removed block adds nothing.
"""

from collections.abc import Collection, Mapping, Sequence

import torch
from torch import nn

from ..families import PrunableNetwork, family
from ..families.masked_norms import kept_norms
from ..networks.in_memory import copied
from .keep_indices import bare_positions, check_decision, kept_positions, kept_units


def mask(
    found: PrunableNetwork,
    choices: Mapping[str, int | None],
    removed: Collection[str] = (),
    order: Mapping[str, Sequence[int]] | None = None,
    *,
    in_place: bool = False,
) -> nn.Module:
    """A copy of the dense model with everything pruned at zero; tensors keep their dense shapes.

    Args:
        choices: dim -> kept units; None or absent where every block that uses the dim is removed.
        order: dim -> units, most important first; needed for every dim that is not kept whole.
        in_place: mask the dense model itself, which is lost with it, where memory holds no second one.

    Raises:
        MdpError: the decision does not fit the model.
    """
    order = order or {}
    check_decision(found, choices, removed, order)
    model = found.model if in_place else copied(found.model)
    kept = kept_units(found, choices, order)
    positions = kept_positions(found, kept)
    tensors = dict(model.named_parameters())
    with torch.no_grad():
        for name, axes in positions.items():
            for axis, stay in axes.items():
                gone = torch.from_numpy(~stay).nonzero().ravel()
                tensors[name].index_fill_(axis, gone, 0)
    norms = positions | bare_positions(found, kept)
    for name in [n for n in norms if n.endswith(".weight")]:
        path = name.rpartition(".")[0]
        stay = norms[name].get(0)
        if stay is not None and not stay.all():
            for place, norm in kept_norms(model, path, torch.from_numpy(stay)):
                model.set_submodule(place, norm)
    module = family(found.space.family)
    for block in removed:
        if found.anatomy is None:
            module.remove(model, block)
        else:  # a graph has no module to take out; its branch is silenced
            module.remove_masked(found, model, block)
    return model
