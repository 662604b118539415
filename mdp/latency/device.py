"""What a latency is a latency of: the device, its software, and how the network is deployed on it.

A `Deployment` is the identity of every measurement: two numbers may be compared, or stand in one table, only
if their deployments are equal.
"""

import os
import platform
import re
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from ..core import cores
from ..core.deployment import ALSO_CALLED, FORMATS, check_threads, check_words, launched_by
from ..core.errors import MdpError, Unsupported, first_line
from . import gpu, runtimes
from .allocator import can_keep


@dataclass(frozen=True)
class ResolvedDeployment:
    """How and where a network runs.

    Attributes:
        kind: "cpu", "cuda" or "mps".
        device: the device's own name, as its driver or the kernel gives it; with a CPU's cores, and what an
            affinity mask or a quota leaves of them.
        software: everything whose change may change the time: torch, its CPU capability or CUDA, driver and
            switches (TF32, attention kernels).
        batch: images per forward pass.
        dtype: of weights and activations.
        memory_format: of weights and images, "contiguous" or "channels_last".
        threads: intra-op threads on a CPU; 0 on other devices.
        launch: "eager", or "graph" where CUDA graphs are replayed, so that no launch gaps are counted;
            "compiled" and "compiled graph" if torch.compile has made the kernels; "onnxruntime" or "openvino"
            where one of these serves the network.
    """

    kind: str
    device: str
    software: str
    batch: int
    dtype: str
    memory_format: str
    threads: int
    launch: str

    @property
    def runtime(self) -> str:
        """One of runtimes.RUNTIMES."""
        return launched_by(self.launch)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def deployment(
    device: str = "auto",
    batch: int = 1,
    dtype: str = "float32",
    memory_format: str = "contiguous",
    threads: int | None = None,
    compiled: bool = False,
    runtime: str | None = None,
) -> ResolvedDeployment:
    """Check what the user asked for against what this machine has, and name it. Imports torch.

    Args: `runtime` is one of runtimes.RUNTIMES, by default "eager"; `compiled` is an older way to say
        "compiled". What an exporting runtime cannot use is chosen for it: "auto" is then the CPU.

    Raises:
        MdpError: a batch, dtype, format, runtime or number of threads that makes no sense.
        Unsupported: the device is not there, or cannot run this dtype, or the runtime is not installed or
            does not work here.
    """
    check_words(device, batch, dtype, memory_format, runtime)
    dtype = ALSO_CALLED.get(str(dtype).lower(), dtype)
    if memory_format not in FORMATS:
        raise MdpError(f"The memory format {memory_format!r} is not one of {', '.join(FORMATS)}.")
    runtime = runtimes.chosen(runtime, compiled)
    kind = _kind("cpu" if runtimes.exported(runtime) and str(device).lower() == "auto" else device)
    runtimes.check_runtime(runtime, kind, dtype, memory_format)
    check_threads(kind, threads)
    found = ResolvedDeployment(
        kind,
        _name(kind),
        _software(kind, runtime, dtype),
        batch,
        dtype,
        memory_format,
        cores.threads_here(threads) if kind == "cpu" else 0,
        _launch(kind, runtime),
    )
    if not runtimes.exported(runtime):
        _try_dtype(kind, dtype)
    if runtime == "compiled":
        _try_compile(kind)
    return found


def _kind(device: str) -> str:
    import torch

    kind = str(device).lower()
    if kind == "auto":
        return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    if re.fullmatch(r"cuda:\d+", kind):
        kind = _current(kind)
    if kind == "cuda" and not torch.cuda.is_available():
        raise Unsupported(
            "There is no GPU that torch can use on this machine. Choose --device cpu, or install a "
            "driver and a torch build that match your GPU."
        )
    if kind == "mps" and not torch.backends.mps.is_available():
        raise Unsupported("There is no Apple GPU that torch can use on this machine. Choose --device cpu.")
    return kind


def _current(device: str) -> str:
    """The kind of a device with a number, such as "cuda:0", if it is the one that torch uses anyway."""
    import torch

    number = device.partition(":")[2]
    if torch.cuda.is_available() and int(number) != torch.cuda.current_device():
        raise MdpError(
            f"Measuring happens on the current GPU only, and {device} is not it. Choose the GPU with "
            f"CUDA_VISIBLE_DEVICES={number} in the environment, together with --device cuda."
        )
    return "cuda"


def _launch(kind: str, runtime: str) -> str:
    if runtimes.exported(runtime):
        return runtime
    if runtime == "compiled":
        return "compiled graph" if kind == "cuda" else "compiled"
    return "graph" if kind == "cuda" else "eager"


def _name(kind: str) -> str:
    import torch

    if kind == "cuda":
        return torch.cuda.get_device_name()
    return apple_name() if kind == "mps" else cpu_name()


def cpu_name() -> str:
    """This machine's processor and what this process may use of it. Needs no torch."""
    limits = cores.limits_in_words()
    return f"{_cpu_name()} ({os.cpu_count()} cores{limits and ', '}{limits})"


def apple_name() -> str:
    return f"Apple GPU ({platform.machine()})"


def unit_of(resolved: ResolvedDeployment) -> str:
    """What one profiler at a time may use: the piece of hardware itself, whatever it is called meanwhile.

    Two equal GPUs have one name and are two; one CPU has as many names as there are affinity masks.
    """
    if resolved.kind == "cuda":
        import torch

        return gpu.identifier(torch) or resolved.device
    return resolved.device.partition(" (")[0]


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


def _software(kind: str, runtime: str, dtype: str) -> str:
    import torch

    if runtimes.exported(runtime):
        return ", ".join(runtimes.software(runtime, torch.__version__, dtype))
    # The local part (+cu132) names the build, which decides the libraries that run.
    parts = [f"torch {torch.__version__}"]
    if kind == "cuda":
        parts += gpu.software(torch)
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
        raise Unsupported(
            "Compiled networks can be timed on a CPU or a CUDA GPU only. Choose --runtime eager."
        )
    try:
        with torch.inference_mode():
            torch.compile(lambda x: torch.relu(x) + 1)(torch.ones(8, device=kind))
    except Exception as error:  # dynamo's, inductor's and the compilers' errors have no common class
        raise Unsupported(
            f"torch.compile does not work on this machine ({first_line(error)}). "
            "Install a C++ compiler such as g++, or choose --runtime eager."
        ) from None
