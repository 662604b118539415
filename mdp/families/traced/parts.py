"""Layers that make several things at once, told apart by an axis of their own: queries, keys and values.

`qkv(x).reshape(b, n, 3, heads, width).permute(2, 0, 3, 1, 4)` and then `[0]`, `[1]`, `[2]`: step by step, the
channels of the three would have to be tied, since one axis has them all. Taken out of the layer's result
first, and reshaped then, each has channels of its own.
"""

import itertools
import operator
from dataclasses import dataclass

import numpy as np
import torch
from torch import fx

from .moves import PLAIN, RESHAPES
from .running import is_tensor, name_of, run
from .shuffles import reorder
from .values import along, spread, varying

_LONGEST = 6


@dataclass(frozen=True, eq=False)
class Part:
    """One of the things: the step that gives it, which it is, and where the axes of the reshape lie in it."""

    step: fx.Node
    which: int
    order: tuple[int, ...]


def take_parts_first(traced: fx.GraphModule) -> None:
    """Put `reshape(part of the channels)` in the place of every `part of reshape(channels)`."""
    for node in list(traced.graph.nodes):
        if not is_tensor(node) or name_of(traced, node) not in RESHAPES - {"flatten", "Flatten"}:
            continue
        source = node.all_input_nodes[0]
        if not is_tensor(source) or not source.meta["live"] or node.op == "call_module":
            continue
        for axis in _split_axes(traced, source, node):
            found = _parts(traced, node, axis)
            if found and _rewrite(traced, source, node, axis, found):
                break
    traced.graph.eliminate_dead_code(lambda n: n.op in ("placeholder", "output") or not _idle(traced, n))


def _idle(traced: fx.GraphModule, node: fx.Node) -> bool:
    return name_of(traced, node) in RESHAPES | PLAIN | {"unbind", "getitem"}


def _split_axes(traced: fx.GraphModule, source: fx.Node, node: fx.Node) -> list[int]:
    """The axes of a reshape that, together, are one axis of what it reshapes."""
    before, after = source.meta["out"].shape, node.meta["out"].shape
    if len(after) <= len(before) - 2 or len(after) < 4:
        return []
    channels = 1 if len(before) == 4 else len(before) - 1
    labels = run(traced, node, {source: spread(np.arange(before[channels]), channels, tuple(before))})
    places = varying(labels)
    return list(places) if len(places) > 1 else []


def _parts(traced: fx.GraphModule, node: fx.Node, axis: int) -> list[Part]:
    """What is picked out along an axis of a reshape, if nothing else reads it."""
    found: list[Part] = []
    edge = [(node, 0)]
    while edge:
        at, depth = edge.pop()
        for user in at.users:
            name = name_of(traced, user)
            part = _part(traced, node, axis, user) if name == "getitem" and is_tensor(user) else None
            if part is not None:
                found.append(part)
            elif depth < _LONGEST and (
                name in PLAIN - {"PixelShuffle", "PixelUnshuffle", "pixel_shuffle", "pixel_unshuffle"}
                or name == "unbind"
            ):
                edge.append((user, depth + 1))
            else:
                return []
    return found


def _part(traced: fx.GraphModule, start: fx.Node, axis: int, end: fx.Node) -> Part | None:
    chain = [end]
    while chain[0] is not start:
        chain.insert(0, chain[0].all_input_nodes[0])
    shape = tuple(start.meta["out"].shape)
    out = end.meta["out"]
    if out.ndim != len(shape) - 1:
        return None
    order: list[int | None] = [None] * out.ndim
    which = -1
    for place, size in enumerate(shape):
        value = spread(np.arange(size), place, shape)
        for before, step in itertools.pairwise(chain):
            value = run(traced, step, {before: value})
        if place == axis:
            if varying(value) or not value.numel():
                return None
            which = int(value.ravel()[0])
        elif size > 1:
            places = varying(value)
            if len(places) != 1 or order[places[0]] is not None:
                return None
            if not np.array_equal(along(value, places[0]), np.arange(size)):
                return None
            order[places[0]] = place - (place > axis)
    left = [p - (p > axis) for p, size in enumerate(shape) if p != axis and size == 1]
    filled = [left.pop(0) if o is None else o for o in order]
    return None if left else Part(end, which, tuple(filled))


def _rewrite(traced: fx.GraphModule, source: fx.Node, node: fx.Node, axis: int, found: list[Part]) -> bool:
    sizes = _sizes(node, source)
    if sizes is None:
        return False
    shape = tuple(source.meta["out"].shape)
    channels = 1 if len(shape) == 4 else len(shape) - 1
    count = node.meta["out"].shape[axis]
    table = run(traced, node, {source: spread(np.arange(shape[channels]), channels, shape)})
    rows = [table.select(axis, i) for i in range(count)]
    rows = [np.unique(r.numpy()) for r in rows]
    graph, each = traced.graph, shape[channels] // count
    in_order = all(np.array_equal(r, np.arange(i * each, (i + 1) * each)) for i, r in enumerate(rows))
    if any(len(r) != each for r in rows):
        return False
    dtype = source.meta["out"].dtype
    cut = [*shape[:channels], each, *shape[channels + 1 :]]
    with graph.inserting_before(node):
        if in_order:
            chunks = graph.call_method("chunk", (source, count, channels))
            _note(
                chunks, source, tuple(torch.empty(cut, dtype=dtype, device="meta") for _ in range(count)), 0
            )
        taken: dict[int, fx.Node] = {}
        for part in found:
            if part.which not in taken:
                if in_order:
                    piece = graph.call_function(operator.getitem, (chunks, part.which))
                else:
                    piece = graph.call_function(reorder, (source, channels, tuple(rows[part.which].tolist())))
                _note(piece, source, torch.empty(cut, dtype=dtype, device="meta"), source.meta["batched"])
                kept = [s for i, s in enumerate(sizes) if i != axis]
                shaped = graph.call_method("reshape", (piece, *kept))
                after = [s for i, s in enumerate(node.meta["out"].shape) if i != axis]
                _note(shaped, node, torch.empty(after, dtype=dtype, device="meta"), node.meta["batched"])
                taken[part.which] = shaped
    for part in found:
        result = taken[part.which]
        if part.order != tuple(range(len(part.order))):
            with graph.inserting_before(part.step):
                result = graph.call_method("permute", (result, *part.order))
            result.meta.update(part.step.meta)
        part.step.replace_all_uses_with(result)
        graph.erase_node(part.step)
    return True


def _sizes(node: fx.Node, source: fx.Node) -> list | None:
    """The sizes that a reshape asks for, one for each axis of its result."""
    out = node.meta["out"]
    if node.target in ("unflatten",) or getattr(node.target, "__name__", "") == "unflatten":
        axis = node.args[1] % source.meta["out"].ndim
        more = node.args[2]
        if not isinstance(more, tuple | list):
            return None
        count = len(more)
        before = list(source.meta["out"].shape)
        sizes: list = [0, *before[1:axis], *more, *before[axis + 1 :]]
        return None if axis == 0 or len(sizes) != out.ndim or count < 2 else _with_batch(sizes, source)
    sizes = node.args[1:] or (node.kwargs.get("shape", node.kwargs.get("size")),)
    if len(sizes) == 1 and isinstance(sizes[0], tuple | list):
        sizes = sizes[0]
    return list(sizes) if len(sizes) == out.ndim else None


def _with_batch(sizes: list, source: fx.Node) -> list | None:
    """The batch spelt as -1, where nothing else is."""
    if any(isinstance(s, int) and s == -1 for s in sizes):
        return None
    return [-1, *sizes[1:]] if source.meta["batched"] and not source.meta["batch_axis"] else None


def _note(node: fx.Node, like: fx.Node, out: object, batched: object) -> None:
    node.meta.update(like.meta)
    node.meta.update(out=out, batched=batched)
