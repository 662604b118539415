"""Which task is meant: one of those with names, a `Task` of one's own, or the network's usual one."""

from ..core.errors import MdpError
from ..core.model_ref import ModelRef
from ..networks.torchvision_models import is_detector
from .answers import checked
from .classification import Classification
from .match import Match
from .task import Task

NAMED: dict[str, type[Task]] = {task.name: task for task in (Classification, Match)}


def task_of(given: Task | str | None, ref: ModelRef | None) -> Task:
    """The task, or where none is given the usual one: classification for classifiers, "match" for others.

    Raises:
        MdpError: there is no such task.
    """
    if isinstance(given, Task):
        return checked(given)
    if given is None or given == "auto":
        return Classification() if ref is None or _tells_classes(ref) else Match()
    if not isinstance(given, str) or given not in NAMED:
        raise MdpError(
            f"There is no task {given!r}. Use {' or '.join(map(repr, NAMED))}, or mdp.Detection(detector, "
            "input_size) for a detector."
        )
    return NAMED[given]()


def _tells_classes(ref: ModelRef) -> bool:
    return ref.classes > 1 and not is_detector(ref.name)
