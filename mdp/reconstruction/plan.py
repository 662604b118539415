"""What a repair looks at: per layer the kept outputs, the places, and the stream that it writes to."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import psutil
import torch
from torch import Tensor, nn

from ..core.errors import MdpError
from ..core.how_found import has_split_blocks
from ..families import family, find
from ..surgery.extract import Architecture
from ..surgery.keep_indices import kept_positions
from ..surgery.other_picks import refuse_other_picks
from .layers import Layer, Survey
from .rows import draw
from .streams import Write, writes

# Rows for each input of a layer, and the fewest and most of all. Depthwise layers could be solved on fewer;
# but their channels are often active on few pixels, and the mean of those takes many.
ROWS_PER_INPUT, FEWEST, MOST = 8, 8192, 16384
# Of the memory that is free, so much is used at most; matrices are float64, a solution takes a few of them.
SHARE, MATRICES, BYTES = 0.5, 4, 8


@dataclass(frozen=True)
class Task:
    """One layer's repair.

    Attributes:
        kept: positions of the dense layer's outputs that this one has.
        at: places of each image that are looked at, (images, places).
        write: how it writes to a residual stream, if it does.
        more: as `at`, for every further time that the layer runs.
    """

    layer: Layer
    kept: Tensor
    at: Tensor
    write: Write | None
    more: tuple[Tensor, ...] = ()

    @property
    def runs(self) -> tuple[tuple[Tensor, int], ...]:
        """(places, how many outputs lie in a row) of every time that the layer runs."""
        widths = (width for _, width in self.layer.runs)
        return tuple(zip((self.at, *self.more), widths, strict=True))

    @property
    def name(self) -> str:
        """The layer's name, in both networks."""
        return self.layer.name


def room() -> float:
    """How many bytes a repair may take here."""
    return SHARE * psutil.virtual_memory().available


def tasks(
    network: nn.Module, dense: nn.Module, found: Survey, images: int, seed: int, memory: float
) -> tuple[list[Task], dict[str, str]]:
    """(the repairs in the order of the forward, layer -> why it is left as it is).

    Raises:
        MdpError: nobody says which of the dense network's units the pruned one has.
    """
    kept = _outputs(network.architecture, dense)
    dense_modules, streams = dict(dense.named_modules()), writes(dense, network)
    todo, skipped = [], dict(found.skipped)
    for number, layer in enumerate(found.layers):
        module, like = network.get_submodule(layer.name), dense_modules.get(layer.name)
        if not isinstance(like, type(module)):
            skipped[layer.name] = "the dense network has no such layer"
        elif not (rows := rows_for(layer, memory)):
            skipped[layer.name] = (
                f"its matrix of {layer.inputs:,} inputs takes {_size(layer) / 1e9:.1f} GB, more than is free"
            )
        else:
            stay = kept.get(layer.name, torch.arange(like.weight.shape[0]))
            if len(stay) != module.weight.shape[0]:
                skipped[layer.name] = "which of its outputs were kept is not known"
                continue
            every = sum(places for places, _ in layer.runs)
            at, *more = (draw(images, n, -(-rows * n // every), seed + number) for n, _ in layer.runs)
            write = None if more else streams.get(layer.name)
            todo.append(Task(layer, stay, at, write, tuple(more)))
    return todo, skipped


def _outputs(architecture: Architecture, dense: nn.Module) -> dict[str, Tensor]:
    """Layer -> which of the dense layer's outputs stay, where not all do."""
    whole = all(width is None for width in architecture.choices.values())
    if architecture.kept is None and not whole:
        raise MdpError(
            "The pruned network does not say which units of the dense one it has: an earlier version saved "
            "it. Repair it from its study (`mdp repair STUDY --plan PLAN`), or extract it anew."
        )
    found = find(dense, architecture.model, split_blocks=has_split_blocks(architecture.removed))
    if {d.name for d in found.space.dims} != set(architecture.choices):
        raise MdpError(
            f"The dense network given is not the {architecture.model.name} that this one was cut out of: its "
            "dims differ."
        )
    if found.anatomy is not None:
        fixed = family(architecture.family).fixed(found)
        refuse_other_picks(architecture.fixed, fixed, "The dense network given")
    said = architecture.kept or {}
    units = {d.name: np.asarray(said.get(d.name, np.arange(d.units))) for d in found.space.dims}
    return {
        name.removesuffix(".weight"): torch.from_numpy(np.flatnonzero(axes[0]))
        for name, axes in kept_positions(found, units).items()
        if name.endswith(".weight") and 0 in axes
    }


def rows_for(layer: Layer, memory: float) -> int:
    """How many rows a layer is fitted on, 0 where memory does not hold its matrices."""
    return min(MOST, max(FEWEST, ROWS_PER_INPUT * layer.inputs)) if _size(layer) <= memory else 0


def _size(layer: Layer) -> float:
    return layer.groups * layer.inputs**2 * BYTES * MATRICES


def rows_of(todo: Mapping[str, Task] | list[Task]) -> int:
    """Bytes of the dense network's answers that a repair holds."""
    every = todo.values() if isinstance(todo, Mapping) else todo
    rows = ((t, sum(at.numel() for at, _ in t.runs)) for t in every)
    return sum(n * len(t.kept) * (1 + len(t.write.reads) if t.write else 1) * 4 for t, n in rows)
