"""What a `Task` of one's own gives, held against what it promises.

Else it would be a traceback, or stand as a number in scores and histories.
"""

import math
from collections.abc import Callable
from typing import Any

from torch import Tensor

from ..core.errors import MdpError
from .task import Task


def scalar(value: Any, task: Task, what: str, *, trains: bool = False) -> Tensor:
    """The loss or divergence of a task, if it is a single number in a tensor.

    Args:
        what: how a sentence calls it.
        trains: whether gradients are asked for.

    Raises:
        MdpError: it is something else.
    """
    if not isinstance(value, Tensor) or value.numel() != 1 or not value.is_floating_point():
        found = f"a tensor {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
        raise MdpError(
            f"{_of(task, what)} gives {found}, and has to give a tensor of one float: the mean over inputs."
        )
    if trains and not value.requires_grad:
        raise MdpError(f"{_of(task, what)} does not depend on the network's answers: it has no gradient.")
    return value.reshape(())


def loss_of_scores(task: Task) -> Callable[[Any, Any], Tensor]:
    """The task's `score_loss()`. Raises MdpError where that is no function."""
    loss = task.score_loss()
    if not callable(loss):
        gives = f"{_of(task, 'score_loss()')} gives {type(loss).__name__}"
        raise MdpError(f"{gives}, and has to give a function.")
    return loss


def quality(value: Any, task: Task) -> float:
    """The quality of a network, if it is one.

    Raises:
        MdpError: it is no number between 0 and 1.
    """
    single = isinstance(value, Tensor) and value.numel() == 1
    number = float(value) if single or isinstance(value, int | float) else math.nan
    if not 0 <= number <= 1:
        shown = f"{number:g}" if number == number else type(value).__name__
        raise MdpError(f"{_of(task, 'measure()')} gives {shown}, and has to give a number between 0 and 1.")
    return number


def checked(task: Task) -> Task:
    """A task of one's own, if it says what it is called. Raises MdpError."""
    for key in ("name", "quality"):
        text = getattr(task, key, None)
        if not isinstance(text, str) or not text or not text.isprintable() or len(text) > 60:
            raise MdpError(f"The {key} of the task {type(task).__name__} has to be a short text.")
    return task


def _of(task: Task, what: str) -> str:
    return f"{what} of the task {task.name!r}"


__all__ = ["checked", "loss_of_scores", "quality", "scalar"]
