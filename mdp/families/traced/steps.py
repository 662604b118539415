"""Steps that compute: element by element, channel by channel, or as attention does."""

from collections.abc import Callable, Sequence
from operator import itemgetter

import numpy as np
import torch
from torch import fx

from .ledger import Ledger
from .running import noted, run, tensors_in
from .values import Axis, Value, plain

# Steps on tensors of shapes that fit each other, position by position.
ELEMENTWISE = frozenset(
    "add iadd sub isub mul imul div idiv truediv itruediv true_divide maximum minimum pow where addcmul lerp"
    " add_ sub_ mul_ div_ masked_fill masked_fill_ rsub eq ne lt le gt ge and_ or_".split()
)
# Of two tensors; of one they are something else.
OF_TWO = frozenset("max min".split())
# Steps on one tensor that surely keep every position where it is; others are tried.
UNARY = frozenset(
    "relu relu_ relu6 silu silu_ gelu sigmoid sigmoid_ tanh tanh_ hardswish hardsigmoid hardtanh leaky_relu"
    " elu selu mish softplus dropout neg abs exp log sqrt rsqrt clamp clamp_ clip square"
    " type_as to float half double zeros_like ones_like empty_like full_like"
    # Of zeros nothing is added to a norm; where what is cut is no zero, the trial tells.
    " normalize"
    " ReLU ReLU6 SiLU GELU Sigmoid Tanh Hardswish Hardsigmoid Hardtanh LeakyReLU ELU SELU Mish Softplus"
    " Dropout Dropout1d Dropout2d Dropout3d AlphaDropout DropPath StochasticDepth Identity GELUTanh".split()
)


def elementwise(ledger: Ledger, shape: Sequence[int], values: Sequence[Value]) -> Value:
    """Values of shapes that fit each other: where they are as long as the result, they are cut alike."""
    axes: list[Axis] = []
    for back in range(1, len(shape) + 1):
        there = [
            v.axes[-back] for v in values if len(v.shape) >= back and v.shape[-back] == shape[-back] != 1
        ]
        reason = "they meet values that stay whole, position by position"
        axes.insert(0, ledger.tie(there, reason) if there else ())
    return Value(tuple(shape), tuple(axes))


def gated_half(ledger: Ledger, node: fx.Node, value: Value, axis: int) -> Value:
    """A gated linear unit: one half of the channels times a function of the other."""
    axis %= len(value.shape)
    shape = tuple(node.meta["out"].shape)
    for vector in value.axes[axis]:
        ledger.join_across(vector, 2)
    half = tuple(vector[: shape[axis]] for vector in value.axes[axis])
    return Value(shape, value.with_axis(axis, half).axes)


def attention(ledger: Ledger, shape: Sequence[int], q: Value, k: Value, v: Value) -> Value:
    """Scaled dot products of queries (..., tokens, components) with keys, times values."""
    reason = "the products of attention run over them"
    ledger.tie([q.axes[-1], k.axes[-1]], reason)
    for tokens in (k.axes[-2], v.axes[-2]):
        ledger.fix(tokens, reason)
    return Value(tuple(shape), (*_batch(ledger, shape, [q, k, v]), q.axes[-2], v.axes[-1]))


def repeated(value: Value, axis: int, size: int) -> Value:
    """Each position of an axis several times in a row until there are `size`, as `repeat_interleave`."""
    axis %= len(value.shape)
    index = np.arange(size) // (size // value.shape[axis])
    return value.with_axis(axis, tuple(v[index] for v in value.axes[axis]), size)


def product(ledger: Ledger, shape: Sequence[int], a: Value, b: Value) -> Value:
    """A matrix product (..., n, k) by (..., k, m); what it sums over is cut alike in both."""
    ledger.tie([a.axes[-1], b.axes[-2]], "a product of two values sums over them")
    return Value(tuple(shape), (*_batch(ledger, shape, [a, b]), a.axes[-2], b.axes[-1]))


def _batch(ledger: Ledger, shape: Sequence[int], values: Sequence[Value]) -> tuple[Axis, ...]:
    """The axes before the last two, cut alike in all."""
    cut = [Value(v.shape[:-2], v.axes[:-2]) for v in values]
    return elementwise(ledger, shape[:-2], cut).axes


def by_channel(
    ledger: Ledger, traced: fx.GraphModule, node: fx.Node, value: Value
) -> Value | list[Value] | None:
    """A step of one tensor that nothing is known of: tried on random numbers, along every labelled axis,
    whether it gives for some of the positions what it gives there for all. None if it gives no such tensor.

    Of several results (`x.max(2)`) those that are read are tried.
    """
    out = node.meta["out"]
    if isinstance(out, torch.Tensor):
        return _of_result(traced, node, value, out, lambda result: result)
    if not isinstance(out, tuple | list) or not all(isinstance(t, torch.Tensor) for t in out):
        return None
    read = {place_of(user) for user in node.users}
    found = [
        _of_result(traced, node, value, t, itemgetter(i)) if i in read else plain(t)
        for i, t in enumerate(out)
    ]
    return None if None in read or None in found else found


def place_of(node: fx.Node) -> int | None:
    """Which of several results a step picks, `x.max(1)[0]` or `x.max(1).values`; None for any other step."""
    if getattr(node.target, "__name__", "") == "getitem" and isinstance(node.args[1], int):
        return node.args[1] % len(node.args[0].meta["out"])
    if node.target is not getattr:
        return None
    several = node.args[0].meta["out"]
    picked = getattr(several, str(node.args[1]), None)
    return next((i for i, t in enumerate(several) if t is picked), None)


def _of_result(
    traced: fx.GraphModule, node: fx.Node, value: Value, out: torch.Tensor, pick: Callable
) -> Value | None:
    if not out.is_floating_point():
        return None
    axes: list[Axis] = [()] * out.ndim
    kept = noted(tensors_in(node)[0]).clone()
    try:
        dense = pick(run(traced, node, {tensors_in(node)[0]: kept.clone()}))
    except Exception:  # whatever a stranger's step raises on random numbers
        return None
    for axis in value.labelled:
        place = _place(traced, node, kept, dense, axis, pick)
        if place is None or axes[place]:
            return None
        axes[place] = value.axes[axis]
    return Value(tuple(out.shape), tuple(axes))


def _place(
    traced: fx.GraphModule, node: fx.Node, given: torch.Tensor, dense: torch.Tensor, axis: int, pick: Callable
) -> int | None:
    """Along which axis of the result the positions of `axis` lie, if the step works on each by itself."""
    size = given.shape[axis]
    places = [p for p in range(dense.ndim) if dense.shape[p] == size]
    places.sort(key=lambda p: p != axis)
    random = torch.Generator().manual_seed(size)
    for attempt in range(2):
        some = (
            torch.randperm(size, generator=random, device="cpu")[: max(1, size // (2 + attempt))]
            .sort()
            .values
        )
        try:
            cut = pick(run(traced, node, {tensors_in(node)[0]: given.index_select(axis, some)}))
        except Exception:  # the step wants this many positions
            return None
        places = [p for p in places if _same(cut, dense.index_select(p, some))]
    return places[0] if places else None


def _same(a: object, b: torch.Tensor) -> bool:
    return isinstance(a, torch.Tensor) and a.shape == b.shape and torch.allclose(a, b, 1e-4, 1e-5, True)
