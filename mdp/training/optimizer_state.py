"""What an optimiser knows, as tensors and JSON that names them: a run goes on bit for bit with each of them.

Some count their steps in a parameter's state, some in its group (lamb); some keep whole numbers, lists of
tensors, or a generator's state (kron).
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from ..core.errors import first_line
from .optimizers import former_order, names_in_order

PREFIX = "optimizer."


def packed(model: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[dict[str, torch.Tensor], dict]:
    """(tensors by name, plain JSON that refers to them). What is known of a parameter is under its name,
    whatever group it is in."""
    tensors: dict[str, torch.Tensor] = {}
    names, known = names_in_order(model, optimizer), optimizer.state_dict()
    state = {
        names[number]: {
            key: _put(value, f"{PREFIX}{names[number]}.{key}", tensors) for key, value in slots.items()
        }
        for number, slots in known.pop("state").items()
    }
    groups = [
        {
            key: _put(value, f"{PREFIX}groups.{i}.{key}", tensors)
            for key, value in group.items()
            if _changes(value)
        }
        for i, group in enumerate(known.pop("param_groups"))
    ]
    more = {key: _put(value, f"{PREFIX}{key}", tensors) for key, value in known.items()}
    return tensors, {"state": state, "groups": groups, "more": more}


def unpack(
    model: nn.Module, optimizer: torch.optim.Optimizer, tensors: Mapping[str, torch.Tensor], told: Any
) -> None:
    """Put back what `packed` gave. Raises KeyError, TypeError or ValueError where it is of something else."""
    names, own = names_in_order(model, optimizer), optimizer.state_dict()
    of = {
        name: {key: _get(value, tensors) for key, value in slots.items()}
        for name, slots in told["state"].items()
    }
    groups = [
        {**mine, **{key: _get(value, tensors) for key, value in was.items()}}
        for mine, was in zip(own["param_groups"], told["groups"], strict=True)
    ]
    more = {key: _get(value, tensors) for key, value in told["more"].items()}
    known = {i: of[name] for i, name in enumerate(names) if name in of}
    optimizer.load_state_dict({"state": known, "param_groups": groups, **more})


def unpack_former(
    model: nn.Module, optimizer: torch.optim.Optimizer, tensors: Mapping[str, torch.Tensor]
) -> bool:
    """Put back what earlier versions wrote: tensors alone. Returns whether it was one that numbered the
    parameters instead of naming them."""
    slots: dict[str, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith(PREFIX):
            name, slot = key.removeprefix(PREFIX).rsplit(".", 1)
            slots.setdefault(name, {})[slot] = value
    numbered = any(name.isdecimal() for name in slots)
    if numbered:
        slots = {name: slots.get(str(i), {}) for i, name in enumerate(former_order(model))}
    known = {i: slots[name] for i, name in enumerate(names_in_order(model, optimizer)) if name in slots}
    optimizer.load_state_dict({"state": known, "param_groups": optimizer.state_dict()["param_groups"]})
    return numbered


def try_step(optimizer: torch.optim.Optimizer) -> None:
    """Make a step without gradients, which changes what is known and the weights.

    What fits is known to each optimiser alone: torch takes tensors of any shape back, and meets them in the
    first step, hours of measuring and a repair later. Raises ValueError where the state is of something else.
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    try:
        for parameter in parameters:
            parameter.grad = torch.zeros_like(parameter)
        optimizer.step()
    except torch.OutOfMemoryError:
        raise
    except Exception as error:
        raise ValueError(f"what the optimizer knew does not fit: {first_line(error)}") from None
    finally:
        optimizer.zero_grad(set_to_none=True)


def _put(value: Any, name: str, tensors: dict[str, torch.Tensor]) -> Any:
    if isinstance(value, torch.Tensor):
        tensors[name] = value
        return {"tensor": name}
    if isinstance(value, list | tuple):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [_put(v, f"{name}.{i}", tensors) for i, v in enumerate(value)]}
    return value


def _get(value: Any, tensors: Mapping[str, torch.Tensor]) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, held),) = value.items()
    if kind == "tensor":
        return tensors[held]
    return {"tuple": tuple, "list": list}[kind](_get(v, tensors) for v in held)


def _changes(value: Any) -> bool:
    """Whether it may change from step to step; the rest of a group is as the optimiser was made."""
    return isinstance(value, torch.Tensor | int | float)
