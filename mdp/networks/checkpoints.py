"""Tensors in a safetensors file: read whole and compared with the network that they are for, or refused."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from ..core.errors import BadFile, first_line
from ..core.files import replacing, unwritable

# Types of the same numbers with more or fewer digits: a network takes either for its own.
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def read_tensors(path: str | os.PathLike, kind: str = "checkpoint") -> dict[str, torch.Tensor]:
    """All tensors of a file, on the CPU. `kind` names the file in errors.

    Raises:
        BadFile: there is no such file, it is no safetensors file, or it is damaged. Nothing in it is run.
    """
    path = Path(path)
    if not os.path.isfile(path):
        raise BadFile(f"There is no {kind} at {path}.")
    if path.suffix != ".safetensors":
        raise BadFile(
            f"{path} is not a .safetensors file. Other formats can run code when they are opened and are not "
            f"read. Convert it once, in a terminal: mdp convert {shlex.quote(str(path))}"
        )
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise BadFile(f"The {kind} {path} is damaged: {first_line(error)}. Use another copy.") from None


def write_tensors(
    path: str | os.PathLike, tensors: Mapping[str, torch.Tensor], metadata: dict[str, str] | None = None
) -> Path:
    """Write a safetensors file, whole or not at all.

    Raises:
        MdpError: the folder cannot be written, or the disk is full.
    """
    with replacing(path) as temporary:
        put_tensors(temporary, tensors, metadata, path)
    return Path(path)


def put_tensors(
    temporary: Path,
    tensors: Mapping[str, torch.Tensor],
    metadata: dict[str, str] | None,
    path: str | os.PathLike,
) -> None:
    """Write a safetensors file at a temporary place; errors name `path`, where it goes. Raises MdpError."""
    try:
        save_file(_apart(tensors), temporary, metadata=metadata)
    except SafetensorError as error:  # a full disk, in its own words
        raise unwritable(path, OSError(first_line(error))) from None


def _apart(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Every tensor in memory of its own, as the format asks: a weight that two layers share, twice."""
    seen: set[int] = set()
    apart = {}
    for name, tensor in tensors.items():
        place = tensor.untyped_storage().data_ptr()
        apart[name] = tensor.clone() if place in seen else tensor
        seen.add(place)
    return apart


def with_tied(
    tensors: Mapping[str, torch.Tensor], own: Mapping[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """The tensors of a file, and under every name of a weight that several layers of the network share, the
    same one: a file may hold it once.

    Args:
        own: the network's state dict.
    """
    found = dict(tensors)
    first: dict[tuple, list[str]] = {}
    for name, tensor in ((n, t) for n, t in own.items() if t.numel() and not t.is_meta):
        first.setdefault((tensor.data_ptr(), tensor.shape), []).append(name)
    for names in first.values():
        held = [n for n in names if n in found]
        if len(names) > 1 and held and all(torch.equal(found[n], found[held[0]]) for n in held):
            found.update(dict.fromkeys(names, found[held[0]]))
    return found


def check_fit(
    tensors: Mapping[str, torch.Tensor],
    expected: Mapping[str, torch.Tensor],
    path: str | os.PathLike,
    network: str,
    kind: str = "checkpoint",
) -> None:
    """Refuse tensors that are not those of the state dict `expected`; another of `FLOATS` is no difference.

    Raises:
        BadFile: names, shapes or kinds of numbers differ, or a value is infinite or no number.
    """
    wrong = f"The {kind} {path} is not of {network}:"
    strangers = sorted(set(tensors) ^ set(expected))
    if strangers:
        where = "has" if strangers[0] in tensors else "lacks"
        raise BadFile(f"{wrong} it {where} {strangers[0]}, among {len(strangers)} names that differ.")
    for name, own in expected.items():
        tensor = tensors[name]
        if tensor.shape != own.shape:
            raise BadFile(
                f"{wrong} {name} has shape {tuple(tensor.shape)} there and {tuple(own.shape)} in the network."
            )
        if (tensor.dtype in FLOATS) != (own.dtype in FLOATS):
            raise BadFile(f"{wrong} {name} is {tensor.dtype} there and {own.dtype} in the network.")
        endless = ~torch.isfinite(tensor)  # what hides the future from attention is infinite by intent
        if endless.any() and (own.is_meta or not torch.equal(tensor[endless], own[endless].to(tensor.dtype))):
            raise BadFile(f"The {kind} {path} is of no use: {name} holds values that are not finite numbers.")
