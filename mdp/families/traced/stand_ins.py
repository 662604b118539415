"""What stands for a value while a forward is traced: it answers for sizes, and notes what is written into it.

A graph has no steps in place: `x[:, :4] = y` and `x += y` become new values that the name stands for from
there on. Where a forward looks at the old one under another name, its graph computes something else, which
`refuse_other` finds.
"""

import builtins
import operator
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import fx, nn
from torch.utils._pytree import tree_leaves

# Methods and attributes of a tensor that are numbers, or several.
_NUMBERS = frozenset("size dim ndimension numel stride item tolist shape ndim dtype device".split())
# What makes a tensor of sizes alone: torch itself asks no stand-in.
_MAKERS = "zeros ones full empty arange linspace eye".split()


def put(x: torch.Tensor, index: Any, value: Any, picked: Any = None) -> torch.Tensor:
    """A copy of `x` with `value` in the places `index`. `picked`, what was there, is for those who follow."""
    new = x.clone()
    new[index] = value
    return new


class _Sizes:
    """Where Python itself needs a size, it gets that of the example."""

    def __index__(self) -> int:
        return self.tracer.size(self.node)

    def __int__(self) -> int:
        return int(self.tracer.size(self.node))

    def __float__(self) -> float:
        return float(self.tracer.size(self.node))

    def __len__(self) -> int:
        return self.tracer.length(self.node)


def _in_place(step: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def write(self: "Known", other: Any) -> Any:
        new = step(self, other)
        if _is_number(self.node):
            return new
        self.node = new.node  # all names of this value have the new one
        return self

    return write


class Known(_Sizes, fx.Proxy):
    """Stands for a value in the trace."""

    def __getattr__(self, name: str) -> fx.Proxy:
        return KnownAttribute(self, name)

    def __setitem__(self, index: Any, value: Any) -> None:
        parts = index if isinstance(index, tuple) else (index,)
        looked_up = any(isinstance(p, torch.Tensor) or self.tracer.is_tensor(p) for p in parts)
        picked = None if looked_up else self[index]
        if looked_up and isinstance(value, int | float) and self.tracer.is_mask(index):
            new = self.masked_fill(index, value)
        else:
            new = self.tracer.create_proxy("call_function", put, (self, index, value, picked), {})
        self.node = new.node

    __iadd__ = _in_place(operator.add)
    __isub__ = _in_place(operator.sub)
    __imul__ = _in_place(operator.mul)
    __itruediv__ = _in_place(operator.truediv)


class KnownAttribute(_Sizes, fx.proxy.Attribute):
    """Stands for an attribute of a value, such as its shape."""


def _is_number(node: fx.Node) -> bool:
    """Whether a step gives a number, or a type or shape, as far as its name says."""
    if node.op == "call_method":
        return str(node.target) in _NUMBERS
    if node.op != "call_function":
        return False
    if node.target is getattr:
        return node.args[1] in _NUMBERS
    sources = node.all_input_nodes
    own = getattr(node.target, "__module__", "") in ("_operator", "math", "builtins")
    return own and bool(sources) and all(map(_is_number, sources))


# fx itself writes its own names into torch while it traces.
_ONE_TRACE = threading.RLock()


@contextmanager
def answering(tracer: fx.Tracer, model: nn.Module) -> Iterator[None]:
    """Let `len(x)`, written in a forward, and `torch.zeros(sizes)` and its like take stand-ins."""

    def length(x: Any) -> Any:
        whole = isinstance(x, fx.Proxy) and not _is_number(x.node) and tracer.is_tensor(x)
        return x.size(0) if whole else builtins.len(x)

    def maker(make: Callable[..., torch.Tensor]) -> Callable[..., Any]:
        def made(*args: Any, **kwargs: Any) -> Any:
            if any(isinstance(a, fx.Proxy) for a in tree_leaves((args, kwargs))):
                return tracer.create_proxy("call_function", make, args, kwargs)
            return make(*args, **kwargs)

        return made

    names = {(torch, name): maker(getattr(torch, name)) for name in _MAKERS}
    for module in {type(m).__module__ for m in model.modules()}:
        if module.partition(".")[0] != "torch" and module in sys.modules:
            names[sys.modules[module], "len"] = length
    with _ONE_TRACE:
        before = {place: vars(place[0]).get(place[1]) for place in names}
        try:
            for (module, name), new in names.items():
                setattr(module, name, new)
            yield
        finally:
            for (module, name), old in before.items():
                delattr(module, name) if old is None else setattr(module, name, old)
