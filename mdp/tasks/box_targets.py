"""Whether targets are boxes with classes that a detector can learn: said before its losses meet them."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ..core.errors import MdpError


def check_targets(targets: Any, count: int, first: int, classes: int) -> None:
    """Refuse what is not a list of `count` times {"boxes": (n, 4), "labels": (n,)}.

    Args:
        first, classes: labels are whole numbers from `first` to below `classes`. Others would be no error
            everywhere: -1 counts from the end in one of torchvision's losses, and is no object in another.

    Raises:
        MdpError: it says what is wrong.
    """
    right = isinstance(targets, list | tuple) and len(targets) == count
    if not right or not all(isinstance(t, Mapping) and {"boxes", "labels"} <= set(t) for t in targets):
        raise MdpError(
            "The targets of a detector are a list with {'boxes': (n, 4), 'labels': (n,)} for each image "
            "of the batch, boxes as (left, top, right, bottom) in its pixels."
        )
    for one in targets:
        _check(one["boxes"], one["labels"], first, classes)


def _check(boxes: Any, labels: Any, first: int, classes: int) -> None:
    tensors = isinstance(boxes, Tensor) and isinstance(labels, Tensor)
    if not tensors or boxes.ndim != 2 or boxes.shape[1] != 4 or labels.shape != boxes.shape[:1]:
        raise MdpError("Boxes of an image are a tensor (n, 4), and their labels one of (n,).")
    if labels.dtype != torch.int64:
        raise MdpError(f"Labels of boxes are int64, not {str(labels.dtype).removeprefix('torch.')}.")
    if not len(boxes):
        return
    if not bool(torch.isfinite(boxes).all()):
        raise MdpError("Some corners of boxes are no numbers. Look at how they are read.")
    if not bool((boxes[:, 2:] > boxes[:, :2]).all()):
        raise MdpError("A box has no area, or corners out of order: left, top, right, bottom.")
    if int(labels.min()) < first or int(labels.max()) >= classes:
        odd = int(labels.min()) if int(labels.min()) < first else int(labels.max())
        raise MdpError(
            f"A box has the label {odd}, and this detector knows {first} to {classes - 1}"
            + (", 0 being no object." if first else ".")
        )
