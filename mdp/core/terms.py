"""What a problem is made of: dims, blocks, and tables over them."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Dim:
    """Something that can be made narrower. `options` are kept units, increasing; the last one is dense."""

    name: str
    kind: str
    options: tuple[int, ...]

    @property
    def dense(self) -> int:
        return self.options[-1]


@dataclass(frozen=True)
class Block:
    """A part of the network that counts as a whole and, if `removable`, can be taken out."""

    name: str
    removable: bool = True


@dataclass(frozen=True, eq=False)
class Term:
    """A table of latency or importance: one axis per dim, one entry per combination of their options.

    It counts when `block` is None or kept. `dims` may be empty: `values` is then a fixed cost, of shape ().
    """

    name: str
    block: str | None
    dims: tuple[str, ...]
    values: np.ndarray


@dataclass(frozen=True, eq=False)
class Resource:
    """Something else that a network uses: parameters, MACs, memory, the latency of another deployment.

    `terms` are tables as those of latency; what they add up to is in `unit`. Of a `peak`, such as the memory
    of activations, what a choice uses is the largest entry that counts, and not the sum.
    """

    name: str
    unit: str
    terms: tuple[Term, ...]
    peak: bool = False
