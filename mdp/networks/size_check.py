"""Whether a network that a file asks for can be made at all: a file may name one of any size."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..core.errors import MdpError
from ..core.model_ref import ModelRef
from .memory_check import BYTES_PER_PARAMETER, check_memory

if TYPE_CHECKING:
    from torch import nn

# Above this many classes, or with arguments of its own, a network is made without its memory first.
MANY_CLASSES = 100_000
# Numbers in arguments, and layers in all: timm's largest have some thousand units and some hundred blocks.
LARGEST, DEEPEST = 1_000_000, 1_000
_OF_DEPTH = ("depth", "layers", "blocks", "stages")


def check_size(ref: ModelRef, make: Callable[..., "nn.Module"]) -> None:
    """Refuse what would exhaust memory or patience, before it is made.

    Args:
        make: `create`, which makes it on torch's meta device here.

    Raises:
        MdpError: it has numbers or layers beyond all use, or takes more memory than is free.
    """
    import torch

    if not ref.arguments and ref.classes <= MANY_CLASSES:
        return
    for key, value in ref.arguments.items():
        numbers = [abs(n) for n in _numbers(value)]
        deep = any(word in key for word in _OF_DEPTH) and sum(numbers) > DEEPEST
        if deep or any(not n <= LARGEST for n in numbers):
            raise MdpError(
                f"The argument {key}={str(value)[:60]} of {ref.name} makes a network of a size that nothing "
                f"here takes. Give numbers up to {LARGEST:,}, and up to {DEEPEST:,} layers."
            )
    if torch.empty(0).is_meta:  # it takes no memory now
        return
    try:
        with torch.device("meta"):
            empty = make(ref, load_weights=False)
    except MdpError:
        return  # whatever is wrong, making it says so
    count = sum(p.numel() for p in empty.parameters())
    check_memory(f"The network {ref.name}", count * BYTES_PER_PARAMETER, MdpError)


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for inner in value:
            yield from _numbers(inner)
    elif isinstance(value, float):
        yield value
    elif isinstance(value, int):
        yield float(value) if abs(value) <= LARGEST else math.inf  # one of any number of digits
