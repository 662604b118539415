"""Channel shuffles: reshapes and permutations that, together, only reorder the positions along one axis.

Taken for one step each, they cost no freedom: step by step, their channels would have to be tied in rows.
"""

import itertools
from collections.abc import Sequence

import torch
from torch import fx

from .moves import PLAIN, RESHAPES
from .running import is_tensor, name_of, run
from .values import along, spread, varying

_LONGEST = 5


def reorder(x: torch.Tensor, axis: int, index: Sequence[int]) -> torch.Tensor:
    """The positions `index` of an axis, in this order."""
    return x[(slice(None),) * axis + (list(index),)]


def join_shuffles(traced: fx.GraphModule) -> None:
    """Put one `reorder` in the place of every chain of steps that amounts to it."""
    graph = traced.graph
    for node in list(graph.nodes):
        name = name_of(traced, node)
        if not is_tensor(node) or name not in RESHAPES | {"ChannelShuffle", "channel_shuffle"}:
            continue
        for start in _starts(traced, node):
            found = _order(traced, start, node)
            if found is not None:
                with graph.inserting_before(node):
                    new = graph.call_function(reorder, (start, *found))
                new.meta.update(node.meta)
                node.replace_all_uses_with(new)
                break
    graph.eliminate_dead_code(
        lambda node: node.op in ("placeholder", "output") or not _is_chain(traced, node)
    )


def _is_chain(traced: fx.GraphModule, node: fx.Node) -> bool:
    return name_of(traced, node) in RESHAPES | PLAIN | {"ChannelShuffle", "channel_shuffle"}


def _starts(traced: fx.GraphModule, node: fx.Node) -> list[fx.Node]:
    """Values of the same shape from which a chain of moves leads to `node`, the nearest first."""
    found, shape = [], node.meta["out"].shape
    for _ in range(_LONGEST):
        sources = [n for n in node.all_input_nodes if is_tensor(n)]
        if len(sources) != 1 or not _is_chain(traced, node):
            break
        node = sources[0]
        if node.meta["out"].shape == shape:
            found.append(node)
        if len(node.users) > 1:
            break
    return found


def _order(traced: fx.GraphModule, start: fx.Node, end: fx.Node) -> tuple[int, tuple[int, ...]] | None:
    """(axis, index) if the steps from `start` to `end` reorder one axis and change nothing else."""
    shape = tuple(start.meta["out"].shape)
    chain = [end]
    while chain[0] is not start:
        chain.insert(0, next(n for n in chain[0].all_input_nodes if is_tensor(n)))
    found = None
    for axis, size in enumerate(shape):
        if size == 1:
            continue
        value = spread(torch.arange(size, device="cpu").numpy(), axis, shape)
        for before, step in itertools.pairwise(chain):
            value = run(traced, step, {before: value})
        if varying(value) != (axis,):
            return None
        order = tuple(along(value, axis).tolist())
        if order != tuple(range(size)):
            if found is not None:
                return None
            found = axis, order
    return found
