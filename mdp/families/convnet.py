"""What the convolutional families share: from channels that belong together to a Found.

A family says which modules are its blocks, which can be removed, and what of a block stays when it goes.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import takewhile

import numpy as np
from torch import fx, nn

from ..core.errors import Unsupported
from ..core.problem import Block
from ..core.space import Moment, Skipped, Space
from ..core.study import ModelRef
from ..networks.counts import count
from ..networks.options import space_dim
from ..networks.prunable import PrunableNetwork, owner
from ..networks.slices import Slice
from ..networks.trace import trace
from .channels import ChannelGroup, Channels
from .graph_segments import folds, graph_segments
from .liveness import moments


@dataclass(frozen=True)
class Anatomy:
    """What a family knows about a model beyond its trace.

    Attributes:
        blocks: in the order of the forward.
        stays: modules within blocks that remain when their block is removed.
        whole: layer -> why its output channels are not pruned.
        apart: modules timed as one segment (squeeze-excite), whatever is in them.
        in_place: names of steps that work in place, though a trace does not say so.
    """

    blocks: tuple[Block, ...]
    stays: frozenset[str] = frozenset()
    whole: Mapping[str, str] = field(default_factory=dict)
    apart: frozenset[str] = frozenset()
    in_place: frozenset[str] = frozenset()

    def block_of(self, name: str) -> str | None:
        """The block that a module or tensor vanishes with, None if it is always there."""
        if owner(name, self.stays) is not None:
            return None
        return owner(name, {b.name for b in self.blocks})


def find_channels(
    model: nn.Module, ref: ModelRef, width_step: Mapping[str, int] | None, family: str, anatomy: Anatomy
) -> PrunableNetwork:
    """Trace the model, follow its channels, and describe every group that can be pruned.

    Raises:
        Unsupported: the model cannot be traced, or none of its channels can be pruned.
    """
    traced = trace(model, ref.input_size)
    channels = Channels(model, traced)
    for group in channels.groups:
        group.fixed = group.fixed or _kept_whole(model, group, anatomy)
    names = _dim_names(model, [g for g in channels.groups if not g.fixed and g.makers], anatomy)
    if not names and not any(b.removable for b in anatomy.blocks):
        reasons = "; ".join(sorted({g.fixed for g in channels.groups if g.makers})[:3])
        raise Unsupported(f"Nothing in {ref.name} can be pruned: of its channels, {reasons}.")
    dims = tuple(space_dim(name, _kind(model, g), g.units, width_step) for g, name in names.items())
    slices = tuple(s for g, name in names.items() for s in _slices(model, g, name, anatomy))
    norms = {name: _norms(model, g, anatomy) for g, name in names.items()}
    positions = {
        n.target: int(np.prod(n.meta["shape"])) // traced.get_submodule(n.target).weight.shape[0]
        for n in traced.graph.nodes
        if n.op == "call_module" and isinstance(traced.get_submodule(n.target), (nn.Conv2d, nn.Linear))
    }
    counts = count(
        model,
        slices,
        {d.name: d.units for d in dims},
        anatomy.block_of,
        positions,
    )
    skipped = tuple(Skipped(g.makers[0], g.fixed) for g in channels.groups if g.fixed and g.makers)
    alive = _moments(traced, channels, names, anatomy)
    space = Space(ref.name, family, dims, anatomy.blocks, counts, skipped, alive)
    segments = tuple(graph_segments(traced, channels, names, slices, anatomy))
    return PrunableNetwork(model, ref, space, slices, segments, norms)


def _moments(
    traced: fx.GraphModule, channels: Channels, names: Mapping[ChannelGroup, str], anatomy: Anatomy
) -> tuple[Moment, ...]:
    """What is in memory at once, step by step."""

    def size(node: fx.Node) -> list[tuple[float, tuple[str, ...]]]:
        shape, group = node.meta["shape"], channels.group(node)
        if not shape:
            return []
        elements = float(np.prod(shape[1:]))
        name = names.get(group) if group is not None else None
        return [(elements, ())] if name is None or group is None else [(elements / group.units, (name,))]

    def name_of(node: fx.Node) -> str:
        if node.op == "call_module":
            return type(traced.get_submodule(str(node.target))).__name__
        return getattr(node.target, "__name__", str(node.target))

    removable = {b.name for b in anatomy.blocks if b.removable}
    block_of = partial(_block_of, anatomy)
    folded = partial(folds, traced)
    return moments(traced, name_of, size, block_of, folded, removable, anatomy.in_place)


def _block_of(anatomy: Anatomy, node: fx.Node) -> str | None:
    return anatomy.block_of(node.meta["path"])


def _sources(model: nn.Module, group: ChannelGroup, anatomy: Anatomy) -> list[str]:
    """The layers that decide what a group's channels are: neither depthwise ones nor gates."""
    return [
        m
        for m in group.makers
        if getattr(model.get_submodule(m), "groups", 1) == 1 and owner(m, anatomy.apart) is None
    ]


def _kept_whole(model: nn.Module, group: ChannelGroup, anatomy: Anatomy) -> str:
    """Why a group that could be pruned is not, or an empty text."""
    sources = _sources(model, group, anatomy)
    if group.units == 1:
        return "a norm takes its statistics over all of them"
    if group.makers and not sources and all(owner(m, anatomy.apart) for m in group.makers):
        return "the squeeze of a squeeze-excite gate takes next to no time"
    # A layer that should stay whole does not keep a residual stream whole that others write to as well.
    if sources and all(m in anatomy.whole for m in sources):
        return anatomy.whole[sources[0]]
    return ""


def _kind(model: nn.Module, group: ChannelGroup) -> str:
    """`groups` where a unit is several channels, `mlp` for the hidden layer of an MLP, else `channels`."""
    name, axis, _ = group.members[0]
    if model.get_parameter(name).shape[axis] != group.units:
        return "groups"
    return "mlp" if ".mlp." in group.makers[0] and len(group.makers) == 1 else "channels"


def _dim_names(model: nn.Module, groups: Sequence[ChannelGroup], anatomy: Anatomy) -> dict[ChannelGroup, str]:
    """A stage's name where several of its blocks share the channels, else their layer's name."""
    blocks = {b.name for b in anatomy.blocks}
    names: dict[ChannelGroup, str] = {}
    for group in groups:
        sources = _sources(model, group, anatomy) or group.makers
        name, owners = sources[0], {owner(m, blocks) for m in sources} - {None}
        if len(owners) > 1:
            together = zip(*(o.split(".") for o in owners), strict=False)
            stage = [parts[0] for parts in takewhile(lambda parts: len(set(parts)) == 1, together)]
            name = ".".join(stage) or name
        names[group] = sources[0] if name in names.values() else name
    return names


def _slices(model: nn.Module, group: ChannelGroup, dim: str, anatomy: Anatomy) -> Sequence[Slice]:
    slices = []
    for tensor, axis, role in group.members:
        index = np.arange(model.get_parameter(tensor).shape[axis]).reshape(group.units, -1)
        slices.append(Slice(dim, tensor, axis, index, anatomy.block_of(tensor), role))
    return slices


def _norms(
    model: nn.Module, group: ChannelGroup, anatomy: Anatomy
) -> tuple[tuple[str, str, str | None], ...]:
    batch_norms = (
        n for n in group.norms if isinstance(model.get_submodule(n), nn.modules.batchnorm._BatchNorm)
    )
    return tuple((f"{n}.weight", f"{n}.bias", anatomy.block_of(n)) for n in batch_norms)


def stems(model: nn.Module) -> Collection[str]:
    """The first convolution, which looks at the image."""
    first = next(n for n, m in model.named_modules() if isinstance(m, nn.Conv2d))
    return {first}
