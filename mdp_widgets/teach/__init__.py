"""The method as a course, for a page or a notebook: six live steps, a contest, exercises, the claims.

    from mdp_widgets.teach import Course
    Course()

The figures of the steps work alone too, each over an ExplorerState:

    from mdp_widgets import teach
    teach.cutting(teach.open_study())

Needs no torch and no GPU: everything is computed from a saved study.
"""

from .choices import choices
from .course import Course
from .cutting import cutting
from .layers import linear
from .measurement import measurement
from .opening import open_study
from .program import program
from .removal import removal
from .sensitivity import sensitivity
from .units import importance

__all__ = [
    "Course",
    "choices",
    "cutting",
    "importance",
    "linear",
    "measurement",
    "open_study",
    "program",
    "removal",
    "sensitivity",
]
