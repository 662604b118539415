"""Model families: what can be pruned in a model, found in the model itself.

Each family is one module that answers the same questions in the same order: NAME, `matches(model)`,
`find(model, ref, width_step)`, `remove(model, block)`, `narrow(model, choices, removed)`.
docs/how-to/add-a-family.md shows how to add one.
"""

import importlib
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

from ..core.errors import MdpError, Unsupported
from ..core.study import ModelRef
from ..networks.options import check_width_steps
from ..networks.prunable import Norm, PrunableNetwork
from ..networks.slices import Slice

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = [
    "FAMILIES",
    "GENERAL",
    "Norm",
    "PrunableNetwork",
    "Slice",
    "family",
    "family_of",
    "find",
    "outline",
]

FAMILIES = ("vit", "resnet", "efficientnet", "convnext")
GENERAL = "traced"  # any other network that can be traced


def family(name: str) -> ModuleType:
    """The module of a family. Raises Unsupported for a name that is none."""
    if name not in (*FAMILIES, GENERAL):
        known = ", ".join((*FAMILIES, GENERAL))
        raise Unsupported(f"There is no model family {name!r}; known are {known}.")
    return importlib.import_module(f"mdp.families.{name}")


def family_of(model: "nn.Module") -> str:
    """The name of the family that takes a model: GENERAL where none of the others does, and for norms without
    scales, by which the others know what a norm's units are."""
    from .masked_norms import is_bare

    if any(map(is_bare, model.modules())):
        return GENERAL
    return next((name for name in FAMILIES if family(name).matches(model)), GENERAL)


def find(
    model: "nn.Module",
    ref: ModelRef,
    *,
    width_step: Mapping[str, int] | None = None,
    split_blocks: bool = False,
    attention: str = "fused",
    inputs: "Sequence[torch.Tensor] | None" = None,
) -> PrunableNetwork:
    """What can be pruned in `model`, where it lives and what to time.

    Args:
        model: the dense model in eval mode on the CPU; it is kept, and not changed.
        width_step: dim kind or dim name -> units per step of its options; the rest gets defaults.
        split_blocks: let the attention and the MLP of a transformer's block be removed apart.
        attention: how a transformer's is timed, "fused", as it runs, or "split" in two, as in the paper.
        inputs: what the forward of a network of no family takes, if not images of `ref.input_size`.

    Raises:
        Unsupported: no family knows this model, or it has a part that its family does not know.
        MdpError: a width step is of no kind and no dim that there is.
    """
    found = _find(model, ref, width_step, split_blocks, attention, inputs)
    check_width_steps(width_step, found.space.dims)
    return found


def _find(
    model: "nn.Module",
    ref: ModelRef,
    width_step: Mapping[str, int] | None,
    split_blocks: bool,
    attention: str,
    inputs: "Sequence[torch.Tensor] | None",
) -> PrunableNetwork:
    if attention not in ("fused", "split"):
        raise MdpError(f"Attention can be timed fused or split, not {attention!r}.")
    name = family_of(model)
    if name == "vit":
        return family(name).find(model, ref, width_step, split_blocks, attention)
    if name != GENERAL:
        if split_blocks or attention != "fused":
            raise Unsupported(
                f"{ref.name} is no transformer: its blocks have no attention to "
                f"{'remove by halves' if split_blocks else 'time otherwise'}."
            )
        return family(name).find(model, ref, width_step)
    if attention != "fused":
        raise Unsupported(
            f"{ref.name} is of none of the families ({', '.join(FAMILIES)}), and is pruned as a graph of "
            "steps: its attention is timed as it runs. Leave out attention."
        )
    # Every branch of a graph that can go goes by itself: blocks are split as they are.
    return family(GENERAL).find(model, ref, width_step, inputs)


def outline(
    ref: ModelRef,
    *,
    width_step: Mapping[str, int] | None = None,
    split_blocks: bool = False,
    attention: str = "fused",
) -> PrunableNetwork:
    """What `find` finds in this model, without its weights. A model of a family takes seconds and no memory:
    it is on torch's meta device, where a tensor is its shape alone; its `model` and `segments` cannot run.
    Any other is built, for the steps of its forward are tried.

    Raises:
        MdpError: timm cannot build the model.
        Unsupported: as `find`, before anything large is made.
    """
    import torch

    from ..networks.factories import is_own
    from ..networks.memory_check import BYTES_PER_PARAMETER, check_memory
    from ..networks.models import create, shapes_of

    empty = shapes_of(ref)
    how = {"width_step": width_step, "split_blocks": split_blocks, "attention": attention}
    if family_of(empty) != GENERAL and not is_own(ref):
        with torch.device("meta"):
            return find(empty, ref, **how)
    if any(p.is_meta for p in empty.parameters()):
        copies = 3 * sum(p.numel() for p in empty.parameters())  # cuts are tried on copies
        check_memory(f"Looking into {ref.name}", copies * BYTES_PER_PARAMETER, Unsupported)
        empty = create(ref, load_weights=False)
    return find(empty, ref, **how)
