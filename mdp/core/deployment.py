"""What a network will run on, as a person asks for it; `mdp.latency.device` checks it."""

from dataclasses import dataclass

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
