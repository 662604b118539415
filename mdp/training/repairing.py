"""The repair before a fine-tuning: done once, by the first process, and found again by a resumed run."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast, broadcast_object_list
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import nn

from ..core.errors import Cancelled, MdpError
from ..core.progress import Reporter
from ..networks.checkpoints import write_tensors
from ..reconstruction import repair
from . import checkpoint

FILE = "repaired.safetensors"


def repaired(
    network: nn.Module,
    dense: nn.Module | None,
    batches: Any,
    accelerate: Accelerator,
    report: Reporter,
    *,
    seed: int = 0,
    path: Path | None = None,
    about: Mapping[str, Any] | None = None,
) -> tuple[nn.Module, bool]:
    """(the network that goes on, in every process the same; whether it was repaired).

    What cannot be repaired goes on as it was cut, and the report says why.

    Args:
        batches: for the first process, of training images.
        path: where the repaired network is kept until the run is over; `about` tells it from others.
    """
    done = False
    if accelerate.is_main_process:
        found = _kept(path, about)
        if found is not None:
            network.load_state_dict(found)
            report.message("The network was repaired before; it goes on from there.")
            done = True
        else:
            network, done = _attempt(network, dense, batches, accelerate.device, report, seed)
            if done and path is not None:
                _keep(path, network, about)
    if accelerate.num_processes > 1:
        done = _told(network, done, accelerate)
    return network, done


def begun_unrepaired(path: Path) -> bool:
    """Whether a run that was cut off trained a network without a repair, and has to go on so."""
    if not path.is_file():
        return False
    return not (checkpoint.read_state(path).get("about") or {}).get("repaired")


def _attempt(
    network: nn.Module, dense: nn.Module | None, batches: Any, device: Any, report: Reporter, seed: int
) -> tuple[nn.Module, bool]:
    if dense is None:
        report.message("Not repaired: that takes the dense network, whose weights are not at hand.")
        return network, False
    try:
        better, told = repair(network, dense, batches, report, seed=seed, device=device)
    except Cancelled:
        raise
    except torch.OutOfMemoryError:
        report.message("Not repaired: the device has no memory left for it.")
        return network, False
    except MdpError as error:
        report.message(f"Not repaired: {error}")
        return network, False
    report.message(told.text)
    return (better.requires_grad_(True), True) if told.repaired else (network, False)


def _told(network: nn.Module, done: bool, accelerate: Accelerator) -> bool:
    """Give the first process's answer, and its weights, to the others."""
    said = [done]
    broadcast_object_list(said)
    if said[0]:
        for tensor in network.state_dict().values():
            tensor.copy_(broadcast(tensor.detach().to(accelerate.device).contiguous()).to(tensor.device))
    return bool(said[0])


def _keep(path: Path, network: nn.Module, about: Mapping[str, Any] | None) -> None:
    tensors = {name: t.detach().cpu().contiguous().clone() for name, t in network.state_dict().items()}
    write_tensors(path, tensors, {"about": json.dumps(about)})


def _kept(path: Path | None, about: Mapping[str, Any] | None) -> dict[str, torch.Tensor] | None:
    """What an earlier run of the same kind repaired, None where there is nothing of it."""
    if path is None or not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            if (file.metadata() or {}).get("about") != json.dumps(about):
                return None
        return load_file(path)
    except (SafetensorError, OSError):
        return None  # it is made again
