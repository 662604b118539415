"""Attention found by what it does: layers whose rows are the components of heads, as a step reads them.

Every product of attention is followed back to the layer that made what it reads, and every row of that layer
is told apart by its head and by its component. Both can then be pruned, each for itself.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import fx, nn

from .layers import CONVOLUTIONS, TRANSPOSED
from .moves import ATTENTION, is_move
from .running import bare_weight, is_tensor, name_of, run
from .shuffles import reorder
from .values import spread, varying

# How far before a product to look for the layer that made what it reads; rotations of positions are long.
_STEPS = 60


@dataclass(eq=False)
class Split:
    """The rows of one weight. Rows with the same number belong to the same head, or are the same component.

    Attributes:
        head: shape (rows,), int64.
        component: as `head`.
        kind: of the components, shape (rows,): "qk" or "v".
    """

    head: np.ndarray
    component: np.ndarray
    kind: np.ndarray


def split_layers(traced: fx.GraphModule, names: dict[str, str]) -> dict[str, Split]:
    """Weight -> its rows, for every layer all of whose rows are components of heads.

    Args:
        names: of every parameter and buffer, the first name of the same tensor.
    """
    found: dict[str, Split] = {}
    head_of: dict[tuple[str, int], int] = {}
    fresh = 1
    for node in traced.graph.nodes:
        name = name_of(traced, node)
        if name not in ATTENTION or not is_tensor(node):
            continue
        for operand, kind in _operands(node, name):
            made = _made_by(traced, operand)
            if made is None:
                continue
            weight, table, last = made
            weight = names.get(weight, weight)
            # Of a product, the second operand with its components last is what weights of attention multiply.
            kind = kind or ("v" if last and operand is node.all_input_nodes[1] else "qk")
            rows = _rows(traced, weight)
            split = found.setdefault(weight, Split(*np.zeros((2, rows), np.int64), np.full(rows, "  ")))
            if split.head[table].any():
                continue
            heads, components = table.shape
            # Heads of one layer's queries, keys and values are the same heads.
            first = head_of.setdefault((weight, heads), fresh)
            split.head[table] = first + np.arange(heads)[:, None]
            split.component[table] = fresh + np.arange(components)
            split.kind[table] = kind
            fresh += max(heads, components)
    return {weight: split for weight, split in found.items() if split.head.all()}


def _rows(traced: fx.GraphModule, weight: str) -> int:
    return traced.get_parameter(weight).shape[0]


def _operands(node: fx.Node, name: str) -> list[tuple[fx.Node, str]]:
    if name == "scaled_dot_product_attention":
        given = dict(zip(("query", "key", "value"), node.args, strict=False)) | node.kwargs
        pairs = [(given["query"], "qk"), (given["key"], "qk"), (given["value"], "v")]
    else:
        pairs = [(n, "") for n in node.all_input_nodes[:2]]
    return [(n, kind) for n, kind in pairs if is_tensor(n) and n.meta["out"].ndim > 2]


def _made_by(traced: fx.GraphModule, operand: fx.Node) -> tuple[str, np.ndarray, bool] | None:
    """(weight, its rows by head and component, whether components are the operand's last axis) of the layer
    that made an operand, None if it has no heads."""
    chain = [operand]
    for _ in range(_STEPS):
        weight = _weight(traced, chain[0])
        if weight is not None:
            break
        if _mixes(traced, chain[0]):
            return None
        before = next((n for n in chain[0].all_input_nodes if n.meta["live"] and _is_value(n)), None)
        if before is None or name_of(traced, before) in ATTENTION:
            return None
        chain.insert(0, before)
    else:
        return None
    made = chain[0].meta["out"]
    axis = 1 if chain[0].op == "call_module" and not hasattr(_module(traced, chain[0]), "in_features") else -1
    index = spread(np.arange(made.shape[axis]), axis % made.ndim, tuple(made.shape))
    before = chain[0]
    for step in chain[1:]:
        moves = is_move(traced, step) or step.target is reorder
        moved = run(traced, step, {before: index}) if moves else _fitted(index, step)
        if moved is None:
            return None
        index, before = moved, step
    table = _table(index)
    return None if table is None else (weight, *table)


def _is_value(node: fx.Node) -> bool:
    out = node.meta["out"]
    return isinstance(out, torch.Tensor) or (
        isinstance(out, tuple | list) and bool(out) and all(isinstance(t, torch.Tensor) for t in out)
    )


def _module(traced: fx.GraphModule, node: fx.Node) -> nn.Module:
    return traced.get_submodule(str(node.target))


def _weight(traced: fx.GraphModule, node: fx.Node) -> str | None:
    """The weight of a layer whose rows are the channels that it puts out."""
    if node.op == "call_module":
        module = _module(traced, node)
        if isinstance(module, nn.Linear) or (isinstance(module, CONVOLUTIONS) and module.groups == 1):
            return f"{node.target}.weight"
    return bare_weight(traced, node) or None


def _mixes(traced: fx.GraphModule, node: fx.Node) -> bool:
    """Whether a step is a layer that makes channels of several others."""
    if node.op == "call_function":
        return name_of(traced, node) == "linear"
    module = _module(traced, node) if node.op == "call_module" else None
    if isinstance(module, (*CONVOLUTIONS, *TRANSPOSED)):
        return not module.groups == module.in_channels == module.out_channels
    return hasattr(module, "in_features")


def _fitted(index: object, step: fx.Node) -> torch.Tensor | None:
    """The rows' numbers through a step that leaves channels where they are."""
    out = step.meta["out"]
    if not isinstance(index, torch.Tensor) or not isinstance(out, torch.Tensor) or index.ndim != out.ndim:
        return None
    if index.shape == out.shape:
        return index
    places = varying(index)
    if any(index.shape[axis] != out.shape[axis] for axis in places):
        return None
    for axis in set(range(index.ndim)) - set(places):
        index = index.narrow(axis, 0, 1)
    return index.expand(out.shape)


def _table(index: object) -> tuple[np.ndarray, bool] | None:
    if not isinstance(index, torch.Tensor):
        return None
    places = varying(index)
    if len(places) != 2 or not places[0] < index.ndim - 2 <= places[1]:
        return None
    last = places[1] == index.ndim - 1
    for axis in reversed(range(index.ndim)):
        if axis not in places:
            index = index.select(axis, 0)
    return index.numpy().copy(), last


__all__ = ["Split", "split_layers"]
