"""Measuring latency tables: `mdp.profile`, `mdp profile`, step 2 of a new study."""

from dataclasses import dataclass

from ..core.deployment import DTYPES, FORMATS, Deployment
from .option import option
from .shared import DEVICES, Apart, Model, WidthSteps

# Those of `mdp.core.deployment.RUNTIMES`; a test holds them together.
RUNTIMES = {
    "eager": "as written (eager)",
    "compiled": "torch.compile",
    "onnxruntime": "ONNX Runtime",
    "openvino": "OpenVINO",
}


@dataclass(frozen=True, kw_only=True)
class ProfileOptions(WidthSteps, Apart, Model, command="profile"):
    """Measure latency tables on this device."""

    device: str = option(Deployment.device, "what to measure on", choices=DEVICES, closed=False)
    batch: int = option(Deployment.batch_size, "images per forward pass", least=1, label="Batch size")
    dtype: str = option(
        Deployment.dtype, "number type of weights and activations, int8 in ONNX Runtime alone",
        choices=DTYPES, closed=False, label="Precision", formerly=("--precision",),
    )  # fmt: skip
    threads: int | None = option(Deployment.threads, "CPU threads", absent="all it may use", least=1)
    memory_format: str = option(
        Deployment.memory_format, "of weights and images, by default what suits the network",
        choices=("auto", *FORMATS),
    )  # fmt: skip
    runtime: str = option(
        Deployment.runtime, "what will serve the network; compiled is torch.compile, seconds an entry",
        choices=RUNTIMES,
    )  # fmt: skip
    # What `runtime="compiled"` was called before there were others.
    compiled: bool = option(Deployment.compiled, "deployed with torch.compile", hidden=True)
    attention: str = option(
        "fused", "how a transformer's attention is timed, as it runs or in two as in the paper",
        choices={"fused": "fused, as it runs", "split": "split, as in the paper"},
    )  # fmt: skip
    seconds: float = option(150.0, "about how long to measure", above=0, label="Seconds")
    tolerance: float = option(
        0.02, "a table whose cross-validated error is below this is refined no further", least=0
    )
    like: str | None = option(
        None, "tables or a study of this network from elsewhere: only a share of the entries is measured "
        "then, the rest inferred with their help", metavar="FILE",
    )  # fmt: skip
    share: float = option(0.1, "of the entries to measure with `like`", above=0, most=1)
    again: bool = option(False, "measure once more what was measured before")
    out: str | None = option(None, "where to save the tables", metavar="FILE", absent="the user's folder")
