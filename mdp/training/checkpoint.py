"""A training run's state in one safetensors file: weights, optimiser state, JSON in the header.

One file, renamed into place, so that a run killed at any moment finds the last epoch or the one before.
"""

import contextlib
import json
import math
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import nn

from ..core.errors import BadFile, first_line
from ..networks.checkpoints import write_tensors
from .optimizer_state import packed, try_step, unpack, unpack_former


def save(
    path: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    state: dict[str, Any],
    *,
    ema: nn.Module | None = None,
    scaler: Any = None,
) -> None:
    """Write everything that a resumed run needs. `state` is plain JSON (recipe, history, ...), `scaler`
    torch's gradient scaler where there is one (fp16)."""
    tensors = {f"model.{name}": _own(tensor) for name, tensor in model.state_dict().items()}
    for name, tensor in ema.state_dict().items() if ema is not None else ():
        tensors[f"ema.{name}"] = _own(tensor)
    known, told = packed(model, optimizer)
    tensors |= {name: _own(tensor) for name, tensor in known.items()}
    plain = {"state": state, "optimizer": told, "scaler": scaler and scaler.state_dict()}
    write_tensors(path, tensors, {key: json.dumps(value) for key, value in plain.items()})


def save_weights(path: Path, model: nn.Module) -> None:
    """Write the weights alone."""
    write_tensors(path, {name: _own(tensor) for name, tensor in model.state_dict().items()})


def read_state(path: Path) -> dict[str, Any]:
    """The plain JSON of a saved run, without its tensors. Raises BadFile if the file is damaged."""
    with _damaged(path):
        state = json.loads(_metadata(path)["state"])
        if not _is_state(state):
            raise ValueError("what it says of the run is damaged")
        return dict(state)


def _is_state(state: Any) -> bool:
    """Whether it says of a run what `save` is given: who goes on with it relies on that."""
    scale, history = state.get("scale"), state["history"]
    return (
        isinstance(history, list)
        and isinstance(state["recipe"], dict)
        and isinstance(state.get("about", {}), dict)
        and all(_is_epoch(entry, i) for i, entry in enumerate(history, 1))
        and len(history) <= state["recipe"]["epochs"]
        and (scale is None or {type(scale["processes"]), type(scale["accumulate"])} == {int})
    )


def _is_epoch(entry: dict[str, Any], number: int) -> bool:
    """Whether it is what `learn` says of that epoch: numbers, and the name of what was measured."""
    told = {key: value for key, value in entry.items() if key != "measure"}
    return (
        entry["epoch"] == number
        and told.keys() <= {"epoch", "loss", "accuracy", "quality", "seconds"}
        and all(type(value) in (int, float) and math.isfinite(value) for value in told.values())
        and isinstance(entry.get("measure", ""), str)
    )


def load(
    path: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    ema: nn.Module | None = None,
    scaler: Any = None,
) -> bool:
    """Put a saved run's weights, their moving average, the optimiser's and the scaler's state back.

    Returns:
        whether an earlier version wrote it, which numbered the parameters instead of naming them.

    Raises:
        BadFile: the file is damaged or of another network.
    """
    with _damaged(path):
        _put_back(path, model, optimizer, ema, scaler)
        try_step(optimizer)
        return _put_back(path, model, optimizer, ema, scaler)  # as it was before the trial


def _put_back(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, ema: nn.Module | None, scaler: Any
) -> bool:
    tensors = load_file(path)
    weights = {k.removeprefix("model."): v for k, v in tensors.items() if k.startswith("model.")}
    model.load_state_dict(weights)
    if ema is not None:
        own = {k.removeprefix("ema."): v for k, v in tensors.items() if k.startswith("ema.")}
        ema.load_state_dict(own)
    plain = _metadata(path)
    if scaler and (was := json.loads(plain.get("scaler", "null"))):
        scaler.load_state_dict(was)
    if "optimizer" not in plain:
        return unpack_former(model, optimizer, tensors)
    unpack(model, optimizer, tensors, json.loads(plain["optimizer"]))
    return False


def _metadata(path: Path) -> dict[str, str]:
    with safe_open(path, framework="pt") as file:
        return dict(file.metadata() or {})


@contextlib.contextmanager
def _damaged(path: Path):
    try:
        yield
    except (SafetensorError, OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        raise BadFile(
            f"The checkpoint {path} cannot be resumed: {first_line(error)}. "
            "Remove it to start from the first epoch."
        ) from None


def _own(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().to("cpu").contiguous().clone()
