"""Checkpoints as people have them: which of the weights in them, without the prefixes of wrappers. No code in
them is run."""

import argparse
import os
import pathlib
import pickle
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..core.errors import BadFile, MdpError, first_line
from .checkpoints import read_tensors
from .wrapped import Place, alike, places_of

# What wrappers put in front of every name: data parallel, torch.compile, Lightning and the like.
PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.")
# Entries that are no weights: how many updates a moving average has seen.
COUNTERS = ("n_averaged", "num_updates")
# What no tensor can be called: in a safetensors file the one is the place of notes.
UNFIT = ("", "__metadata__")
NAMED = 6  # places that a sentence names
# Bytes of a tensor beyond those that are kept of it, where numbers repeat.
MOST_REPEATED = 1_000_000
# Objects without behaviour that training scripts save beside the weights.
HARMLESS = [
    argparse.Namespace, pathlib.PosixPath, pathlib.PurePosixPath, np.dtype, np.ndarray,
    *(type(np.dtype(kind)) for kind in ("float32", "float64", "int32", "int64", "bool")),
    *(getattr(np._core.multiarray, name) for name in ("scalar", "_reconstruct")),
]  # fmt: skip


@dataclass(frozen=True)
class Found:
    """Weights of a checkpoint: `entry` says where they stood ("" for the whole file, `checkpoint.model` in
    wrappers), `others` what else there was to choose, `average_beside` whether a moving average was there."""

    tensors: Mapping[str, torch.Tensor]
    entry: str
    averaged: bool
    others: tuple[str, ...]
    average_beside: bool = False


def plain_names(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Tensors under the names that the network itself gives them, without what wrappers put before all."""
    named = {name: tensor for name, tensor in tensors.items() if name not in COUNTERS}
    while named:
        prefix = next((p for p in PREFIXES if all(name.startswith(p) for name in named)), None)
        if prefix is None:
            break
        named = {name.removeprefix(prefix): tensor for name, tensor in named.items()}
    return named


def names_for(tensors: Mapping[str, torch.Tensor], known: Collection[str]) -> dict[str, torch.Tensor]:
    """`plain_names`; where none of them is `known`, also without first words that all names share.

    So a wrapper of any name is understood wherever the network itself says what its own names are.
    """
    plain = named = plain_names(tensors)
    while named and known and not set(named) & set(known):
        if len({name.partition(".")[0] for name in named}) > 1 or any("." not in name for name in named):
            return plain
        named = {name.partition(".")[2]: tensor for name, tensor in named.items()}
    return named


def read_any(path: Path, *, averaged: bool = False) -> Found:
    """The weights in a checkpoint of PyTorch (or a safetensors file), each tensor alone and contiguous.

    Args:
        averaged: the moving average (EMA) of the weights instead of the weights themselves.

    Raises:
        BadFile: there is no such file, it is none of PyTorch's, holds more than data, or no weights.
        MdpError: it has no moving average, or nothing else, or several networks of which none is meant.
    """
    if path.suffix == ".safetensors":
        whole: Any = read_tensors(path)
    else:
        whole = _load(path)
    places = places_of(whole)
    wanted = [place for place in places if place.averaged == averaged]
    if not places:
        raise BadFile(f"The checkpoint {path} holds no weights: there is no list of tensors by name in it.")
    if not wanted:
        there = "only the moving average of the weights: take it with --ema" if not averaged else "none"
        raise MdpError(f"Of what was asked for, {path} has {there}; it holds {_listed(places)}.")
    taken = wanted[0]
    if unclear := [place for place in wanted[1:] if alike(taken, place)]:
        raise MdpError(
            f"The checkpoint {path} holds several networks, and nothing says which is meant: "
            f"{_listed([taken, *unclear])}. Save the state_dict() of the one alone, where it was made."
        )
    tensors = {k: t for k, t in taken.weights.items() if isinstance(t, torch.Tensor)}
    left = [place for place in places if place is not taken]
    others, beside = tuple(p.entry or "weights" for p in left), any(p.averaged for p in left)
    own = {k: _own(path, k, t) for k, t in plain_names(tensors).items()}
    return Found(own, taken.entry, averaged, others, beside)


def _load(path: Path) -> Any:
    if not os.path.isfile(path):
        raise BadFile(f"There is no checkpoint at {path}.")
    try:
        with torch.serialization.safe_globals(HARMLESS):
            whole = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise BadFile(
            f"The checkpoint {path} holds more than weights, or is none of PyTorch's ({_reason(error)}). "
            "Nothing in it was run. Save its state_dict() alone, where it was made."
        ) from None
    except Exception as error:  # of a damaged file, torch and zipfile raise a dozen kinds
        raise BadFile(f"The checkpoint {path} is damaged: {first_line(error)}. Use another copy.") from None
    if isinstance(whole, torch.Tensor) or not isinstance(whole, Mapping):
        raise BadFile(f"The checkpoint {path} holds no weights: it is a {type(whole).__name__}.")
    return whole


def _reason(error: Exception) -> str:
    """Which object was refused, out of torch's long advice."""
    words = str(error)
    return next((line.strip() for line in words.splitlines() if "GLOBAL" in line), first_line(error))[:160]


def _listed(places: Sequence[Place]) -> str:
    more = f" and {len(places) - NAMED} more" if len(places) > NAMED else ""
    return ", ".join(place.entry or "weights" for place in places[:NAMED]) + more


def _own(path: Path, name: str, tensor: torch.Tensor) -> torch.Tensor:
    """A tensor of its own memory, in the usual order, under a name that a file can hold."""
    if not name.isprintable() or name in UNFIT:
        raise BadFile(f"The checkpoint {path} is of no use here: {name[:80]!a} is no name of a tensor.")
    if (
        tensor.is_quantized
        or tensor.layout != torch.strided
        or tensor.is_complex()
        or tensor.device.type == "meta"
    ):
        raise BadFile(
            f"The checkpoint {path} is of no use here: {name} is quantised, sparse, complex or empty."
        )
    # One number can be told to stand for thousands of millions.
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes() + MOST_REPEATED:
        raise BadFile(f"The checkpoint {path} is of no use here: {name} is larger than what is in the file.")
    return tensor.detach().clone(memory_format=torch.contiguous_format)
