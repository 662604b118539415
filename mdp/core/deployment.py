"""What a network will run on, as a person asks for it; `mdp.latency.device` checks it."""

import re
from dataclasses import dataclass

from .cores import threads_here
from .errors import MdpError

DEVICES = ("cpu", "cuda", "mps", "auto")
# What people write for a device, and the word that torch has for it.
MEANT = {"nvidia": "cuda", "rocm": "cuda", "hip": "cuda", "apple": "mps", "metal": "mps"}
DTYPES = ("float32", "bfloat16", "float16", "int8")
# What they are called elsewhere, too.
ALSO_CALLED = {"fp32": "float32", "f32": "float32", "bf16": "bfloat16", "fp16": "float16", "f16": "float16"}
FORMATS = ("contiguous", "channels_last")
RUNTIMES = ("eager", "compiled", "onnxruntime", "openvino")


def launched_by(launch: object) -> str:
    """The runtime that `launch` of a deployment or of tables means.

    >>> launched_by("compiled graph"), launched_by("graph"), launched_by(None)
    ('compiled', 'eager', 'eager')
    """
    word = str(launch or "")
    return next((name for name in RUNTIMES[1:] if name in word), RUNTIMES[0])


@dataclass(frozen=True)
class Deployment:
    """Where and how the pruned network will run: tables are measured for exactly this.

    Attributes:
        device: "cpu", "cuda", "mps", or "auto": the GPU where there is one.
        batch_size: images per forward pass.
        dtype: "float32", "bfloat16", "float16", or "int8", which is ONNX Runtime's static quantisation.
        memory_format: "contiguous", "channels_last", or "auto": channels_last for convolutional networks.
        threads: of a CPU; by default all that this process may use.
        compiled: whether torch.compile makes the kernels; an older way to say `runtime="compiled"`.
        runtime: what will serve the network: "eager" (default), "compiled", "onnxruntime" or "openvino".

    Raises:
        MdpError: a word that there is not, or a number below 1. What this machine has, `profile` finds out.

    >>> Deployment("cuda", batch_size=32, dtype="bfloat16").memory_format
    'auto'
    """

    device: str = "auto"
    batch_size: int = 1
    dtype: str = "float32"
    memory_format: str = "auto"
    threads: int | None = None
    compiled: bool = False
    runtime: str = RUNTIMES[0]

    def __post_init__(self) -> None:
        check_words(self.device, self.batch_size, self.dtype, self.memory_format, self.runtime)
        if self.threads is not None and (type(self.threads) is not int or self.threads < 1):
            raise MdpError(f"The threads must be a whole number of at least 1, not {self.threads!r}.")


def check_words(device: object, batch: object, dtype: object, memory_format: object, runtime: object) -> None:
    """Refuse what no machine has, before anything long begins. What this machine has is another question.

    Raises:
        MdpError: a device, batch, dtype, memory format or runtime that there is not.
    """
    kind = str(device).lower()
    if kind not in DEVICES and not re.fullmatch(r"cuda:\d+", kind):
        raise MdpError(f"The device {device!r} is unknown. {_meant(kind)}")
    if type(batch) is not int or batch < 1:
        raise MdpError(f"The batch must be a whole number of at least 1, not {batch!r}.")
    if ALSO_CALLED.get(str(dtype).lower(), dtype) not in DTYPES:
        raise MdpError(f"The dtype {dtype!r} is not one of {', '.join(DTYPES)}.")
    if memory_format not in (*FORMATS, "auto"):
        raise MdpError(f"The memory format {memory_format!r} is not one of {', '.join((*FORMATS, 'auto'))}.")
    if runtime is not None and str(runtime).strip().lower() not in RUNTIMES:
        raise MdpError(f"The runtime {runtime!r} is unknown. Choose one of {', '.join(RUNTIMES)}.")


def check_threads(device: object, threads: int | None) -> None:
    """Refuse threads of a device that has none to set, and more of a CPU than this machine has.

    Raises:
        MdpError: which it is.
    """
    if threads is None:
        return
    if str(device).lower() not in ("cpu", "auto"):
        raise MdpError("The number of threads can be set for a CPU only.")
    threads_here(threads)


def _meant(kind: str) -> str:
    choose = "Choose cpu, cuda, mps or auto."
    if kind == "gpu":
        return (
            'Write "cuda" for an NVIDIA GPU, "mps" for an Apple one, "auto" for the GPU where there is one.'
        )
    return f"Did you mean {MEANT[kind]!r}? {choose}" if kind in MEANT else choose
