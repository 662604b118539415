"""Positions that are picked, or written to, by number: the same ones among those that stay."""

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import fx

from .cutting import Cutter
from .running import is_tensor, run
from .stand_ins import put
from .values import Value, along, spread, varying


def getitem(cutter, graph, node, given, result, new) -> fx.Node | None:
    """`x[index]`."""
    index = _index(cutter, node, given)
    return None if index is None else graph.call_function(operator.getitem, (new(node.args[0]), new(index)))


def write(cutter, graph, node, given, result, new) -> fx.Node | None:
    """`x[index] = value`."""
    target, _, value, picked = node.args
    index = None if picked is None else _index(cutter, picked, given)
    return None if index is None else graph.call_function(put, (new(target), new(index), new(value)))


def _index(cutter: Cutter, node: fx.Node, given: Value) -> tuple[Any, ...] | None:
    """Bounds of slices, or a list of positions where those that stay are no slice; None for a table."""
    index = node.args[1] if isinstance(node.args[1], tuple) else (node.args[1],)
    if any(isinstance(i, fx.Node) and is_tensor(i) for i in index):
        return None
    index = _per_axis(index, len(given.shape))
    lists = 0
    for axis in given.labelled:
        kept = cutter.stays(given.axes[axis], given.shape[axis])
        if kept.all():
            continue
        place, chosen = _chosen(cutter, node, given, axis)
        if place is None or np.array_equal(chosen, np.arange(given.shape[axis])):
            continue
        where = np.cumsum(kept) - 1
        positions = where[chosen[kept[chosen]]]
        at = [i for i, part in enumerate(index) if part is not None][axis]
        run_ = np.arange(positions[0], positions[0] + len(positions)) if len(positions) else positions
        if np.array_equal(positions, run_):
            index[at] = slice(
                int(positions[0]) if len(positions) else 0, int(positions[-1]) + 1 if len(positions) else 0
            )
        else:
            index[at], lists = positions.tolist(), lists + 1
    if lists > 1:
        raise NotImplementedError("two axes at once are picked from in ways that are no slices")
    return tuple(index)


def _per_axis(index: Sequence[Any], ndim: int) -> list[Any]:
    """An index with something for every axis: `...` and what is left out spelt as `:`."""
    used = sum(i is not None and i is not Ellipsis for i in index)
    fill = [slice(None)] * (ndim - used)
    if Ellipsis in index:
        at = list(index).index(Ellipsis)
        return [*index[:at], *fill, *index[at + 1 :]]
    return [*index, *fill]


def _chosen(cutter: Cutter, node: fx.Node, given: Value, axis: int) -> tuple[int | None, np.ndarray]:
    """Along which axis of the result the positions of `axis` lie, and which they are."""
    source = node.all_input_nodes[0]
    picked = run(cutter.traced, node, {source: spread(np.arange(given.shape[axis]), axis, given.shape)})
    places = varying(picked)
    return (places[0], along(picked, places[0])) if len(places) == 1 else (None, np.zeros(0))


def narrow(cutter, graph, node, given, result, new) -> fx.Node:
    """So many positions from one on."""
    axis = node.args[1] % len(given.shape)
    start, length = fx.map_arg((node.args[2], node.args[3]), lambda n: n.meta["out"])
    kept = cutter.stays(given.axes[axis], given.shape[axis])
    before, inside = int(kept[:start].sum()), int(kept[start : start + length].sum())
    return graph.call_method("narrow", (new(node.args[0]), axis, before, inside))
