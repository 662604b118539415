"""Whether two architectures are one: the same layers with the same settings and shapes, under two names.

timm has many names for weights trained in another way, or for larger images: where two networks come to the
same on the images that a check uses, what is right for one is right for the other.
"""

import functools
import hashlib
import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn

# What timm notes of weights and images beside the network.
_NOTES = frozenset("pretrained_cfg default_cfg".split())
_TORCHS = frozenset(vars(nn.Module()))


def fingerprint(model: nn.Module, input_size: tuple[int, ...]) -> str:
    """A text that two networks share if every module has the same class, settings, children and shapes of
    tensors; empty if a setting is of a kind that cannot be compared.

    >>> fingerprint(nn.Linear(2, 3), (2,)) == fingerprint(nn.Linear(2, 3), (2,))
    True
    >>> fingerprint(nn.Dropout(0.1), (2,)) == fingerprint(nn.Dropout(0.2), (2,))
    False
    """
    said = hashlib.sha256(repr(tuple(input_size)).encode())
    try:
        for name, module in model.named_modules():
            said.update(f"{name} {type(module).__module__}.{type(module).__qualname__}".encode())
            said.update("; ".join(_of_module(module)).encode())
    except TypeError:
        return ""
    return said.hexdigest()


def _of_module(module: nn.Module) -> Iterator[str]:
    for kind in (module._parameters, module._buffers):
        for name, tensor in kind.items():
            yield f"{name} {_said(tensor)}"
    for name, value in sorted(vars(module).items()):
        if name not in _TORCHS and name not in _NOTES:
            yield f"{name}={_said(value)}"


def _said(value: Any) -> str:
    """A setting as text. Raises TypeError if it is of a kind that says nothing by its text."""
    if isinstance(value, torch.Tensor):
        return f"tensor {tuple(value.shape)} {value.dtype}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k!r}: {_said(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple | set | frozenset):
        return f"{type(value).__name__}({', '.join(map(_said, value))})"
    if isinstance(value, functools.partial):
        return f"partial({_said(value.func)}, {_said(value.args)}, {_said(value.keywords)})"
    if inspect.isclass(value) or inspect.isroutine(value):
        return f"{getattr(value, '__module__', '')}.{value.__qualname__}"
    if isinstance(value, nn.Module):
        return f"{type(value).__name__} {value!r}"
    said = repr(value)
    if re.search(r" at 0x[0-9a-f]+", said):
        raise TypeError(f"{type(value).__name__} does not say what it is")
    return said
