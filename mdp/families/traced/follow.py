"""Follows channels through a graph, step by step, and writes into a ledger who owns them."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import torch
from torch import fx, nn
from torch.utils._pytree import tree_leaves

from ...core.errors import brief
from . import functions, moves, steps
from .heads import Split, split_layers
from .layers import SPATIAL, layer
from .ledger import Ledger
from .rewriting import ZEROS
from .running import is_tensor, name_of, tensors_in
from .shuffles import reorder
from .stand_ins import put
from .values import Value, plain

GATED = frozenset("glu GLU".split())
PUT_OUT = "they are what the network puts out"


class Follower:
    """One pass over a graph. `values` says of every step what is known of its result, `unmade` of weights why
    what they make stays whole, by the names of their layers."""

    def __init__(self, model: nn.Module, traced: fx.GraphModule):
        self.model, self.traced = model, traced
        self.opaque: dict[str, str] = traced.meta["opaque"]
        split = split_layers(traced, Ledger(model).names)
        self._pass(split)
        while lost := self._lost(split):  # heads and components apart do not get through: heads alone may
            split = {weight: rows for weight, rows in split.items() if weight not in lost}
            self._pass(split)

    def _pass(self, split: Mapping[str, Split]) -> None:
        self.ledger, self.values, self.unmade = Ledger(self.model, split=split), {}, {}
        for node in self.traced.graph.nodes:
            self.values[node] = self._follow(node)

    def _lost(self, split: Mapping[str, Split]) -> set[str]:
        """Weights whose heads, told from components, stay whole."""
        labels = self.ledger.labels
        owned = {weight: self.ledger.owned.get((weight, 0)) for weight in split}
        return {
            weight
            for weight, o in owned.items()
            if o is None
            or len(o.labels) != 2
            or any(map(labels.reason, set(labels.roots(o.labels[0]).tolist())))
        }

    def _follow(self, node: fx.Node) -> Any:
        if node.op == "output":
            for source in node.all_input_nodes:
                self._fix(source, PUT_OUT)
            return None
        if node.op == "placeholder":
            return moves.whole(node)
        if node.op == "get_attr" or functions.is_joined_bias(node):
            return moves.whole(node)
        sources = node.all_input_nodes
        if name_of(self.traced, node) in ZEROS and is_tensor(node):
            return functions.zeros(self, node)
        if not any(self._labelled(n) or self.is_own(n) for n in sources):
            if node.op != "call_module":
                return self._whole(node)
        if not any(self._has_value(n) for n in sources):
            return moves.whole(node)
        found = self._known(node)
        return self._unknown(node) if found is None else found

    def _known(self, node: fx.Node) -> Any:
        """What a step gives, None if it is not known."""
        name, out = name_of(self.traced, node), node.meta["out"]
        if name in ("getitem", "getattr") and isinstance(self.values.get(node.args[0]), list):
            place = steps.place_of(node)
            return None if place is None else self.values[node.args[0]][place]
        if name in ("getattr", "size", "dim", "ndimension", "numel") and not is_tensor(node):
            return moves.whole(node) or ()
        sources = tensors_in(node)
        first = self.value(sources[0]) if sources else None
        if name in moves.JOINS:
            return moves.join(self.ledger, node, self.value)
        if name == "stack":
            return moves.stack(self.ledger, node, self.value)
        if first is None or (node.op == "call_module" and str(node.target) in self.opaque):
            return None  # of what depends on the numbers, no trial says anything
        if node.op == "call_module" and len(sources) == 1:
            module = self.traced.get_submodule(str(node.target))
            if is_tensor(node):
                found = layer(self.ledger, str(node.target), module, first, tuple(out.shape))
                if found is not None:
                    return found
            if tuple(module.parameters()):
                return None
        if node.target is put:
            return functions.put(self, node)
        of_two = name in steps.OF_TWO and len(sources) == 2
        if (name in steps.ELEMENTWISE or of_two) and is_tensor(node):
            return functions.elementwise(self, node, sources)
        if name == "linear" and node.op == "call_function":
            return functions.linear(self, node)
        if name == "scaled_dot_product_attention":
            return functions.attention(self, node)
        if (
            name in ("matmul", "bmm")
            and len(sources) == 2
            and all(len(self.value(n).shape) > 1 for n in sources)
        ):
            a, b = (self.value(n) for n in node.args[:2])
            return steps.product(self.ledger, tuple(out.shape), a, b)
        if name in moves.LIKE and len(sources) == 2:
            found = moves.move(self.ledger, self.traced, node, first)
            if name == "expand_as":
                return steps.elementwise(self.ledger, found.shape, [found, self.value(sources[1])])
            return found
        if name in ("type_as", "to") and len(sources) == 2:  # of the second tensor, its type alone
            return Value(tuple(out.shape), first.axes)
        if len(sources) != 1 or (name.endswith("_") and name not in steps.UNARY):
            return self._index(node, name, sources)
        if node.target is reorder:
            axis, index = node.args[1], list(node.args[2])
            return first.with_axis(axis, tuple(v[index] for v in first.axes[axis]), len(index))
        if moves.is_move(self.traced, node):
            return moves.move(self.ledger, self.traced, node, first)
        if name == "pad":
            return moves.pad(self.ledger, node, first)
        if name == "BlurPool2d":  # the same blur for every channel
            return Value(tuple(out.shape), self.ledger.fix_value(first, SPATIAL, but=(1,)).axes)
        if name in steps.UNARY:
            return Value(tuple(out.shape), first.axes) if tuple(out.shape) == first.shape else None
        if name in GATED:
            axis = self.traced.get_submodule(node.target).dim if node.op == "call_module" else _dim(node)
            return steps.gated_half(self.ledger, node, first, axis)
        return steps.by_channel(self.ledger, self.traced, node, first)

    def _index(self, node: fx.Node, name: str, sources: list[fx.Node]) -> Any:
        """`table[index]`: a move of the table."""
        if name == "getitem" and not any(self._labelled(n) for n in sources[1:]):
            return moves.move(self.ledger, self.traced, node, self.value(sources[0]))
        return None

    def value(self, node: fx.Node) -> Value:
        """What is known of a value. A bare parameter that is moved about has units along one axis: the last
        one that no table is looked up by, or that of the channels of an image."""
        if not self.is_own(node) or not isinstance(_attribute(self.traced, node), nn.Parameter):
            return self.values[node]
        shape = tuple(node.meta["out"].shape)
        long = [axis for axis, size in enumerate(shape) if size > 1]
        long = [axis for axis in long if axis not in _indexed(node)] or long
        if not long:
            return plain(node.meta["out"])
        axis = 1 if len(shape) == 4 and 1 in long else long[-1]
        return plain(node.meta["out"]).with_axis(axis, self.ledger.rows(str(node.target), axis, shape[axis]))

    def known(self, node: fx.Node) -> Any:
        """What is known of a step's result once everything was followed; of a parameter, who owns it."""
        if not self.is_own(node):
            return self.values.get(node)
        name, shape = self.ledger.names[str(node.target)], tuple(node.meta["out"].shape)
        owned = (self.ledger.owned.get((name, axis)) for axis in range(len(shape)))
        return Value(shape, tuple(o.labels if o else () for o in owned))

    def is_own(self, node: Any) -> bool:
        """Whether a step gives a tensor of the model that channels may meet: a parameter, or a buffer of
        floats (fixed positions, fixed scales)."""
        if not isinstance(node, fx.Node) or node.op != "get_attr":
            return False
        out = node.meta["out"]
        return (
            str(node.target) in self.ledger.names and bool(out.ndim) and out.is_floating_point()
        ) or isinstance(_attribute(self.traced, node), nn.Parameter)

    def _has_value(self, node: fx.Node) -> bool:
        return isinstance(self.values.get(node), (Value, list))

    def _labelled(self, node: fx.Node) -> bool:
        return any(isinstance(v, Value) and v.labelled for v in tree_leaves(self.values.get(node)))

    def _whole(self, node: fx.Node) -> Any:
        return moves.whole(node)

    def _fix(self, node: fx.Node, reason: str) -> None:
        if self.is_own(node):
            for axis in range(node.meta["out"].ndim):
                self.ledger.own(str(node.target), axis, (), "output")
        for value in tree_leaves(self.values.get(node)):
            if isinstance(value, Value):
                self.ledger.fix_value(value, reason)

    def _unknown(self, node: fx.Node) -> Any:
        path, what = node.meta["path"], name_of(self.traced, node)
        if isinstance(node.target, type) and (
            dataclasses.is_dataclass(node.target) or hasattr(node.target, "_fields")  # a named tuple
        ):
            for source in node.all_input_nodes:
                self._fix(source, PUT_OUT)
            return moves.whole(node)
        if node.op != "call_module":
            owner = type(self.model.get_submodule(path)).__name__
            what = f"the step {what} of {owner}"
        why = self.opaque.get(str(node.target), "")
        where = brief(path) or "the network itself"
        unknown = f"{what} ({where}), which is not known" + (f": {why}" if why else "")
        for source in node.all_input_nodes:
            self._fix(source, f"they pass through {unknown}")
            if self.is_own(source) and _is_matrix(source.meta["out"]):
                self.unmade[str(source.target).removesuffix(".weight")] = f"they are made by {unknown}"
        if node.op == "call_module":
            for name, tensor in self.traced.get_submodule(str(node.target)).named_parameters():
                if _is_matrix(tensor) and not why:
                    self.unmade[str(node.target)] = f"they are made by {unknown}"
                for axis in range(tensor.ndim):
                    self.ledger.own(f"{node.target}.{name}", axis, (), "output")
        return moves.whole(node)


def _attribute(traced: fx.GraphModule, node: fx.Node) -> Any:
    path, _, leaf = str(node.target).rpartition(".")
    return getattr(traced.get_submodule(path), leaf)


def _is_matrix(tensor: torch.Tensor) -> bool:
    """Whether a parameter has weights, and not one number for each channel."""
    return sum(size > 1 for size in tensor.shape) > 1


def _indexed(table: fx.Node) -> set[int]:
    """The axes along which entries of a table are looked up by tensors of numbers."""
    found = set()
    for user in table.users:
        if getattr(user.target, "__name__", "") == "getitem":
            index = user.args[1] if isinstance(user.args[1], tuple) else (user.args[1],)
            found |= {i for i, part in enumerate(index) if isinstance(part, fx.Node) and is_tensor(part)}
    return found


def _dim(node: fx.Node) -> int:
    return node.args[1] if len(node.args) > 1 else node.kwargs.get("dim", -1)
