"""How long an axis is for any widths of the dims: a sum of products, as in `mdp.networks.counts`."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .dims import Group
from .values import Axis


@dataclass(frozen=True)
class Length:
    """`terms`: (positions per product of units, the dims whose widths are multiplied)."""

    terms: tuple[tuple[int, tuple[str, ...]], ...]

    def at(self, widths: Mapping[str, int]) -> int:
        """The length where every dim has its width; a dim that is not named has none."""
        return sum(each * math.prod(widths.get(d, 0) for d in dims) for each, dims in self.terms)

    @property
    def dims(self) -> tuple[str, ...]:
        """The dims that it depends on."""
        return tuple(dict.fromkeys(d for _, dims in self.terms for d in dims))


class Lengths:
    """Lengths of axes, for the dims of one network.

    Args:
        root: for every label, the one that stands for it; shape (labels,), int64.
    """

    def __init__(self, groups: Sequence[Group], root: np.ndarray):
        self.root, self.groups = root, groups
        self._dim = np.full(len(root), -1)
        for i, group in enumerate(groups):
            self._dim[group.roots] = i

    def of(self, axis: Axis, size: int) -> Length:
        """The length of an axis with these labels, `size` in the dense network."""
        if not axis:
            return Length(((size, ()),))
        owners = [self._dim[self.root[vector]].tolist() for vector in axis]
        terms = []
        for several, count in Counter(zip(*owners, strict=True)).items():
            dims = [dim for dim in several if dim >= 0]
            units = math.prod(len(self.groups[d].roots) for d in dims)
            terms.append((count // units, tuple(self.groups[d].name for d in dims)))
        return Length(tuple(terms))
