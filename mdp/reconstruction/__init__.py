"""Reconstruction: a pruned network fitted to the dense one in closed form, on a few unlabelled images.

`repair` does it and keeps what measures better; `mdp.repair` is the front door's.
"""

from .choose import repair
from .report import RepairReport
from .solved import Setting

__all__ = ["RepairReport", "Setting", "repair"]
