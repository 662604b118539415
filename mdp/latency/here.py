"""What this machine's devices are called, asked without torch: enough to tell another device's tables."""

import os
import platform
import subprocess

from ..errors import MdpError
from ..study import Study
from ..times import refuse_other_units
from .device import _cpu_name


def names_here(kind: str) -> tuple[str, ...]:
    """The names that `deployment` would give this machine's devices of a kind; () where there is none."""
    if kind == "cpu":
        return (f"{_cpu_name()} ({os.cpu_count()} cores)",)
    if kind == "mps":
        return (f"Apple GPU ({platform.machine()})",) if platform.system() == "Darwin" else ()
    if kind == "cuda":
        command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
        try:
            found = subprocess.run(command, capture_output=True, text=True, timeout=10).stdout
        except (OSError, subprocess.SubprocessError):
            return ()
        return tuple(line.strip() for line in found.splitlines() if line.strip())
    return ()


def measured_elsewhere(study: Study) -> str:
    """A sentence if the study's tables are not of a device of this machine, or not of times, else "".

    Only the device is looked at; that its software is the same too, `mdp verify` sees, which imports torch.
    """
    try:
        refuse_other_units(study.problem)
    except MdpError as error:
        return str(error)
    p = study.tables.provenance
    if p["device"] in names_here(str(p.get("kind", ""))):
        return ""
    here = " and ".join((*names_here("cuda"), *names_here("mps"), *names_here("cpu")))
    return (
        f"The tables of {study.name} were measured on {p['device']}, and this machine has {here}: what is "
        "measured here says nothing about that budget. Measure the model here first (tab New study), and "
        "open the study that comes of it."
    )
