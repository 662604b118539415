"""Images for scores, from whatever gives them: with labels or without, of the network's size, or a
sentence.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from ..core.errors import MdpError
from ..datasets.batches import feed
from ..networks.prunable import PrunableNetwork

# In place of the labels of a batch that has none.
UNLABELLED = -1


class Batches:
    """Batches with labels, or images alone; a batch without labels has UNLABELLED for each image."""

    def __init__(self, batches: Iterable):
        self._batches = batches
        self.dataset = getattr(batches, "dataset", None)  # says how to normalise bytes

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for batch in self._batches:
            yield _pair(batch)


def fitting(
    found: PrunableNetwork, batches: Iterable, device: Any, *, labels: bool
) -> Iterator[tuple[Tensor, Tensor]]:
    """(images, labels) of each batch on `device`, once they are known to fit the network.

    Args:
        labels: whether labels are needed.

    Raises:
        MdpError: no batches, images of another size, labels that are missing or no classes of the network,
            or what `feed` refuses.
    """
    if isinstance(batches, Tensor) or not isinstance(batches, Iterable):
        raise MdpError(f"Give batches, such as a DataLoader or a list, not a {type(batches).__name__}.")
    size, classes = tuple(found.ref.input_size), found.ref.classes
    for images, classes_of in feed(Batches(batches), device):
        if images.ndim != 4 or tuple(images.shape[1:]) != size:
            raise MdpError(
                f"A batch of images has the shape {_words(images.shape)}, and {found.ref.name} takes "
                f"images of {_words(size)} (channels, height, width). Cut them to that size."
            )
        none = bool((classes_of == UNLABELLED).any())
        if none and labels:
            raise MdpError(
                "These images have no labels, which this score needs. Give batches of (images, labels), or "
                "use a measured score against the dense network's own outputs."
            )
        if not none and labels and classes and int(classes_of.max()) >= classes:
            raise MdpError(
                f"A label is {int(classes_of.max())}, but {found.ref.name} has {classes} classes, numbered "
                "from 0. Give the labels that the network was trained on."
            )
        yield images, classes_of


def _pair(batch: Any) -> tuple[Tensor, Tensor]:
    images, labels = batch, None
    if isinstance(batch, list | tuple):
        if not 1 <= len(batch) <= 2:
            raise MdpError(f"A batch has {len(batch)} parts; give images, or (images, labels).")
        images, labels = (*batch, None)[:2]
    if not isinstance(images, Tensor):
        raise MdpError(f"A batch of images is a {type(images).__name__}; give tensors.")
    if labels is None:
        labels = torch.full((len(images),), UNLABELLED)
    if not isinstance(labels, Tensor):
        raise MdpError(
            f"The labels of a batch are a {type(labels).__name__}; give a tensor of class numbers."
        )
    return images, labels


def _words(shape: Iterable[int]) -> str:
    return " x ".join(map(str, shape))
