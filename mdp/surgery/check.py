"""Whether pruning an architecture is right: extracted against masked, random weights, a random plan."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.utils._pytree import tree_leaves

from ..core.errors import MdpError
from ..core.study import ModelRef
from ..families import GENERAL, PrunableNetwork, family, family_of, find, outline
from ..networks.lively import liven
from ..networks.memory_check import BYTES_PER_PARAMETER, check_memory
from ..networks.models import create, resolve, shapes_of
from .extract import extract
from .mask import mask
from .smaller import SIDE, takes

# A larger difference in float32 is looked at in float64, where rounding alone stays below the other.
_IN_DOUBT, _ROUNDING = 1e-5, 1e-6

# What is needed to run a dense and a pruned network, beside their weights.
TO_RUN = 1e9


class TooLarge(MdpError):
    """A network that this machine's memory, or the limit that was given, leaves out of the check."""


def check_architecture(
    name: str,
    seed: int = 0,
    *,
    remove: bool = True,
    split_blocks: bool = False,
    ref: ModelRef | None = None,
    empty: torch.nn.Module | None = None,
) -> dict[str, Any]:
    """Build `name` without its weights, prune it at random, and compare the two networks.

    Args:
        split_blocks: whether a transformer's attention and MLP may be removed apart.
        ref: how to build it, if not as timm does by default.
        empty: that network without its memory, where it was made already.

    Returns:
        model, dims, blocks, removed_blocks, parameters_before, parameters_after, max_abs_difference (relative
        to the largest output), skipped, and seed and input_size, all fit for JSON. Where float32 rounds away
        more than 1e-5, but in float64 the two agree to 1e-6, max_abs_difference is that of float64, and
        max_abs_difference_float32 the other.

    Raises:
        MdpError: timm does not know the name, (Unsupported) no family knows the architecture, or (TooLarge)
            this machine has not the memory free; all said before anything large is made.
    """
    ref = ref or resolve(name, weights="none")
    empty = shapes_of(ref) if empty is None else empty
    general = family_of(empty) == GENERAL
    needed = (
        _traced_memory(empty) if general else _memory(outline(ref, split_blocks=split_blocks), seed, remove)
    )
    check_memory(f"Checking {ref.name}", needed, TooLarge)
    model = create(ref)
    # Without position embeddings a network has the same weights at any resolution; small is fast.
    if not any("pos_embed" in n for n, _ in model.named_parameters()):
        small = dataclasses.replace(ref, input_size=(ref.input_size[0], SIDE, SIDE))
        larger = len(ref.input_size) == 3 and min(ref.input_size[1:]) > SIDE and not ref.inputs
        ref = small if not general or (larger and takes(empty, small)) else ref
    liven(model, seed)
    found = find(model, ref, split_blocks=split_blocks)
    choices, removed, order = random_decision(found, seed, remove=remove)
    images = torch.randn(2, *ref.input_size, generator=torch.Generator().manual_seed(seed))
    inputs = family(GENERAL).example(ref) if ref.inputs else (images,)
    with torch.no_grad():
        # Extracted first, so that the dense network can then be masked where it stands.
        pruned = extract(found, choices, removed, order)
        actual = tree_leaves(pruned(*inputs))
        before = sum(p.numel() for p in model.parameters())
        masked = mask(found, choices, removed, order, in_place=True)
        differs = {"max_abs_difference": _difference(actual, tree_leaves(masked(*inputs)))}
        after = sum(p.numel() for p in pruned.parameters())
        if not differs["max_abs_difference"] <= _IN_DOUBT:
            twice = (before + after) * BYTES_PER_PARAMETER + TO_RUN
            check_memory(f"Checking {ref.name} in float64", twice, TooLarge)
            differs |= _in_float64(pruned, masked, inputs, differs["max_abs_difference"])
    space = found.space
    return {
        "model": name,
        "seed": seed,
        "input_size": list(ref.input_size),
        "dims": [
            {"name": d.name, "kind": d.kind, "units": d.units, "kept": choices[d.name]} for d in space.dims
        ],
        "blocks": [{"name": b.name, "removable": b.removable} for b in space.blocks],
        "removed_blocks": removed,
        "parameters_before": before,
        "parameters_after": after,
        **differs,
        "skipped": [{"name": s.name, "reason": s.reason} for s in space.skipped],
    }


def _difference(actual: Sequence[torch.Tensor], expected: Sequence[torch.Tensor]) -> float:
    """The largest, as a share of the largest output."""
    return max(float((a - b).abs().max() / b.abs().max()) for a, b in zip(actual, expected, strict=True))


def _in_float64(
    pruned: torch.nn.Module, masked: torch.nn.Module, inputs: Sequence[torch.Tensor], before: float
) -> dict[str, float]:
    """The difference in float64, if what was seen in float32, `before`, was rounding; nothing otherwise. A
    network whose random weights make much of last digits shows more of them than of a wrong cut."""
    inputs = [t.double() if t.is_floating_point() else t for t in inputs]
    try:
        actual, expected = (tree_leaves(network.double()(*inputs)) for network in (pruned, masked))
    except RuntimeError:  # written for float32 alone
        return {}
    if any(t.is_floating_point() and t.dtype != torch.float64 for t in actual):
        return {}
    difference = _difference(actual, expected)
    if not difference <= _ROUNDING:
        return {}
    return {"max_abs_difference": difference, "max_abs_difference_float32": before}


def _memory(found: PrunableNetwork, seed: int, remove: bool) -> float:
    """How many bytes the dense and the pruned network take, which stand in memory together."""
    choices, removed, _ = random_decision(found, seed, remove=remove)
    whole = {d.name: choices[d.name] or d.units for d in found.space.dims}
    before = sum(p.numel() for p in found.model.parameters())
    after = sum(p.value(whole, frozenset(removed)) for p in found.space.counts["parameters"])
    return (before + after) * BYTES_PER_PARAMETER + TO_RUN


def _traced_memory(empty: torch.nn.Module) -> float:
    """As `_memory`, for a network that is followed as a graph: copies of it are made to try its cuts."""
    return 3 * sum(p.numel() for p in empty.parameters()) * BYTES_PER_PARAMETER + 2 * TO_RUN


def random_decision(
    found: PrunableNetwork, seed: int, *, remove: bool = True
) -> tuple[dict[str, int | None], list[str], dict[str, np.ndarray]]:
    """(choices, removed blocks, order): any width of every dim, a third of the removable blocks gone."""
    random = np.random.default_rng(seed)
    removed = [b.name for b in found.space.blocks if b.removable and random.random() < 1 / 3 and remove]
    order = {d.name: random.permutation(d.units) for d in found.space.dims}
    choices = {
        d.name: int(random.integers(1, d.units + 1)) if len(d.options) > 1 else d.units
        for d in found.space.dims
    }
    used = {s.dim for s in found.slices if s.block not in removed}
    return {name: kept if name in used else None for name, kept in choices.items()}, removed, order
