"""Batches for scores, whatever the task: images with classes, or what any other network takes."""

from collections.abc import Iterable, Iterator
from typing import Any

from ..networks.prunable import PrunableNetwork
from ..tasks import Classification, Task, examples
from .images import fitting


def stream(
    found: PrunableNetwork, task: Task, batches: Iterable, device: Any, *, labels: bool
) -> Iterator[tuple[Any, Any, int]]:
    """(inputs, targets, how many) of each batch on `device`.

    Args:
        labels: whether targets are needed.

    Raises:
        MdpError: the batches do not fit the network, or have no targets where these are needed.
    """
    if isinstance(task, Classification) and takes_images(found):
        for images, classes in fitting(found, batches, device, labels=labels):
            yield images, classes, len(images)
        return
    for inputs, targets in examples(found.ref, batches, device, labelled=labels):
        yield inputs, targets, len(inputs)


def takes_images(found: PrunableNetwork) -> bool:
    """Whether one batch of images, and nothing else, is what the network takes."""
    return not found.ref.inputs and len(found.ref.input_size) == 3
