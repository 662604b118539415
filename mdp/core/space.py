"""What a model offers for pruning, as plain data: the meeting point of families, tables, scores and studies.

A family (mdp/families) finds a Space in a model; latency tables and importance scores are measured over it;
`build` joins the three into a Study. No torch here.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from .problem import Block, Dim


@dataclass(frozen=True)
class SpaceDim:
    """One prunable dimension: `units` in the dense model, `options` the widths offered, the last one dense.

    `kind` is one of channels, embedding, heads, qk, v, mlp (families may add others).
    """

    name: str
    kind: str
    units: int
    options: tuple[int, ...]

    def as_dim(self) -> Dim:
        return Dim(self.name, self.kind, self.options)


@dataclass(frozen=True)
class Product:
    """A count that is a product of widths: `factor` times the kept units of every dim (a dim may repeat).

    It counts when `block` is None or kept. Sums of products give parameters and MACs of any plan exactly,
    without a model: 9 x out x in for a 3x3 convolution.
    """

    block: str | None
    factor: float
    dims: tuple[str, ...] = ()

    def value(
        self, choices: Mapping[str, int | None], removed: frozenset[str] | set[str] | tuple = ()
    ) -> float:
        if self.block in removed:
            return 0.0
        return self.factor * math.prod(choices[d] for d in self.dims)


@dataclass(frozen=True)
class Moment:
    """What is in memory at once while one step runs on one input: a sum of products of widths, as counts are.

    It counts when `block` is None or kept; a network's peak is the largest of its moments. `parts` are
    (elements, dims): 2 x tokens of (embedding,) for a residual and its norm.
    """

    block: str | None
    parts: tuple[tuple[float, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Skipped:
    """Something of the model that is not pruned, and why. Nothing is dropped in silence."""

    name: str
    reason: str


@dataclass(frozen=True)
class Space:
    """Everything that can be decided about one model.

    Attributes:
        model: name of the model, as in `ModelRef`.
        family: name of the family that found it.
        counts: "parameters" and "macs" (one input) as sums of products.
        moments: what is in memory at once, step by step; () where that is not known.
    """

    model: str
    family: str
    dims: tuple[SpaceDim, ...]
    blocks: tuple[Block, ...]
    counts: Mapping[str, tuple[Product, ...]] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()
    moments: tuple[Moment, ...] = ()


def width_options(units: int, step: int) -> tuple[int, ...]:
    """Widths from one step to dense in steps of `step`; dense is always offered. (8, 3) -> (2, 5, 8).

    Counted down from dense, so that a width that is no multiple of the step still has dense as last option.
    """
    return tuple(range(units, 0, -max(1, step)))[::-1]
