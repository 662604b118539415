"""A network's answer, however nested, as a list of tensors."""

from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map

from ..core.errors import MdpError


def leaves(outputs: Any) -> list[Tensor]:
    """The tensors in tuples, lists, dictionaries and dataclasses, in order; None and plain numbers are left
    out.

    >>> [tuple(t.shape) for t in leaves({"a": torch.zeros(2, 3), "b": [torch.zeros(2), None]})]
    [(2, 3), (2,)]
    """
    return [t for t in tree_leaves(_plain(outputs)) if isinstance(t, Tensor)]


def finite(outputs: Any) -> bool:
    """Whether all numbers in an answer are finite."""
    return all(bool(torch.isfinite(t).all()) for t in leaves(outputs) if t.is_floating_point())


def kept(outputs: Any, device: Any = None) -> list[Tensor]:
    """The tensors of an answer as they are now, without gradients; numbers in float32.

    Raises:
        MdpError: there is no tensor with a batch in it.
    """
    found = [t.detach() for t in leaves(outputs)]
    if not any(t.ndim and t.numel() for t in found):
        raise MdpError(
            "The network answers with no tensor, so its answers cannot be compared. Let its forward return "
            "tensors, in tuples or dictionaries if it likes."
        )
    return [(t.float() if t.is_floating_point() else t).to(device or t.device) for t in found]


def on(value: Any, device: Any) -> Any:
    """Targets of any kind on a device."""
    return tree_map(lambda x: x.to(device) if isinstance(x, Tensor) else x, value)


def _plain(outputs: Any) -> Any:
    """Dataclasses, such as Hugging Face's outputs, as what is in them, at any depth."""
    if hasattr(type(outputs), "__dataclass_fields__"):
        return {name: _plain(getattr(outputs, name)) for name in type(outputs).__dataclass_fields__}
    if isinstance(outputs, dict):
        return {key: _plain(value) for key, value in outputs.items()}
    if isinstance(outputs, list | tuple):
        return [_plain(value) for value in outputs]
    return outputs
