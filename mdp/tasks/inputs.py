"""Anybody's batches for a network of one or several inputs: (inputs, targets), once they are known to fit."""

import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..core.errors import MdpError
from ..core.model_ref import MEMORY, ModelRef
from ..core.words import many
from ..datasets.batches import feed
from .outputs import on


@dataclass(frozen=True)
class Several:
    """The inputs of a network that takes more than one tensor; sliced, moved and counted as one would be."""

    tensors: tuple[Tensor, ...]

    def __len__(self) -> int:
        return len(self.tensors[0])

    def __getitem__(self, which: Any) -> "Several":
        return Several(tuple(t[which] for t in self.tensors))

    def to(self, device: Any) -> "Several":
        """The same on a device."""
        return Several(tuple(t.to(device) for t in self.tensors))

    @property
    def shape(self) -> torch.Size:
        """Of the first."""
        return self.tensors[0].shape


Inputs = Tensor | Several


def run(network: nn.Module, inputs: Inputs) -> Any:
    """What a network answers, whether it takes one tensor or several."""
    return network(*inputs.tensors) if isinstance(inputs, Several) else network(inputs)


def joined(parts: list[Inputs]) -> Inputs:
    """Batches one after the other as one."""
    if isinstance(parts[0], Several):
        columns = zip(*(p.tensors for p in parts if isinstance(p, Several)), strict=True)
        return Several(tuple(torch.cat(column) for column in columns))
    return torch.cat([p for p in parts if isinstance(p, Tensor)])


def examples(
    ref: ModelRef, batches: Iterable[Any], device: Any = None, *, labelled: bool = False
) -> Iterator[tuple[Inputs, Any]]:
    """(inputs, targets) of each batch, on `device`; targets are None where there are none.

    A batch is a tensor for a network of one input, (tensor, targets), or for several inputs a tuple of them,
    then of them and the targets, or (inputs, targets).

    Args:
        ref: says what the network takes.
        labelled: whether targets must be there.

    Raises:
        MdpError: these are no batches, or such that the network does not take.
    """
    wanted = _wanted(ref)
    if isinstance(batches, Tensor) or not isinstance(batches, Iterable):
        raise MdpError(f"Give batches, such as a DataLoader or a list, not a {type(batches).__name__}.")
    if hasattr(getattr(batches, "dataset", None), "prepare"):  # bytes: normalised as its source says
        batches = feed(batches, device)
    for batch in batches:
        inputs, targets = _parted(batch, len(wanted))
        if labelled and targets is None:
            raise MdpError(
                'These batches have no targets, and this needs them. Give (inputs, targets), or task="match"'
                ", which needs none."
            )
        _check(inputs, wanted, ref.name)
        ready = tuple(
            (t.float() if kind.is_floating_point else t.to(kind)).to(device or t.device)
            for t, (kind, _) in zip(inputs, wanted, strict=True)
        )
        yield ready[0] if len(ready) == 1 else Several(ready), on(targets, device) if device else targets


def required(network: nn.Module) -> int:
    """How many arguments a network's forward must be given."""
    try:
        parameters = inspect.signature(network.forward).parameters.values()
    except (TypeError, ValueError):  # written in C, or scripted
        return 1
    plain = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return sum(p.default is p.empty for p in plain)


def guessed(network: nn.Module, first: Any) -> ModelRef:
    """What a network takes that does not say it: as many of a batch's parts as its forward has arguments.

    Raises:
        MdpError: the first batch holds no tensors for them.
    """
    inputs, _ = _parted(first, max(1, required(network)))
    if not all(isinstance(t, Tensor) and t.ndim for t in inputs):
        raise MdpError("The first batch holds no tensors for the network. Give batches of its inputs.")
    kinds = tuple((str(t.dtype).removeprefix("torch."), tuple(t.shape[1:])) for t in inputs)
    return ModelRef(type(network).__name__, MEMORY, kinds[0][1] or (1,), 0, inputs=kinds)


def _wanted(ref: ModelRef) -> tuple[tuple[torch.dtype, tuple[int, ...]], ...]:
    said = ref.inputs or (("float32", tuple(ref.input_size)),)
    return tuple((getattr(torch, kind), tuple(shape)) for kind, shape in said)


def _parted(batch: Any, count: int) -> tuple[tuple[Any, ...], Any]:
    """(inputs, targets or None) of one batch, for a network of `count` inputs."""
    if not isinstance(batch, list | tuple):
        return (batch,), None
    parts = tuple(batch)
    if parts and isinstance(parts[0], list | tuple) and len(parts) <= 2:
        return tuple(parts[0]), parts[1] if len(parts) == 2 else None
    if len(parts) == count:
        return parts, None
    if len(parts) == count + 1:
        return parts[:count], parts[count]
    raise MdpError(
        f"A batch has {len(parts)} parts, and the network takes {many(count, 'input')}. Give "
        f"{'the inputs' if count > 1 else 'them'}, or (inputs, targets)."
    )


def _check(inputs: tuple[Any, ...], wanted: tuple, name: str) -> None:
    if len(inputs) != len(wanted):
        raise MdpError(f"A batch has {len(inputs)} inputs, and {name} takes {len(wanted)}.")
    if not all(isinstance(t, Tensor) for t in inputs):
        odd = next(t for t in inputs if not isinstance(t, Tensor))
        raise MdpError(f"A batch holds a {type(odd).__name__}; give its inputs as tensors.")
    if any(t.ndim == 0 or not t.shape[0] for t in inputs) or len({t.shape[0] for t in inputs}) > 1:
        raise MdpError("The inputs of a batch are of different lengths, or empty; give as many of each.")
    for tensor, (kind, shape) in zip(inputs, wanted, strict=True):
        if tuple(tensor.shape[1:]) != shape:
            raise MdpError(
                f"A batch has inputs of {_words(tensor.shape[1:])}, and {name} takes {_words(shape)}. Bring "
                "them to that size."
            )
        if kind.is_floating_point and not tensor.is_floating_point():
            raise MdpError(
                f"{name} takes floats, and a batch has {str(tensor.dtype).removeprefix('torch.')}. Normalise "
                "the inputs as the network wants them."
            )
        if not torch.isfinite(tensor).all():
            raise MdpError("Some of the inputs hold values that are no numbers. Look at how they are read.")


def _words(shape: Iterable[int]) -> str:
    return " x ".join(map(str, shape)) or "one number each"
