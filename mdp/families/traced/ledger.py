"""Who owns what: the labels along the axes of every tensor of the model, as the steps that use them say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from torch import nn

from .units import Labels
from .values import Axis, Value

if TYPE_CHECKING:
    from .heads import Split


@dataclass(eq=False)
class Owned:
    """The labels along one axis of one parameter or buffer. `role` as in `mdp.networks.slices.Slice`."""

    labels: Axis
    role: str


@dataclass(eq=False)
class Ledger:
    """What following the graph finds out.

    Attributes:
        names: of every parameter and buffer, the first name that the same tensor has in the model.
        owned: (tensor, axis) -> its labels.
        norms: normalisations of one scale and shift per channel, in the order of the forward.
        heads: labels of attention's heads.
        components: labels of what heads are made of -> "qk" or "v".
        split: weight -> how its rows are made up of heads and components.
    """

    model: nn.Module
    labels: Labels = field(default_factory=Labels)
    owned: dict[tuple[str, int], Owned] = field(default_factory=dict)
    norms: list[str] = field(default_factory=list)
    heads: set[int] = field(default_factory=set)
    components: dict[int, str] = field(default_factory=dict)
    split: Mapping[str, "Split"] = field(default_factory=dict)
    names: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        first: dict[int, str] = {}
        tensors = [*self.model.named_parameters(remove_duplicate=False)]
        tensors += self.model.named_buffers(remove_duplicate=False)
        self.names = {name: first.setdefault(id(tensor), name) for name, tensor in tensors}

    def own(self, tensor: str, axis: int, labels: Axis, role: str) -> Axis:
        """Say that a tensor has these labels along an axis. What the same axis was said to have is tied to
        them: one layer that is used twice, or weights that two layers share. A norm without scales owns what
        its scales would."""
        key = (self.names.get(tensor, tensor), axis)
        before = self.owned.setdefault(key, Owned(labels, role))
        if before.labels is not labels:
            self.tie([before.labels, labels], f"{tensor} is used twice, and once in a part that stays whole")
        return before.labels

    def rows(self, tensor: str, axis: int, count: int) -> Axis:
        """The labels of what a layer puts out: new ones, unless another use of the tensor made them."""
        key = (self.names[tensor], axis)
        if key not in self.owned:
            split = self.split.get(key[0]) if axis == 0 else None
            labels = (self.labels.new(count),) if split is None else self._of_heads(split)
            self.owned[key] = Owned(labels, "output")
        return self.owned[key].labels

    def _of_heads(self, split: "Split") -> Axis:
        """Two labels for every row: of its head and of its component."""
        heads, head = np.unique(split.head, return_inverse=True)
        components, component = np.unique(split.component, return_inverse=True)
        of_head, of_component = self.labels.new(len(heads))[head], self.labels.new(len(components))[component]
        self.heads.update(of_head.tolist())
        self.components.update(zip(of_component.tolist(), split.kind.tolist(), strict=True))
        return of_head, of_component

    def fix(self, labels: Axis, reason: str) -> None:
        """Keep all of these whole."""
        for vector in labels:
            self.labels.fix(vector, reason)

    def fix_value(self, value: Value, reason: str, but: tuple[int, ...] = ()) -> Value:
        """Keep a value whole along every axis except `but`; the value with those axes alone."""
        for axis in value.labelled:
            if axis not in but:
                self.fix(value.axes[axis], reason)
        axes = tuple(labels if i in but else () for i, labels in enumerate(value.axes))
        return Value(value.shape, axes)

    def tie(self, several: list[Axis], reason: str) -> Axis:
        """Axes of equal length that must be cut alike; what one of them lacks, the others keep whole."""
        first = several[0]
        if all(len(labels) == len(first) for labels in several):
            for other in several[1:]:
                for a, b in zip(first, other, strict=True):
                    self.labels.join(a, b, reason)
            return first
        for labels in several:
            self.fix(labels, reason)
        return ()

    def join_within(self, vector: np.ndarray, count: int) -> None:
        """Tie the positions within each of `count` runs of equal length."""
        runs = vector.reshape(count, -1)
        for other in range(1, runs.shape[1]):
            self.labels.join(runs[:, 0], runs[:, other])

    def join_across(self, vector: np.ndarray, count: int) -> None:
        """Tie position j of each of `count` runs of equal length to position j of the others."""
        runs = vector.reshape(count, -1)
        for other in range(1, count):
            self.labels.join(runs[0], runs[other])
