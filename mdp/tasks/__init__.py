"""What a network is for: the loss, how far answers are apart, what is taught, and the measure of quality.

One small `Task` serves scores, measured importance, repair, fine-tuning and evaluation. "classification" is
the usual one and has its own ways in those rooms; "match" needs no labels and serves any network; `Detection`
is of torchvision's one-stage detectors.
"""

from .choose import task_of
from .classification import Classification
from .inputs import Several, examples, run
from .match import Match
from .outputs import leaves
from .task import Reference, Task

__all__ = [
    "Classification",
    "Match",
    "Reference",
    "Several",
    "Task",
    "examples",
    "leaves",
    "run",
    "task_of",
]
