"""What this machine's devices are called, asked without torch: enough to tell another device's tables."""

import platform

from ..core.errors import MdpError
from ..core.study import StudyRecord
from ..core.units import refuse_other_units
from .device import apple_name, cpu_name
from .gpu import gpu_names


def names_here(kind: str) -> tuple[str, ...]:
    """The names that `deployment` would give this machine's devices of a kind; () where none is known."""
    if kind == "cpu":
        return (cpu_name(),)
    if kind == "mps":
        return (apple_name(),) if platform.system() == "Darwin" else ()
    return gpu_names() or () if kind == "cuda" else ()


def measured_elsewhere(study: StudyRecord) -> str:
    """A sentence if the study's tables are not of a device of this machine, or not of times, else "".

    Only the device is looked at; that its software is the same too, `mdp verify` sees, which imports torch.
    """
    try:
        refuse_other_units(study.problem)
    except MdpError as error:
        return str(error)
    p = study.tables.provenance
    kind, device = str(p.get("kind", "")), str(p.get("device", "an unknown device"))
    known = gpu_names() if kind == "cuda" else names_here(kind)
    if known is None:
        return ""  # a GPU whose name nobody here knows: torch will
    # A part of a GPU ("... MIG 1g.10gb") is listed by the name of the whole.
    if any(device == name or device.startswith(f"{name} MIG ") for name in known):
        return ""
    here = " and ".join((*names_here("cuda"), *names_here("mps"), *names_here("cpu")))
    return (
        f"The tables of {study.name} were measured on {device}, and this machine has {here}: what is "
        "measured here says nothing about that budget. Measure the model here first, and open the study that "
        "comes of it."
    )
