"""One run in one or several processes: how they are joined, agree, and learn that one of them has ended."""

import contextlib
import warnings
from datetime import timedelta
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import (
    DistributedDataParallelKwargs,
    DistributedType,
    InitProcessGroupKwargs,
    gather_object,
)
from torch import nn

from ..core import processes
from ..core.errors import MdpError, first_line

# The others wait while the first one measures latency, and that one may wait for the device.
PATIENCE = timedelta(hours=3)
# What torch warns of without need: `broadcast_buffers` does what is wanted, and some gradients are copied.
_NO_MATTER = (".*broadcast_buffers.* is deprecated", "Grad strides do not match bucket view strides")
_WHOLE = (DistributedType.DEEPSPEED, DistributedType.FSDP, DistributedType.MEGATRON_LM, DistributedType.XLA)


def accelerator(precision: str = "") -> Accelerator:
    """The device(s) at hand, or those that `accelerate launch` or `torchrun` set up.

    `precision` is "bf16", "fp16" or "no"; "": as the launcher says.

    Raises MdpError where the processes cannot be joined so that each holds the whole network.
    """
    several = processes.count()
    # Every process counts its own batches for the running statistics; `average_statistics` joins them.
    handlers: list[Any] = [DistributedDataParallelKwargs(broadcast_buffers=False)]
    if several > 1:
        for known in _NO_MATTER:
            warnings.filterwarnings("ignore", message=known)
        handlers.append(InitProcessGroupKwargs(timeout=PATIENCE))
    try:
        accelerate = Accelerator(
            mixed_precision=precision or None,
            cpu=several > 1 and not _has_devices(),
            step_scheduler_with_optimizer=False,
            kwargs_handlers=handlers,
        )
    except (RuntimeError, ValueError, ImportError, NotImplementedError) as error:
        raise MdpError(
            f"The {several} process(es) of this run could not be set up: {first_line(error)}. Look at the "
            "launcher's options and the recipe's precision: no more processes than GPUs, and "
            "ACCELERATE_USE_CPU=true for the CPU."
        ) from None
    if accelerate.gradient_accumulation_steps < 1:
        raise MdpError("Gradients of 0 batches make no update: give --gradient_accumulation_steps 1 or more.")
    if accelerate.num_processes != several:
        raise MdpError(
            f"{several} processes were started, but they do not work together. Give the launcher "
            "ACCELERATE_USE_CPU=true to train on the CPU, or start one process."
        )
    if accelerate.distributed_type in _WHOLE:
        raise MdpError(
            "Training here holds the whole network in every process, and "
            f"{accelerate.distributed_type.value} splits it. Configure accelerate for plain data-parallel "
            "training (MULTI_GPU)."
        )
    return accelerate


def agree(accelerate: Accelerator, value: Any, problem: str) -> None:
    """Raise MdpError in every process, as a sentence about the `problem`, unless all have the same value."""
    if accelerate.num_processes > 1 and len(set(gather_object([value]))) > 1:
        raise MdpError(f"{problem} Several machines need the same files in the same places.")


def average_statistics(model: nn.Module, accelerate: Accelerator) -> None:
    """Make the running statistics of norms the mean over all processes, which saw different images."""
    if accelerate.num_processes == 1:
        return
    kept = ("running_mean", "running_var")  # of batch norms, and of others that are like them
    parts = [t for name, t in model.named_buffers() if name.rpartition(".")[2] in kept]
    if parts:
        mean = accelerate.reduce(torch.cat([part.flatten().float() for part in parts]), "mean")
        for part, value in zip(parts, mean.split([part.numel() for part in parts]), strict=True):
            part.copy_(value.view_as(part))


@contextlib.contextmanager
def sentences():
    """Turns what torch says of lost processes and of too little memory into sentences.

    Raises:
        Lost: another process has ended.
        MdpError: the device has no memory for a batch.
    """
    try:
        yield
    except torch.OutOfMemoryError:
        raise MdpError("The device has no memory left for a batch. Give a smaller batch (--batch).") from None
    except RuntimeError as error:
        text = str(error).lower()
        if processes.joined() and (
            isinstance(error, torch.distributed.DistError) or "gloo" in text or "nccl" in text
        ):
            raise processes.Lost(
                "Another process of this run has ended, and this one with it. What that one said is why; "
                "if it said nothing, it was killed, perhaps for lack of memory."
            ) from None
        raise


def _has_devices() -> bool:
    found = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    return found is not None and found.type != "mps"  # one GPU, which processes cannot share out
