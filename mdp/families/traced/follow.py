"""Follows channels through a graph, step by step, and writes into a ledger who owns them."""

from collections.abc import Mapping
from typing import Any

from torch import fx, nn
from torch.utils._pytree import tree_leaves

from . import moves, steps
from .heads import Split, split_layers
from .layers import SPATIAL, layer
from .ledger import Ledger
from .running import is_tensor, name_of, tensors_in
from .shuffles import reorder
from .values import Axis, Value, plain

GATED = frozenset("glu GLU".split())


class Follower:
    """One pass over a graph. `values` says of every step what is known of its result."""

    def __init__(self, model: nn.Module, traced: fx.GraphModule):
        self.model, self.traced = model, traced
        self.opaque: dict[str, str] = traced.meta["opaque"]
        split = split_layers(traced, Ledger(model).names)
        self._pass(split)
        while lost := self._lost(split):  # heads and components apart do not get through: heads alone may
            split = {weight: rows for weight, rows in split.items() if weight not in lost}
            self._pass(split)

    def _pass(self, split: Mapping[str, Split]) -> None:
        self.ledger, self.values = Ledger(self.model, split=split), {}
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
                self._fix(source, "they are what the network puts out")
            return None
        if node.op == "placeholder":
            return moves.whole(node)
        if node.op == "get_attr" or _joined(node):
            return moves.whole(node)
        sources = node.all_input_nodes
        if not any(self._labelled(n) or self._is_parameter(n) for n in sources):
            if node.op != "call_module":
                return self._whole(node)
        if not any(self._has_value(n) for n in sources):
            return moves.whole(node)
        found = self._known(node)
        return self._unknown(node) if found is None else found

    def _known(self, node: fx.Node) -> Any:
        """What a step gives, None if it is not known."""
        name, out = name_of(self.traced, node), node.meta["out"]
        if name == "getitem" and isinstance(self.values.get(node.args[0]), list):
            return self.values[node.args[0]][node.args[1]]
        if name in ("getattr", "size", "dim", "ndimension", "numel") and not is_tensor(node):
            return moves.whole(node) or ()
        sources = tensors_in(node)
        first = self._value(sources[0]) if sources else None
        if name in moves.JOINS:
            return moves.join(self.ledger, node, self._value)
        if name == "stack":
            return moves.stack(self.ledger, node, self._value)
        if first is None or (node.op == "call_module" and str(node.target) in self.opaque):
            return None  # of what depends on the numbers, no trial says anything
        if node.op == "call_module" and len(sources) == 1:
            module = self.traced.get_submodule(str(node.target))
            if tuple(module.parameters()) or tuple(module.buffers()):
                if not is_tensor(node):
                    return None
                found = layer(self.ledger, str(node.target), module, first, tuple(out.shape))
                if found is not None or tuple(module.parameters()):
                    return found
        if name in steps.ELEMENTWISE and is_tensor(node):
            return self._elementwise(node, sources)
        if name == "linear" and node.op == "call_function":
            return self._linear(node)
        if name == "scaled_dot_product_attention":
            return self._attention(node)
        if (
            name in ("matmul", "bmm")
            and len(sources) == 2
            and all(len(self._value(n).shape) > 1 for n in sources)
        ):
            a, b = (self._value(n) for n in node.args[:2])
            return steps.product(self.ledger, tuple(out.shape), a, b)
        if name in moves.LIKE and len(sources) == 2:
            found = moves.move(self.ledger, self.traced, node, first)
            if name == "expand_as":
                return steps.elementwise(self.ledger, found.shape, [found, self._value(sources[1])])
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
            return moves.move(self.ledger, self.traced, node, self._value(sources[0]))
        return None

    def _elementwise(self, node: fx.Node, sources: list[fx.Node]) -> Value:
        shape = tuple(node.meta["out"].shape)
        others = [self.values[n] for n in sources if not self._is_parameter(n)]
        found = steps.elementwise(self.ledger, shape, others)
        for n in sources:
            if self._is_parameter(n):
                self._meet(str(n.target), found)
        return found

    def _meet(self, name: str, value: Value) -> None:
        """A bare parameter that meets a value: it has the value's labels wherever it is as long."""
        parameter = self.traced.get_parameter(name)
        for back in range(1, min(parameter.ndim, len(value.shape)) + 1):
            if parameter.shape[-back] == value.shape[-back] != 1:
                self.ledger.own(name, parameter.ndim - back, value.axes[-back], "output")

    def _linear(self, node: fx.Node) -> Value | None:
        """A linear layer as a function of a bare weight."""
        given = dict(zip(("input", "weight", "bias"), node.args, strict=False)) | node.kwargs
        value, weight, bias = self._value(given["input"]), given["weight"], given.get("bias")
        if not self._is_parameter(weight):
            return None
        out = tuple(node.meta["out"].shape)
        self.ledger.own(str(weight.target), 1, value.axes[-1], "input")
        rows = self.ledger.rows(str(weight.target), 0, out[-1])
        if bias is not None and self._is_parameter(bias):
            self.ledger.own(str(bias.target), 0, rows, "output")
        elif bias is not None and _joined(bias):
            self._own_parts(bias, rows)
        elif bias is not None:
            rows = self.ledger.tie([rows, self._value(bias).axes[0]], "their bias stays whole")
        return Value(out, (*value.axes[:-1], rows))

    def _own_parts(self, bias: fx.Node, rows: Axis) -> None:
        """A bias that is joined of several tensors, each of them cut as its rows are."""
        start = 0
        for part in bias.args[0]:
            count = part.meta["out"].shape[0]
            self.ledger.own(str(part.target), 0, tuple(v[start : start + count] for v in rows), "output")
            start += count
        self.values[bias] = Value(tuple(bias.meta["out"].shape), (rows,))

    def _attention(self, node: fx.Node) -> Value | None:
        q, k, v = (
            node.args[i] if len(node.args) > i else node.kwargs[n]
            for i, n in enumerate(("query", "key", "value"))
        )
        shape = tuple(node.meta["out"].shape)
        query, *others = (self._value(n) for n in (q, k, v))
        if node.kwargs.get("enable_gqa"):  # several heads of queries to one of keys and values
            others = [steps.repeated(o, -3, query.shape[-3]) for o in others]
        found = steps.attention(self.ledger, shape, query, *others)
        mask = node.args[3] if len(node.args) > 3 else node.kwargs.get("attn_mask")
        if isinstance(mask, fx.Node) and is_tensor(mask):
            heads = Value((*shape[:-1], -1), (*found.axes[:-2], (), ()))
            with_mask = self._value(mask)
            for back in range(3, len(shape) + 1):
                if len(with_mask.shape) >= back and with_mask.shape[-back] == shape[-back] != 1:
                    self.ledger.tie(
                        [heads.axes[-back], with_mask.axes[-back]], "the mask of attention stays whole"
                    )
        return found

    def _value(self, node: fx.Node) -> Value:
        """What is known of a value. A bare parameter that is moved about has units along one axis: the last
        one that no table is looked up by, or that of the channels of an image."""
        if not self._is_parameter(node):
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
        if not self._is_parameter(node):
            return self.values.get(node)
        name, shape = self.ledger.names[str(node.target)], tuple(node.meta["out"].shape)
        owned = (self.ledger.owned.get((name, axis)) for axis in range(len(shape)))
        return Value(shape, tuple(o.labels if o else () for o in owned))

    def _is_parameter(self, node: Any) -> bool:
        if not isinstance(node, fx.Node) or node.op != "get_attr":
            return False
        path, _, leaf = str(node.target).rpartition(".")
        return isinstance(getattr(self.traced.get_submodule(path), leaf), nn.Parameter)

    def _has_value(self, node: fx.Node) -> bool:
        return isinstance(self.values.get(node), (Value, list))

    def _labelled(self, node: fx.Node) -> bool:
        return any(isinstance(v, Value) and v.labelled for v in tree_leaves(self.values.get(node)))

    def _whole(self, node: fx.Node) -> Any:
        return moves.whole(node)

    def _fix(self, node: fx.Node, reason: str) -> None:
        if self._is_parameter(node):
            for axis in range(node.meta["out"].ndim):
                self.ledger.own(str(node.target), axis, (), "output")
        for value in tree_leaves(self.values.get(node)):
            if isinstance(value, Value):
                self.ledger.fix_value(value, reason)

    def _unknown(self, node: fx.Node) -> Any:
        path, what = node.meta["path"], name_of(self.traced, node)
        if node.op != "call_module":
            owner = type(self.model.get_submodule(path)).__name__
            what = f"the step {what} of {owner}"
        why = self.opaque.get(str(node.target), "")
        reason = f"they pass through {what} ({path or 'the network itself'}), which is not known"
        reason += f": {why}" if why else ""
        for source in node.all_input_nodes:
            self._fix(source, reason)
        if node.op == "call_module":
            for name, tensor in self.traced.get_submodule(str(node.target)).named_parameters():
                for axis in range(tensor.ndim):
                    self.ledger.own(f"{node.target}.{name}", axis, (), "output")
        return moves.whole(node)


def _joined(node: fx.Node) -> bool:
    """Whether a step joins bare tensors to what is nothing but the bias of one layer."""
    if getattr(node.target, "__name__", "") not in moves.JOINS or not isinstance(node.args[0], tuple | list):
        return False
    users = list(node.users)
    return (
        len(users) == 1
        and getattr(users[0].target, "__name__", "") == "linear"
        and users[0].args[:1] != (node,)
        and all(
            isinstance(n, fx.Node) and n.op == "get_attr" and n.meta["out"].ndim == 1 for n in node.args[0]
        )
    )


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
