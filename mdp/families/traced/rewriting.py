"""The same step for fewer positions: sizes and bounds that a graph holds as numbers, made to fit."""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from torch import fx

from . import positions
from .cutting import Cutter
from .moves import SLICES
from .running import is_tensor, name_of
from .shuffles import reorder
from .values import Value

ZEROS = frozenset("zeros new_zeros".split())

New = Callable[[Any], Any]


def copy_step(cutter: Cutter, graph: fx.Graph, node: fx.Node, value_of: Callable, new: New) -> Any:
    """Put a step into another graph, cut as its values are; what it gives there.

    Args:
        value_of: node -> what is known of its result (`Follower.values`).
        new: node of the old graph, or anything with nodes in it -> the same in the new one.
    """
    name = name_of(cutter.traced, node)
    source = next((n for n in node.all_input_nodes if isinstance(value_of(n), Value)), None)
    result = value_of(node)
    if name in ZEROS and isinstance(result, Value):
        return _zeros(cutter, graph, node, result, new)
    if source is not None and any(
        isinstance(v, Value) and _changes(cutter, v) for v in (value_of(source), result)
    ):
        given = value_of(source)
        if not is_tensor(node) and name in ("size", "getattr", "getitem"):
            return _size(cutter, graph, node, given, new)
        write = _REWRITES.get(name)
        if write is not None:
            done = write(cutter, graph, node, given, result, new)
            if done is not None:
                return done
    elif source is None and name == "getitem":
        return _picked_size(cutter, graph, node, value_of, new)
    return _as_it_is(graph, node, new)


def _as_it_is(graph: fx.Graph, node: fx.Node, new: New) -> fx.Node:
    return graph.create_node(node.op, node.target, new(node.args), new(node.kwargs), node.name)


def _changes(cutter: Cutter, value: Value) -> bool:
    return cutter.shape(value) != value.shape


def _size(cutter: Cutter, graph: fx.Graph, node: fx.Node, given: Value, new: New) -> Any:
    """A size along an axis that is cut is the dense one: numbers computed from it (a scale of attention) stay
    what they were, and reshapes have their sizes written out."""
    if node.target == "size" and len(node.args) > 1:
        axis = node.args[1] % len(given.shape)
        return (
            given.shape[axis]
            if cutter.count(given, axis) != given.shape[axis]
            else _as_it_is(graph, node, new)
        )
    return _as_it_is(graph, node, new)


def _picked_size(cutter: Cutter, graph: fx.Graph, node: fx.Node, value_of: Callable, new: New) -> Any:
    sizes = node.args[0]
    if not isinstance(sizes, fx.Node) or name_of(cutter.traced, sizes) not in ("size", "getattr"):
        return _as_it_is(graph, node, new)
    given, which = value_of(sizes.args[0]), node.args[1]
    if not isinstance(given, Value) or (len(sizes.args) > 1 and sizes.args[1] != "shape"):
        return _as_it_is(graph, node, new)
    axes = list(range(len(given.shape)))
    if isinstance(which, int):
        axis = axes[which]
        cut = cutter.count(given, axis) != given.shape[axis]
        return given.shape[axis] if cut else _as_it_is(graph, node, new)
    if isinstance(which, slice):
        return tuple(
            given.shape[axis]
            if cutter.count(given, axis) != given.shape[axis]
            else graph.call_function(operator.getitem, (new(sizes), axis))
            for axis in axes[which]
        )
    return _as_it_is(graph, node, new)


def _reshape(cutter, graph, node, given, result, new) -> fx.Node | None:
    """`view` and `reshape`: the axes that are cut get their new sizes."""
    sizes = node.args[1:] or (node.kwargs.get("shape", node.kwargs.get("size")),)
    if len(sizes) == 1 and not isinstance(sizes[0], int) and not _is_number(sizes[0]):
        sizes = sizes[0]
    return graph.call_method("reshape", (new(node.args[0]), *_sizes(cutter, graph, sizes, node, result, new)))


def _reshape_as(cutter, graph, node, given, result, new) -> fx.Node:
    shape = graph.call_function(getattr, (new(node.args[1]), "shape"))
    sizes = [graph.call_function(operator.getitem, (shape, i)) for i in range(len(result.shape))]
    for axis in result.labelled:
        sizes[axis] = _fitted(cutter, graph, sizes[axis], node, result, axis)
    return graph.call_method("reshape", (new(node.args[0]), *sizes))


def _is_number(node: Any) -> bool:
    return isinstance(node, fx.Node) and isinstance(node.meta["out"], int)


def _sizes(
    cutter: Cutter, graph: fx.Graph, sizes: Any, node: fx.Node, result: Value, new: New, first: int = 0
) -> list[Any]:
    """Sizes of the axes of `result` from `first` on, as given but for those that are cut."""
    if isinstance(sizes, fx.Node):  # one node that gives them all
        count = len(sizes.meta["out"])
        sizes = [graph.call_function(operator.getitem, (new(sizes), i)) for i in range(count)]
    else:
        sizes = [new(s) for s in sizes]
    for i, size in enumerate(sizes):
        kept = cutter.count(result, first + i)
        if kept != result.shape[first + i] and not (isinstance(size, int) and size == -1):
            sizes[i] = _fitted(cutter, graph, size, node, result, first + i)
    return sizes


def _fitted(cutter: Cutter, graph: fx.Graph, size: Any, node: fx.Node, result: Value, axis: int) -> Any:
    """A size that fits what stays. Of an axis that has the batch too (heads beside each other for `bmm`), the
    share that stays, of any batch."""
    kept, whole = cutter.count(result, axis), result.shape[axis]
    if not (isinstance(size, fx.Node) and node.meta["batched"] and node.meta["batch_axis"] == axis):
        return kept
    return graph.call_function(operator.floordiv, (graph.call_function(operator.mul, (size, kept)), whole))


def _unflatten(cutter, graph, node, given, result, new) -> fx.Node:
    if node.op == "call_module":
        module = cutter.traced.get_submodule(str(node.target))
        dim, sizes = module.dim, module.unflattened_size
    else:
        dim, sizes = node.args[1], node.args[2]
    dim %= len(given.shape)
    sizes = _sizes(cutter, graph, sizes, node, result, new, dim)
    return graph.call_method("unflatten", (new(node.args[0]), dim, tuple(sizes)))


def _expand(cutter, graph, node, given, result, new) -> fx.Node:
    sizes = node.args[1:]
    if len(sizes) == 1 and not isinstance(sizes[0], int) and not _is_number(sizes[0]):
        sizes = sizes[0]
    return graph.call_method("expand", (new(node.args[0]), *_sizes(cutter, graph, sizes, node, result, new)))


def _split(cutter, graph, node, given, result, new) -> fx.Node | None:
    dim = node.args[2] if len(node.args) > 2 else node.kwargs.get("dim", 0)
    dim %= len(given.shape)
    if cutter.count(given, dim) == given.shape[dim]:
        return None
    start, sizes = 0, []
    for part in result:  # of a part that is labelled no longer everything stays
        stay = cutter.stays(given.axes[dim], given.shape[dim])[start : start + part.shape[dim]]
        start += part.shape[dim]
        sizes.append(int(stay.sum()))
    return graph.call_method("split", (new(node.args[0]), sizes), {"dim": dim})


def _zeros(cutter, graph, node, result, new) -> fx.Node:
    if not _changes(cutter, result):
        return _as_it_is(graph, node, new)
    first = 0 if node.op == "call_function" else 1  # the tensor whose type `new_zeros` has
    sizes = node.args[first:]
    if len(sizes) == 1 and not isinstance(sizes[0], int) and not _is_number(sizes[0]):
        sizes = sizes[0]
    sizes = _sizes(cutter, graph, sizes, node, result, new)
    return graph.create_node(node.op, node.target, (*new(node.args[:first]), *sizes), new(node.kwargs))


def _pad(cutter, graph, node, given, result, new) -> fx.Node:
    amounts = list(node.args[1] if len(node.args) > 1 else node.kwargs["pad"])
    for i in range(len(amounts) // 2):
        axis = len(given.shape) - 1 - i
        if not result.axes[axis]:
            amounts[2 * i : 2 * i + 2] = [new(n) for n in amounts[2 * i : 2 * i + 2]]
            continue
        before = fx.map_arg((amounts[2 * i],), lambda n: n.meta["out"])[0]
        kept = cutter.stays(result.axes[axis], result.shape[axis])
        amounts[2 * i] = int(kept[:before].sum())
        amounts[2 * i + 1] = int(kept[before + given.shape[axis] :].sum())
    args = (new(node.args[0]), tuple(amounts), *new(node.args[2:]))
    kwargs = {k: new(v) for k, v in node.kwargs.items() if k not in ("pad", "input")}
    return graph.create_node(node.op, node.target, args, kwargs)


def _reorder(cutter, graph, node, given, result, new) -> fx.Node:
    axis, index = node.args[1], np.array(node.args[2])
    kept = cutter.stays(given.axes[axis], given.shape[axis])
    where = np.cumsum(kept) - 1
    order = where[index[kept[index]]]
    return graph.call_function(reorder, (new(node.args[0]), axis, tuple(order.tolist())))


def _attention(cutter, graph, node, given, result, new) -> fx.Node:
    """Products of fewer components, with the scale of all."""
    kwargs = dict(node.kwargs)
    if kwargs.get("scale") is None:
        query = node.args[0] if node.args else kwargs["query"]
        kwargs["scale"] = query.meta["out"].shape[-1] ** -0.5
    return graph.call_function(node.target, new(node.args), new(kwargs))


_REWRITES = {
    "scaled_dot_product_attention": _attention,
    **dict.fromkeys(("view", "reshape"), _reshape),
    **dict.fromkeys(("reshape_as", "view_as"), _reshape_as),
    **dict.fromkeys(("unflatten", "Unflatten"), _unflatten),
    "expand": _expand,
    **dict.fromkeys(("split", "chunk"), _split),
    "getitem": positions.getitem,
    "put": positions.write,
    "narrow": positions.narrow,
    "pad": _pad,
    "reorder": _reorder,
}
assert SLICES <= set(_REWRITES)
