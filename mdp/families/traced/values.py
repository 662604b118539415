"""What is known of a value in the graph: which positions along which axis carry which labels."""

from dataclasses import dataclass

import numpy as np
import torch

# Along one axis: nothing, or one vector of labels; two where two kinds of units share the axis (heads times
# components), and a position is kept if both are.
Axis = tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False)
class Value:
    """A tensor of the graph.

    Attributes:
        shape: with the batch, as noted for the example.
        axes: for every axis, the labels along it; () for an axis that stays whole.
    """

    shape: tuple[int, ...]
    axes: tuple[Axis, ...]

    @property
    def labelled(self) -> tuple[int, ...]:
        """The axes along which something can be pruned."""
        return tuple(i for i, axis in enumerate(self.axes) if axis)

    def with_axis(self, axis: int, labels: Axis, size: int | None = None) -> "Value":
        """The same value with other labels along one axis, and another size there."""
        axes, shape = list(self.axes), list(self.shape)
        axes[axis] = labels
        shape[axis] = shape[axis] if size is None else size
        return Value(tuple(shape), tuple(axes))


def plain(tensor: torch.Tensor) -> Value:
    """A value that stays whole."""
    return Value(tuple(tensor.shape), ((),) * tensor.ndim)


def spread(labels: np.ndarray, axis: int, shape: tuple[int, ...]) -> torch.Tensor:
    """The labels of every position of a tensor of `shape` that has these along `axis`; takes no memory."""
    view = [1] * len(shape)
    view[axis] = len(labels)
    return torch.from_numpy(np.ascontiguousarray(labels)).view(view).expand(shape)


def varying(labels: torch.Tensor) -> tuple[int, ...]:
    """The axes along which labels differ."""
    return tuple(
        axis
        for axis, size in enumerate(labels.shape)
        if size > 1 and not torch.equal(labels, labels.narrow(axis, 0, 1).expand_as(labels))
    )


def along(labels: torch.Tensor, axis: int) -> np.ndarray:
    """The labels along one axis, at the first position of all others."""
    for other in reversed(range(labels.ndim)):
        if other != axis:
            labels = labels.select(other, 0)
    return labels.numpy().copy()
