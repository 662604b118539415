"""What one batch says about every unit, and how a dim's importance is split over the parts that use it.

A dim may be used by several parts of a network: the embedding by every block, a stage's channels by every
layer that writes them. A removed block takes only its own share with it, so every part has a share.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..networks.prunable import PrunableNetwork
from ..networks.slices import Slice

if TYPE_CHECKING:
    from torch import nn

# (name of the importance term, block that it vanishes with or None, dim)
Part = tuple[str, str | None, str]


@dataclass(frozen=True)
class Contribution:
    """Scores from one batch, or summed over several; float32 in a batch, float64 in a sum.

    Attributes:
        totals: dim -> score of each unit, shape (units,).
        own: part -> what the part alone says about each unit, shape (units,): the proportions in which the
            totals are split.
    """

    totals: Mapping[str, np.ndarray]
    own: Mapping[Part, np.ndarray]

    def plus(self, other: "Contribution") -> "Contribution":
        """The sum of two, of the same dims and parts."""
        return Contribution(
            {dim: values + other.totals[dim] for dim, values in self.totals.items()},
            {part: values + other.own[part] for part, values in self.own.items()},
        )

    def split(self) -> dict[Part, np.ndarray]:
        """Each dim's total over its parts in proportion to their own scores; evenly where none has any."""
        shares = {}
        for dim, total in self.totals.items():
            parts = [part for part in self.own if part[2] == dim]
            own = np.array([self.own[part] for part in parts], dtype=np.float64)
            whole = own.sum(axis=0)
            fractions = np.where(whole > 0, own / np.where(whole > 0, whole, 1.0), 1.0 / len(parts))
            shares |= {part: fraction * total for part, fraction in zip(parts, fractions, strict=True)}
        return shares


def parameters_of(model: "nn.Module", slices: Sequence[Slice]) -> dict[str, Tensor]:
    """The parameters that the slices speak of; buffers carry no gradient and are left out."""
    names = {s.tensor for s in slices}
    return {name: p for name, p in model.named_parameters() if name in names}


def grouped(found: PrunableNetwork) -> Iterator[tuple[str, dict[Part, list[Slice]]]]:
    """For each dim, its slices by part: one part per block, and one for what no block takes away."""
    known = parameters_of(found.model, found.slices)
    for dim in found.space.dims:
        parts: dict[Part, list[Slice]] = {}
        for s in found.slices:
            if s.dim == dim.name and s.tensor in known:
                where = s.block if s.block is not None else "the rest"
                parts.setdefault((f"{dim.name} in {where}", s.block, dim.name), []).append(s)
        yield dim.name, parts


class UnitSums:
    """Sums one number per weight over what each unit owns; each tensor is reduced once per axis.

    Args:
        values: tensor name -> one number per weight, of the weight's shape.
    """

    def __init__(self, values: Mapping[str, Tensor]):
        self._values = values
        self._reduced: dict[tuple[str, int], np.ndarray] = {}

    def of(self, s: Slice) -> np.ndarray:
        """shape (units,), float64."""
        key = s.tensor, s.axis
        if key not in self._reduced:
            value = self._values[s.tensor]
            others = [axis for axis in range(value.ndim) if axis != s.axis]
            self._reduced[key] = (value.sum(others) if others else value).cpu().numpy().astype(np.float64)
        return self._reduced[key][np.asarray(s.index)].reshape(len(s.index), -1).sum(axis=1)


def weight_times_gradient(model: "nn.Module", slices: Sequence[Slice]) -> dict[str, Tensor]:
    """w · ∂loss/∂w for every weight that a slice speaks of, float32."""
    found = {}
    for name, parameter in parameters_of(model, slices).items():
        gradient = parameter.grad
        found[name] = (
            torch.zeros_like(parameter) if gradient is None else (parameter.detach() * gradient).float()
        )
    return found
