"""The runtimes that a network may be served by: what each can do here, and its name in an identity.

A `ResolvedDeployment` carries the runtime in `launch`, so that tables made before there was a choice keep
their identity: "eager" and "graph" are torch as it is, "compiled" what torch.compile makes.
"""

import importlib.metadata

from ..core.deployment import RUNTIMES
from ..core.errors import MdpError, Unsupported

# The package that a runtime needs, and how it is installed.
PACKAGES = {
    "onnxruntime": ("onnxruntime", "pip install 'mdp-explorer[torch]'"),
    "openvino": ("openvino", "pip install 'mdp-explorer[openvino]'"),
}
PRECISIONS = {"onnxruntime": ("float32", "int8"), "openvino": ("float32",)}
NAMES = {
    "eager": "eager PyTorch",
    "compiled": "torch.compile",
    "onnxruntime": "ONNX Runtime",
    "openvino": "OpenVINO",
}


def chosen(runtime: str | None, compiled: bool = False) -> str:
    """The runtime that was asked for; `compiled` is an older way to ask for that one, where none is named.

    Raises:
        MdpError: it is unknown, or both were said and differ.
    """
    if runtime is None:
        return "compiled" if compiled else "eager"
    name = str(runtime).strip().lower()
    if name not in RUNTIMES:
        raise MdpError(f"The runtime {runtime!r} is unknown. Choose one of {', '.join(RUNTIMES)}.")
    if compiled and name == RUNTIMES[0]:  # the default
        return "compiled"
    if compiled and name != "compiled":
        raise MdpError(
            f"--compiled says torch.compile and --runtime says {name}: a network is served by one of them. "
            "Say one."
        )
    return name


def exported(runtime: str) -> bool:
    """Whether a runtime runs a file that torch has written, rather than torch."""
    return runtime in PACKAGES


def check_runtime(runtime: str, kind: str, dtype: str, memory_format: str) -> None:
    """Refuse what a runtime cannot do here.

    Raises:
        Unsupported: it is not installed, or not on this kind of device, or not in this dtype.
        MdpError: a memory format, which is its own affair.
    """
    if not exported(runtime):
        if dtype == "int8":
            raise Unsupported(
                f"Networks in int8 are timed in ONNX Runtime only, not in {NAMES[runtime]}. Choose "
                "--runtime onnxruntime."
            )
        return
    name, (package, install) = NAMES[runtime], PACKAGES[runtime]
    if version(package) is None:
        raise Unsupported(f"{name} is not installed. Install it with: {install}")
    if kind != "cpu":
        raise Unsupported(
            f"Networks in {name} are timed on a CPU only so far, not on {kind}. Choose --device cpu, or "
            "carry the measurement there: mdp kit."
        )
    if dtype not in PRECISIONS[runtime]:
        known = " and ".join(PRECISIONS[runtime])
        raise Unsupported(f"Networks in {name} are timed in {known} only so far, not in {dtype}.")
    if memory_format == "channels_last":
        raise MdpError(f"{name} lays out memory by itself: leave out --memory-format channels_last.")


def version(package: str) -> str | None:
    """The installed version of a package, or None."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def software(runtime: str, torch_version: str, dtype: str = "float32") -> list[str]:
    """Everything of an exported network's software whose change may change the time."""
    package = PACKAGES[runtime][0]
    level = {
        "onnxruntime": "graph optimisation all, calls included",
        "openvino": "performance hint latency, parts in open frames, calls included",
    }[runtime]
    found = [f"{package} {version(package)}", level, f"exported by torch {torch_version}"]
    return [*found, "static quantisation by channels"] if dtype == "int8" else found
