"""Steps of several values, or of the model's bare tensors: sums, linear functions, attention."""

from typing import TYPE_CHECKING

from torch import fx

from . import steps
from .moves import JOINS
from .running import is_tensor
from .values import Axis, Value, plain

if TYPE_CHECKING:
    from .follow import Follower


def elementwise(follower: "Follower", node: fx.Node, sources: list[fx.Node]) -> Value:
    """Position by position; a bare tensor has the labels of the value that it meets, where it is as long."""
    return _meeting(follower, tuple(node.meta["out"].shape), sources)


def put(follower: "Follower", node: fx.Node) -> Value | None:
    """`x[index] = value`: what is written is cut as what stood there."""
    target, _, value, picked = node.args
    if picked is None:
        return None
    if isinstance(value, fx.Node) and is_tensor(value):
        _meeting(follower, tuple(picked.meta["out"].shape), [picked, value])
    return Value(tuple(node.meta["out"].shape), follower.value(target).axes)


def zeros(follower: "Follower", node: fx.Node) -> Value:
    """A new tensor of nothing: its channels are cut as those that they meet or are joined with."""
    out = tuple(node.meta["out"].shape)
    value = plain(node.meta["out"])
    if len(out) < 2 or "size" in node.kwargs:
        return value
    axis = 2 if len(out) == 3 else 1
    return value.with_axis(axis, (follower.ledger.labels.new(out[axis]),))


def _meeting(follower: "Follower", shape: tuple[int, ...], sources: list[fx.Node]) -> Value:
    others = [follower.values[n] for n in sources if not follower.is_own(n)]
    found = steps.elementwise(follower.ledger, shape, others)
    for n in (n for n in sources if follower.is_own(n)):
        own = n.meta["out"].shape
        for back in range(1, min(len(own), len(shape)) + 1):
            if own[-back] == shape[-back] != 1:
                follower.ledger.own(str(n.target), len(own) - back, found.axes[-back], "output")
    return found


def linear(follower: "Follower", node: fx.Node) -> Value | None:
    """A linear layer as a function of a bare weight."""
    ledger = follower.ledger
    given = dict(zip(("input", "weight", "bias"), node.args, strict=False)) | node.kwargs
    value, weight, bias = follower.value(given["input"]), given["weight"], given.get("bias")
    if not follower.is_own(weight):
        return None
    out = tuple(node.meta["out"].shape)
    ledger.own(str(weight.target), 1, value.axes[-1], "input")
    rows = ledger.rows(str(weight.target), 0, out[-1])
    if bias is not None and follower.is_own(bias):
        ledger.own(str(bias.target), 0, rows, "output")
    elif bias is not None and is_joined_bias(bias):
        _own_parts(follower, bias, rows)
    elif bias is not None:
        rows = ledger.tie([rows, follower.value(bias).axes[0]], "their bias stays whole")
    return Value(out, (*value.axes[:-1], rows))


def _own_parts(follower: "Follower", bias: fx.Node, rows: Axis) -> None:
    """A bias that is joined of several tensors, each of them cut as its rows are."""
    start = 0
    for part in bias.args[0]:
        count = part.meta["out"].shape[0]
        follower.ledger.own(str(part.target), 0, tuple(v[start : start + count] for v in rows), "output")
        start += count
    follower.values[bias] = Value(tuple(bias.meta["out"].shape), (rows,))


def attention(follower: "Follower", node: fx.Node) -> Value | None:
    """`scaled_dot_product_attention`, with its mask."""
    ledger = follower.ledger
    q, k, v = (
        node.args[i] if len(node.args) > i else node.kwargs[n]
        for i, n in enumerate(("query", "key", "value"))
    )
    shape = tuple(node.meta["out"].shape)
    query, *others = (follower.value(n) for n in (q, k, v))
    if node.kwargs.get("enable_gqa"):  # several heads of queries to one of keys and values
        others = [steps.repeated(o, -3, query.shape[-3]) for o in others]
    found = steps.attention(ledger, shape, query, *others)
    mask = node.args[3] if len(node.args) > 3 else node.kwargs.get("attn_mask")
    if isinstance(mask, fx.Node) and is_tensor(mask):
        heads = Value((*shape[:-1], -1), (*found.axes[:-2], (), ()))
        with_mask = follower.value(mask)
        for back in range(3, len(shape) + 1):
            if len(with_mask.shape) >= back and with_mask.shape[-back] == shape[-back] != 1:
                ledger.tie([heads.axes[-back], with_mask.axes[-back]], "the mask of attention stays whole")
    return found


def is_joined_bias(node: fx.Node) -> bool:
    """Whether a step joins bare tensors to what is nothing but the bias of one layer."""
    if getattr(node.target, "__name__", "") not in JOINS or not isinstance(node.args[0], tuple | list):
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
