"""The method in seven short live steps, for a notebook: each function gives one widget over an ExplorerState.

    from mdp_widgets import teach
    selection = teach.open_study()
    teach.choices(selection)

Needs no torch and no GPU: everything is computed from a saved study.
"""

from .choices import choices
from .layers import linear
from .measurement import measurement
from .opening import open_study, opening
from .program import program
from .removal import removal
from .sums import tables
from .units import importance

__all__ = [
    "choices",
    "importance",
    "linear",
    "measurement",
    "open_study",
    "opening",
    "program",
    "removal",
    "tables",
]
