"""What a latency is a latency of: the device, its software, and how the network is deployed on it.

A `Deployment` is the identity of every measurement: two numbers may be compared, or stand in one table, only
if their deployments are equal.
"""

import os
import platform
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from ..errors import MdpError, Unsupported, first_line
from .memory import can_keep

DTYPES = ("float32", "bfloat16", "float16")
FORMATS = ("contiguous", "channels_last")


@dataclass(frozen=True)
class Deployment:
    """How and where a network runs.

    Attributes:
        kind: "cpu", "cuda" or "mps".
        device: the device's own name, as its driver or the kernel gives it.
        software: everything whose change may change the time: torch, its CPU capability or CUDA and driver.
        batch: images per forward pass.
        dtype: of weights and activations.
        memory_format: of weights and images, "contiguous" or "channels_last".
        threads: intra-op threads on a CPU; 0 on other devices.
        launch: "eager", or "graph" where CUDA graphs are replayed, so that no launch gaps are counted;
            "compiled" and "compiled graph" if torch.compile has made the kernels.
    """

    kind: str
    device: str
    software: str
    batch: int
    dtype: str
    memory_format: str
    threads: int
    launch: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def deployment(
    device: str = "auto",
    batch: int = 1,
    dtype: str = "float32",
    memory_format: str = "contiguous",
    threads: int | None = None,
    compiled: bool = False,
) -> Deployment:
    """Check what the user asked for against what this machine has, and name it. Imports torch.

    Raises:
        MdpError: a batch, dtype, format or number of threads that makes no sense.
        Unsupported: the device is not there, or cannot run this dtype, or torch.compile does not work here.
    """
    if type(batch) is not int or batch < 1:
        raise MdpError(f"The batch must be a whole number of at least 1, not {batch!r}.")
    if dtype not in DTYPES:
        raise MdpError(f"The dtype {dtype!r} is not one of {', '.join(DTYPES)}.")
    if memory_format not in FORMATS:
        raise MdpError(f"The memory format {memory_format!r} is not one of {', '.join(FORMATS)}.")
    kind = _kind(device)
    if kind != "cpu" and threads is not None:
        raise MdpError("The number of threads can be set for a CPU only.")
    found = Deployment(
        kind,
        _name(kind),
        _software(kind),
        batch,
        dtype,
        memory_format,
        _threads(threads) if kind == "cpu" else 0,
        _launch(kind, compiled),
    )
    _try_dtype(kind, dtype)
    if compiled:
        _try_compile(kind)
    return found


def _kind(device: str) -> str:
    import torch

    kind = str(device).lower()
    if kind == "auto":
        return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    if kind not in ("cpu", "cuda", "mps"):
        raise MdpError(f"The device {device!r} is unknown. Choose cpu, cuda, mps or auto.")
    if kind == "cuda" and not torch.cuda.is_available():
        raise Unsupported(
            "There is no GPU that torch can use on this machine. Choose --device cpu, or install a "
            "driver and a torch build that match your GPU."
        )
    if kind == "mps" and not torch.backends.mps.is_available():
        raise Unsupported("There is no Apple GPU that torch can use on this machine. Choose --device cpu.")
    return kind


def _launch(kind: str, compiled: bool) -> str:
    if compiled:
        return "compiled graph" if kind == "cuda" else "compiled"
    return "graph" if kind == "cuda" else "eager"


def _threads(threads: int | None) -> int:
    most = os.cpu_count() or 1
    if threads is None:
        # The affinity mask, not the number of cores: in a container the rest belongs to others.
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else most
    if type(threads) is not int or not 1 <= threads <= most:
        raise MdpError(
            f"The number of threads must be between 1 and {most} on this machine, not {threads!r}."
        )
    return threads


def _name(kind: str) -> str:
    import torch

    if kind == "cuda":
        return torch.cuda.get_device_name()
    if kind == "mps":
        return f"Apple GPU ({platform.machine()})"
    return f"{_cpu_name()} ({os.cpu_count()} cores)"


@lru_cache
def _cpu_name() -> str:
    """The processor's name, with family and model on Linux, where virtual machines shorten the name."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            lines = [line.partition(":") for line in file if line.strip()]
    except OSError:
        return platform.processor() or platform.machine() or "CPU"
    facts = {}
    for key, _, value in lines:
        facts.setdefault(key.strip(), value.strip())
    name = facts.get("model name") or platform.machine() or "CPU"
    if "cpu family" in facts and "model" in facts:
        name += f" family {facts['cpu family']} model {facts['model']}"
    return name


def _software(kind: str) -> str:
    import torch

    # The local part (+cu132) names the build, which decides the libraries that run.
    parts = [f"torch {torch.__version__}"]
    if kind == "cuda":
        parts += [f"CUDA {torch.version.cuda}", f"cuDNN {torch.backends.cudnn.version()}"]
    elif kind == "cpu":
        parts += [
            torch.backends.cpu.get_cpu_capability(),
            "oneDNN" if torch.backends.mkldnn.is_available() else "no oneDNN",
        ]
        parts += ["freed memory kept"] if can_keep() else []
    return ", ".join(parts)


def _try_dtype(kind: str, dtype: str) -> None:
    """One tiny convolution and matrix product: what the device cannot do shows here, not midway."""
    import torch

    try:
        with torch.inference_mode():
            kwargs = {"device": kind, "dtype": getattr(torch, dtype)}
            torch.nn.functional.conv2d(torch.ones(1, 8, 4, 4, **kwargs), torch.ones(8, 8, 3, 3, **kwargs))
            torch.nn.functional.linear(torch.ones(8, 8, **kwargs), torch.ones(8, 8, **kwargs))
    except (RuntimeError, TypeError, NotImplementedError) as error:
        raise Unsupported(
            f"This {kind} device cannot run {dtype} ({first_line(error)}). Choose --dtype float32."
        ) from None


@lru_cache
def _try_compile(kind: str) -> None:
    """One tiny network compiled: a missing compiler shows here, not midway."""
    import torch

    if kind == "mps":
        raise Unsupported("Compiled networks can be timed on a CPU or a CUDA GPU only. Leave out --compiled.")
    try:
        with torch.inference_mode():
            torch.compile(lambda x: torch.relu(x) + 1)(torch.ones(8, device=kind))
    except Exception as error:  # dynamo's, inductor's and the compilers' errors have no common class
        raise Unsupported(
            f"torch.compile does not work on this machine ({first_line(error)}). "
            "Install a C++ compiler such as g++, or leave out --compiled."
        ) from None
