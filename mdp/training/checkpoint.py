"""A training run's state in one safetensors file: weights, optimiser state, JSON in the header.

One file, renamed into place, so that a run killed at any moment finds the last epoch or the one before.
"""

import contextlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import nn

from ..core.errors import BadFile, first_line
from ..networks.checkpoints import write_tensors
from .optimizers import former_order, names_in_order


def save(
    path: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    state: dict[str, Any],
    *,
    ema: nn.Module | None = None,
) -> None:
    """Write everything that a resumed run needs. `state` is plain JSON (recipe, history, ...).

    What the optimiser knows of a parameter is under the parameter's name, whatever group it is in.
    """
    tensors = {f"model.{name}": _own(tensor) for name, tensor in model.state_dict().items()}
    for name, tensor in ema.state_dict().items() if ema is not None else ():
        tensors[f"ema.{name}"] = _own(tensor)
    names = names_in_order(model, optimizer)
    for number, slots in optimizer.state_dict()["state"].items():
        for key, value in slots.items():
            if value is not None:
                tensors[f"optimizer.{names[number]}.{key}"] = _own(torch.as_tensor(value))
    write_tensors(path, tensors, {"state": json.dumps(state)})


def save_weights(path: Path, model: nn.Module) -> None:
    """Write the weights alone."""
    write_tensors(path, {name: _own(tensor) for name, tensor in model.state_dict().items()})


def read_state(path: Path) -> dict[str, Any]:
    """The plain JSON of a saved run, without its tensors. Raises BadFile if the file is damaged."""
    with _damaged(path), safe_open(path, framework="pt") as file:
        return dict(json.loads(file.metadata()["state"]))


def load(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, *, ema: nn.Module | None = None
) -> bool:
    """Put a saved run's weights, their moving average and the optimiser's state back.

    Returns:
        whether an earlier version wrote it, which numbered the parameters instead of naming them.

    Raises:
        BadFile: the file is damaged or of another network.
    """
    with _damaged(path):
        tensors = load_file(path)
        weights = {k.removeprefix("model."): v for k, v in tensors.items() if k.startswith("model.")}
        model.load_state_dict(weights)
        if ema is not None:
            own = {k.removeprefix("ema."): v for k, v in tensors.items() if k.startswith("ema.")}
            ema.load_state_dict(own)
        slots: dict[str, dict[str, torch.Tensor]] = {}
        for key, value in tensors.items():
            if key.startswith("optimizer."):
                name, slot = key.removeprefix("optimizer.").rsplit(".", 1)
                slots.setdefault(name, {})[slot] = value
        former = any(name.isdecimal() for name in slots)
        if former:
            slots = {name: slots.get(str(i), {}) for i, name in enumerate(former_order(model))}
        known = {i: slots[name] for i, name in enumerate(names_in_order(model, optimizer)) if name in slots}
        optimizer.load_state_dict({"state": known, "param_groups": optimizer.state_dict()["param_groups"]})
        return former


@contextlib.contextmanager
def _damaged(path: Path):
    try:
        yield
    except (SafetensorError, OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise BadFile(
            f"The checkpoint {path} cannot be resumed: {first_line(error)}. "
            "Remove it to start from the first epoch."
        ) from None


def _own(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().to("cpu").contiguous().clone()
