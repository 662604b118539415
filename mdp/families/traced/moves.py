"""Steps that only move numbers about: reshapes, permutations, splits, slices, concatenation.

What such a step does to labels is found by running it on the labels themselves.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import fx

from .ledger import Ledger
from .running import is_tensor, name_of, run, tensors_in
from .values import Value, along, plain, spread, varying

RESHAPES = frozenset("view reshape flatten unflatten Flatten Unflatten".split())
PLAIN = frozenset(
    "permute transpose movedim moveaxis swapaxes swapdims t squeeze unsqueeze contiguous Identity clone"
    " detach PixelShuffle PixelUnshuffle pixel_shuffle pixel_unshuffle".split()
)
SPLITS = frozenset("chunk split unbind".split())
# By bounds, a run of positions; those that pick by lists of numbers are in picks.py.
SLICES = frozenset("getitem narrow".split())
SPREADS = frozenset({"expand"})
# To the shape of another value.
LIKE = frozenset("expand_as reshape_as view_as".split())
JOINS = frozenset("cat concat concatenate".split())
ATTENTION = frozenset("scaled_dot_product_attention matmul bmm einsum baddbmm".split())
# How far after a reshape to look for the attention that it prepares.
_STEPS = 12


def is_move(traced: fx.GraphModule, node: fx.Node) -> bool:
    """Whether a step of one tensor only moves its numbers."""
    name = name_of(traced, node)
    if name == "getattr":
        return is_tensor(node) and node.args[1] in ("T", "mT")
    return name in RESHAPES | PLAIN | SPLITS | SLICES | SPREADS


def move(ledger: Ledger, traced: fx.GraphModule, node: fx.Node, value: Value) -> Any:
    """What a step makes of a value: a Value, or several as the step gives several tensors."""
    source = node.all_input_nodes[0]
    axes: dict[int, list[list[Any]]] = {}  # which of the results -> for every axis, the vectors along it
    shapes = [tuple(t.shape) for t in _tensors(node.meta["out"])]
    for axis in value.labelled:
        for vector in value.axes[axis]:
            moved = run(traced, node, {source: spread(vector, axis, value.shape)})
            for i, labels in enumerate(_tensors(moved)):
                place, along_it = _one_axis(ledger, traced, node, labels)
                if place is not None:
                    axes.setdefault(i, [[] for _ in shapes[i]])[place].append(along_it)
    values = [
        Value(shape, tuple(map(tuple, axes.get(i, [()] * len(shape))))) for i, shape in enumerate(shapes)
    ]
    return values[0] if is_tensor(node) else values


def _tensors(result: Any) -> list[torch.Tensor]:
    return [result] if isinstance(result, torch.Tensor) else list(result)


def _one_axis(
    ledger: Ledger, traced: fx.GraphModule, node: fx.Node, labels: torch.Tensor
) -> tuple[int | None, np.ndarray | None]:
    """Where labels lie after a move, and which; where they lie along several axes, units are those of one of
    them and are tied along the others."""
    places = varying(labels)
    if not places:  # one position was picked out
        ledger.labels.fix(labels.ravel()[:1].numpy(), "a step picks single positions of them")
        return None, None
    place = places[0] if len(places) == 1 else _unit_axis(traced, node, places, labels.shape)
    chosen = along(labels, place)
    if len(places) > 1:
        lines = labels.movedim(place, -1)
        for axis in range(labels.ndim - 1):  # what does not vary need not be tied again
            if lines.shape[axis] > 1 and torch.equal(lines, lines.narrow(axis, 0, 1).expand_as(lines)):
                lines = lines.narrow(axis, 0, 1)
        lines = lines.reshape(-1, len(chosen))
        for line in lines[1:].numpy():
            ledger.labels.join(chosen, line)
        if _leads_to(traced, node, ATTENTION):
            ledger.heads.update(chosen.tolist())
    return place, chosen


def _unit_axis(traced: fx.GraphModule, node: fx.Node, places: tuple[int, ...], shape: torch.Size) -> int:
    """Heads are the axis before the last one that attention works along; else the longest has the units."""
    if _leads_to(traced, node, ATTENTION):
        return places[-2]
    return max(places, key=lambda axis: (shape[axis], axis))


def _leads_to(traced: fx.GraphModule, node: fx.Node, names: frozenset[str]) -> bool:
    seen, edge = {node}, [node]
    for _ in range(_STEPS):
        edge = [
            u for n in edge for u in n.users if u not in seen and u.op in ("call_function", "call_method")
        ]
        seen.update(edge)
        if any(name_of(traced, n) in names for n in edge):
            return True
    return False


def join(ledger: Ledger, node: fx.Node, value_of: Callable[[fx.Node], Value]) -> Value:
    """A concatenation: labels one after the other along its axis, tied along all others."""
    parts = [value_of(n) for n in node.args[0]]
    where = node.args[1] if len(node.args) > 1 else node.kwargs.get("dim", node.kwargs.get("axis", 0))
    shape = tuple(node.meta["out"].shape)
    where %= len(shape)
    axes = []
    for axis in range(len(shape)):
        if axis != where:
            axes.append(ledger.tie([p.axes[axis] for p in parts], "they are joined with what stays whole"))
        else:
            axes.append(_one_after_the_other(ledger, parts, axis))
    return Value(shape, tuple(axes))


def _one_after_the_other(ledger: Ledger, parts: list[Value], axis: int) -> tuple[np.ndarray, ...]:
    for part in parts:
        if len(part.axes[axis]) > 1:
            ledger.fix(part.axes[axis], "they are joined, of two kinds, with others")
    vectors = [
        p.axes[axis][0] if len(p.axes[axis]) == 1 else np.zeros(p.shape[axis], np.int64) for p in parts
    ]
    return (np.concatenate(vectors),) if any(p.axes[axis] for p in parts) else ()


def stack(ledger: Ledger, node: fx.Node, value_of: Callable[[fx.Node], Value]) -> Value:
    """Values side by side along a new axis: tied along all others."""
    parts = [value_of(n) for n in node.args[0]]
    where = node.args[1] if len(node.args) > 1 else node.kwargs.get("dim", 0)
    shape = tuple(node.meta["out"].shape)
    axes = [
        ledger.tie([p.axes[axis] for p in parts], "they are stacked with what stays whole")
        for axis in range(len(parts[0].shape))
    ]
    axes.insert(where % len(shape), ())
    return Value(shape, tuple(axes))


def pad(ledger: Ledger, node: fx.Node, value: Value) -> Value | None:
    """Zeros around a value; along a labelled axis they are positions of their own. None if not of zeros."""
    shape = tuple(node.meta["out"].shape)
    mode = node.args[2] if len(node.args) > 2 else node.kwargs.get("mode", "constant")
    amounts = node.args[1] if len(node.args) > 1 else node.kwargs["pad"]
    if mode != "constant":
        return None
    if not all(isinstance(n, int) for n in amounts):  # sizes computed from other sizes
        amounts = fx.map_arg(tuple(amounts), lambda n: n.meta["out"])
    axes = list(value.axes)
    for i in range(len(amounts) // 2):
        axis = len(shape) - 1 - i
        before, after = amounts[2 * i : 2 * i + 2]
        if not axes[axis] or not (before or after):
            continue
        fill = node.args[3] if len(node.args) > 3 else node.kwargs.get("value")
        if fill or len(axes[axis]) > 1 or min(before, after) < 0:
            ledger.fix(axes[axis], "they are padded in a way that is not known")
            axes[axis] = ()
        else:
            new = ledger.labels.new(before + after)
            axes[axis] = (np.concatenate([new[:before], axes[axis][0], new[before:]]),)
    return Value(shape, tuple(axes))


def whole(node: fx.Node) -> Any:
    """The result of a step, kept whole: a Value, several, or None where it gives no tensor."""
    out = node.meta["out"]
    if isinstance(out, torch.Tensor):
        return plain(out)
    if isinstance(out, tuple | list) and out and all(isinstance(t, torch.Tensor) for t in out):
        return [plain(t) for t in out]
    return None


__all__ = ["is_move", "join", "move", "pad", "stack", "tensors_in", "whole"]
