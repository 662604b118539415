"""Any network whose forward can be traced: channels that belong together are found by following them.

The pruned network is its graph of steps (`TracedNetwork`); the masked one is the dense module itself, so that
each checks the other.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from ...core.errors import Unsupported
from ...core.problem import Block
from ...core.space import Skipped, Space
from ...core.study import ModelRef
from ...networks.in_memory import twin
from ...networks.options import space_dim
from ...networks.prunable import PrunableNetwork
from ...networks.slices import Slice
from .alive import alive
from .bare_norms import bare_positions
from .batches import answer_of, of_batch, refuse_baked, refuse_other
from .counting import counts
from .dims import Group, groups, slices
from .fixed import note_fixed
from .follow import Follower
from .in_training import OTHER_WAY
from .layers import BATCH_NORMS
from .other_sizes import BY_SIZES, note_sizes
from .parts import take_parts_first
from .picks import spell_out_picks
from .preparing import prepared
from .rebuild import TracedNetwork, rebuild
from .residuals import Branch, branches
from .segments import segments
from .shuffles import join_shuffles
from .tracing import trace
from .trial import Trial, faults

NAME = "traced"
NONE_MADE = "none are made by a layer that is known, a module such as nn.Conv2d or nn.Linear"
TIMM_MODULES = ()  # of timm's modules, whatever the other families leave

__all__ = ["NAME", "TracedNetwork", "example", "find", "positions_of_bare_norms", "rebuilt", "remove_masked"]


@dataclass(frozen=True, eq=False)
class Anatomy:
    """What `find` keeps for surgery: the graph with its labels, the dims, the branches; `gone` are names of
    branches that stay out whatever is asked for: a step before took them."""

    follower: Follower
    groups: tuple[Group, ...]
    branches: tuple[Branch, ...]
    gone: frozenset[str] = frozenset()


def matches(model: nn.Module) -> bool:
    """Whether this family is the one to ask: it takes what the others leave."""
    return True


def example(ref: ModelRef, whole: int = 0) -> tuple[torch.Tensor, ...]:
    """Inputs to trace with: random images, or what `ref.inputs` says; whole numbers are all `whole`."""
    random = torch.Generator().manual_seed(0)
    found = []
    for dtype, shape in ref.inputs or (("float32", tuple(ref.input_size)),):
        kind = getattr(torch, dtype)
        new = torch.randn(2, *shape, generator=random, device="cpu")
        if kind == torch.bool:  # a mask that neither hides nor shows everything
            new = (torch.arange(new[0].numel(), device="cpu") % 2 == 0).reshape(shape).expand(2, *shape)
        elif not kind.is_floating_point:
            new = torch.full_like(new, whole)
        found.append(new.to(kind))
    return tuple(found)


def _sound(model: nn.Module, ref: ModelRef) -> tuple[torch.Tensor, ...]:
    """Example inputs whose answer is finite: of whole numbers, nought may be a length to divide by."""
    for whole in (0, 1) if ref.inputs else ():
        inputs = example(ref, whole)
        answer = answer_of(twin(model), inputs)
        if not isinstance(answer, Exception) and all(t.isfinite().all() for t in answer):
            return inputs
    return example(ref)


def find(
    model: nn.Module,
    ref: ModelRef,
    width_step: Mapping[str, int] | None,
    inputs: Sequence[torch.Tensor] | None = None,
) -> PrunableNetwork:
    """Raises Unsupported if the forward cannot be traced or nothing in it can be pruned.

    Args:
        inputs: the arguments of the forward, a batch of two or more; by default images of `ref.input_size`.
    """
    model = prepared(model)
    inputs = tuple(inputs or _sound(model, ref))
    own = twin(model)
    refuse_baked(own, inputs)
    inputs = of_batch(inputs, 2)
    traced = trace(model, inputs)
    refuse_other(own, traced, inputs)
    note_sizes(own, traced, inputs)
    note_fixed(model, traced, spell_out_picks(traced))
    join_shuffles(traced)
    take_parts_first(traced)
    follower = Follower(model, traced)
    found, blocks, owned, left_whole = _tried(follower, of_batch(inputs, 3))
    block_of = _block_of(blocks)
    if not found and not blocks:
        reasons = "; ".join(sorted({s.reason for s in _skipped(follower)})[:3])
        raise Unsupported(f"Nothing in {ref.name} can be pruned: of its channels, {reasons or NONE_MADE}.")
    dims = tuple(space_dim(g.name, g.kind, len(g.roots), width_step) for g in found)
    units = {d.name: d.units for d in dims}
    space = Space(
        ref.name,
        NAME,
        dims,
        tuple(Block(b.name) for b in blocks),
        counts(follower, owned, units, block_of),
        (
            *_skipped(follower),
            *_other_ways(follower),
            *(Skipped(name, reason) for name, reason in left_whole.items()),
        ),
    )
    anatomy = Anatomy(follower, tuple(found), tuple(blocks))
    space = replace(space, moments=alive(anatomy))
    return PrunableNetwork(
        model, ref, space, owned, tuple(segments(anatomy)), _norms(follower, found, block_of), anatomy
    )


def _tried(
    follower: Follower, inputs: Sequence[torch.Tensor]
) -> tuple[list[Group], list[Branch], tuple[Slice, ...], dict[str, str]]:
    """(dims, blocks, slices, why some stay whole): all that, cut, computes what it computes masked."""
    trial, left_whole = Trial(follower, inputs), {}
    names = follower.ledger.names
    for _ in range(3):  # one dim left whole can show another that is wrong
        found = groups(follower, left_whole)
        blocks = [b for b in branches(follower.traced, names) if b.name not in left_whole]
        owned = tuple(slices(follower, found, _block_of(blocks)))
        # Of a block that is gone nothing is tried: each is there once.
        halves = ([b.name for b in half] for half in (blocks[::2], blocks[1::2]))
        if not any(trial.fails(found, blocks, owned, gone) for gone in halves):
            return found, blocks, owned, left_whole
        left_whole |= dict(faults(trial, found, blocks, owned))
    raise Unsupported(
        f"This {type(follower.model).__name__} cannot be pruned: cut, it computes something else than "
        "masked, and it was not found where. Please report it with the module."
    )


def _block_of(blocks: Sequence[Branch]) -> dict[str, str]:
    return {tensor: b.name for b in blocks for tensor in b.tensors}


def fixed(found: PrunableNetwork) -> dict[str, str]:
    """Hashes of what the graph took out of its module as numbers, by what held them."""
    return dict(found.anatomy.follower.traced.meta["fixed"])


def remove_masked(found: PrunableNetwork, model: nn.Module, block: str) -> None:
    """Let a branch of a masked network add nothing: its last tensors become zero."""
    branch = next(b for b in found.anatomy.branches if b.name == block)
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    with torch.no_grad():
        for name in branch.last:
            tensors[name].zero_()


def positions_of_bare_norms(found: PrunableNetwork, kept: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Which positions of the norms without scales stay, by name: no slice says so."""
    anatomy: Anatomy = found.anatomy
    return bare_positions(anatomy.follower.ledger, found.model, keeping(anatomy, kept))


def rebuilt(
    found: PrunableNetwork, kept: Mapping[str, np.ndarray], removed: Collection[str]
) -> TracedNetwork:
    """The pruned network. `kept` are the units of every dim that stay."""
    anatomy: Anatomy = found.anatomy
    keep, gone = keeping(anatomy, kept), {*removed, *anatomy.gone}
    other = None if found.model is anatomy.follower.model else found.model
    return rebuild(anatomy.follower, keep, anatomy.branches, gone, other)


def keeping(anatomy: Anatomy, kept: Mapping[str, np.ndarray]) -> np.ndarray:
    """For every label, whether it stays; shape (labels,), bool. A dim that is not named stays whole."""
    labels = anatomy.follower.ledger.labels
    keep = np.ones(len(labels), dtype=bool)
    for group in anatomy.groups:
        if group.name in kept:
            keep[group.roots] = False
            keep[group.roots[kept[group.name]]] = True
    return keep[labels.roots(np.arange(len(labels)))]


def _skipped(follower: Follower) -> tuple[Skipped, ...]:
    """Layers whose channels stay whole, each group of channels said once."""
    ledger, said = follower.ledger, set()
    found = []
    for (tensor, _), owned in ledger.owned.items():
        if owned.role != "output" or not tensor.endswith("weight"):
            continue
        layer = tensor.rpartition(".")[0] or tensor
        for vector in owned.labels:
            roots = set(ledger.labels.roots(vector).tolist()) - said
            said |= roots
            for reason in sorted({ledger.labels.reason(r) for r in roots} - {""}):
                found.append(Skipped(layer, reason))
    found += [Skipped(name, reason) for name, reason in follower.unmade.items()]
    found += [Skipped(name, f"its forward is not known: {why}") for name, why in follower.opaque.items()]
    return tuple(found)


def _other_ways(follower: Follower) -> Iterator[Skipped]:
    """Where the pruned network does not do what its module does, in training and for other sizes."""
    own = type(follower.model).__name__
    for name in follower.traced.meta["in training"]:
        yield Skipped(name or own, OTHER_WAY)
    if follower.traced.meta["by sizes"]:
        yield Skipped(own, BY_SIZES)


def _norms(follower: Follower, found: Sequence[Group], block_of: Mapping[str, str]) -> dict:
    """dim -> batch norms whose channels are those of the dim alone, for Taylor scores."""
    ledger = follower.ledger
    names: dict[str, list] = {g.name: [] for g in found}
    for norm in ledger.norms:
        if not isinstance(follower.model.get_submodule(norm), BATCH_NORMS):
            continue
        owned = ledger.owned.get((ledger.names[f"{norm}.weight"], 0))
        if owned is None or len(owned.labels) != 1:
            continue
        roots = ledger.labels.roots(owned.labels[0])
        for g in found:
            in_order = len(roots) % len(g.roots) == 0 and np.array_equal(
                roots, np.repeat(g.roots, len(roots) // len(g.roots))
            )
            if in_order:
                names[g.name].append((f"{norm}.weight", f"{norm}.bias", block_of.get(f"{norm}.weight")))
    return {name: tuple(dict.fromkeys(entries)) for name, entries in names.items()}
