"""What tells one NVIDIA GPU and its software from another. What cannot be asked here is left out."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/")


def gpu_names(root: Path | None = None) -> tuple[str, ...] | None:
    """The names of this machine's NVIDIA GPUs, asked without torch; None: there are some, with unknown names.

    nvidia-smi knows them; many containers have none, and there the driver's files may.
    """
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1"):
        return ()
    root = root or ROOT
    names = _ask_smi("name") or tuple(_written(root))
    if names:
        return names
    return None if any((root / "dev").glob("nvidia[0-9]*")) else ()


def driver(root: Path | None = None) -> str:
    """The driver's version, such as "550.54.15"; "" if nothing here says it."""
    try:
        lines = ((root or ROOT) / "proc/driver/nvidia/version").read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    # NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 ...
    numbers = [word for word in (lines[0].split() if lines else []) if word[0].isdigit() and "." in word]
    found = numbers[:1] or _ask_smi("driver_version")[:1]
    return found[0] if found else ""


def software(torch) -> list[str]:
    """Everything beside torch's own version whose change may change a time on a CUDA device."""
    backends = torch.backends
    parts = [f"CUDA {torch.version.cuda}", f"cuDNN {backends.cudnn.version()}"]
    parts += [f"driver {driver() or _driver_api(torch)}"]
    parts += ["TF32 products"] if _tf32(backends.cuda.matmul) else []
    parts += ["TF32 convolutions"] if _tf32(backends.cudnn, "conv") else []
    attention = ("flash", "mem_efficient", "cudnn", "math")
    on = [name for name in attention if _enabled(backends.cuda, f"{name}_sdp_enabled")]
    parts += [f"attention {'+'.join(on) or 'none'}"]
    parts += ["deterministic"] if backends.cudnn.deterministic else []
    # The timer switches this on while it measures (see timer_cuda).
    return [*parts, "cuDNN benchmark"]


def identifier(torch) -> str:
    """What names the current CUDA device and no other: its UUID, else its place on the bus; "" if unknown."""
    try:
        facts = torch.cuda.get_device_properties(torch.cuda.current_device())
    except (AssertionError, RuntimeError):  # no driver, no device
        return ""
    uuid = str(getattr(facts, "uuid", "") or "")
    if uuid:
        return uuid
    places = [getattr(facts, f"pci_{part}_id", None) for part in ("domain", "bus", "device")]
    return "" if None in places else "pci " + "-".join(f"{place:x}" for place in places)


def _ask_smi(what: str) -> tuple[str, ...]:
    command = ["nvidia-smi", f"--query-gpu={what}", "--format=csv,noheader"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, ValueError, subprocess.SubprocessError):
        return ()
    # Its complaints go to the same place as its answers.
    lines = found.stdout.splitlines() if found.returncode == 0 else []
    return tuple(line.strip() for line in lines if line.strip())


def _written(root: Path) -> Iterator[str]:
    """Names as the driver's own files give them."""
    for path in sorted((root / "proc/driver/nvidia/gpus").glob("*/information")):
        try:
            lines = path.read_text(errors="replace").splitlines()
        except OSError:
            continue
        for line in lines:
            key, _, value = line.partition(":")
            if key.strip() == "Model" and value.strip():
                yield value.strip()


def _driver_api(torch) -> str:
    """What the driver can do, where its own version is unknown: "for CUDA 12040"."""
    try:
        return f"for CUDA {torch._C._cuda_getDriverVersion()}"
    except (AttributeError, RuntimeError):
        return "unknown"


def _tf32(backend, part: str = "") -> bool:
    try:
        return bool(backend.allow_tf32)
    except RuntimeError:  # set through torch's newer switches, which do not mix with this one
        return getattr(getattr(backend, part, backend), "fp32_precision", "") == "tf32"


def _enabled(backend, name: str) -> bool:
    return bool(getattr(backend, name, lambda: False)())
