"""The pruned network itself: a plain module with nothing masked left in it."""

import copy
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from ..core.errors import MdpError
from ..core.study import ModelRef
from ..families import PrunableNetwork, family
from ..networks.resize import loosen, resize
from .keep_indices import check_decision, kept_positions, kept_units


@dataclass(frozen=True)
class Architecture:
    """How a pruned network differs from the dense one; an extracted model carries it as `.architecture`.

    Attributes:
        kept: dim -> the dense network's units that stay, ascending, for every dim that was cut; None where it
            is not known, as files of earlier versions do not say it.
        fixed: of a network of one's own, hashes of the positions that its forward picks by number: no file of
            weights has them, and another module of the same tensors may pick others.
    """

    model: ModelRef
    family: str
    choices: Mapping[str, int | None]
    removed: tuple[str, ...]
    kept: Mapping[str, tuple[int, ...]] | None = None
    fixed: Mapping[str, str] | None = None


def extract(
    found: PrunableNetwork,
    choices: Mapping[str, int | None],
    removed: Collection[str] = (),
    order: Mapping[str, Sequence[int]] | None = None,
) -> nn.Module:
    """Cut the pruned units and removed blocks out of a copy of the dense model.

    Of timm's own class, with a few modules of ours (families/masked_norms.py) where timm has none that fits.

    Args:
        choices: dim -> kept units; None or absent where every block that uses the dim is removed.
        order: dim -> units, most important first; needed for every dim that is not kept whole.

    Raises:
        MdpError: the decision does not fit the model.
    """
    order = order or {}
    check_decision(found, choices, removed, order)
    kept = kept_units(found, choices, order)
    full = {d.name: choices.get(d.name) or d.units for d in found.space.dims}
    if found.anatomy is None:
        model = _cut_module(found, kept, full, removed)
    else:  # the family cuts its graph itself
        model = family(found.space.family).rebuilt(found, kept, removed)
    _check_count(found, model, full, removed)
    model.architecture = Architecture(
        found.ref,
        found.space.family,
        {d.name: choices.get(d.name) for d in found.space.dims},
        tuple(b.name for b in found.space.blocks if b.name in removed),
        {d.name: tuple(map(int, kept[d.name])) for d in found.space.dims if len(kept[d.name]) < d.units},
        None if found.anatomy is None else family(found.space.family).fixed(found) or None,
    )
    return model


def _cut_module(
    found: PrunableNetwork,
    kept: Mapping[str, np.ndarray],
    full: Mapping[str, int],
    removed: Collection[str],
) -> nn.Module:
    """A copy of the dense module, of its own class, with what stays of its tensors and blocks."""
    positions = kept_positions(found, kept)
    # Structure is copied, tensors are shared until they are cut: a large model stands once in memory.
    model = copy.deepcopy(found.model, {id(t): t for t in _tensors(found.model).values()})
    for block in removed:
        family(found.space.family).remove(model, block)
    resize(model, _cut_tensors(model, positions))
    loosen(model)
    family(found.space.family).narrow(model, full, removed)
    return model


def _cut_tensors(
    model: nn.Module, positions: Mapping[str, Mapping[int, "torch.Tensor"]]
) -> dict[str, torch.Tensor]:
    """Every tensor with what stays of it. What a norm knows of each channel is cut as its weight is."""
    cut = {}
    for name, tensor in _tensors(model).items():
        path, _, leaf = name.rpartition(".")
        source = f"{path}.weight" if leaf in ("running_mean", "running_var", "kept") else name
        for axis, stay in positions.get(source, {}).items():
            places = torch.from_numpy(stay).nonzero().ravel().to(tensor.device)
            tensor = tensor.detach().index_select(axis, places)
        cut[name] = tensor.detach().clone()
    return cut


def _tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}


def _check_count(
    found: PrunableNetwork, model: nn.Module, choices: Mapping[str, int], removed: Collection[str]
) -> None:
    expected = sum(p.value(choices, frozenset(removed)) for p in found.space.counts["parameters"])
    actual = sum(p.numel() for p in model.parameters())
    if actual != expected:
        raise MdpError(
            f"The pruned {found.space.model} has {actual} parameters where {expected:.0f} were counted; "
            "it was not made. This is a fault of the project, please report it with the plan."
        )
