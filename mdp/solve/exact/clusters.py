"""Clusters: the nodes of the elimination tree, made of tables and of messages from below."""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ...core.errors import Unsupported

# A cluster with more entries than this is too wide for tables; the MILP takes over.
WIDEST = 2_000_000
NAMED = 6  # dims that a sentence names


class Link(NamedTuple):
    """Which message of a child every entry of its parent reads: `states`, shape (entries,); -1 reads none."""

    child: "Cluster"
    states: np.ndarray


@dataclass(eq=False)
class Cluster:
    """Choices made together.

    Attributes:
        dims: the separator's dims first, then those eliminated here.
        shape: options per dim; a keep-or-remove axis of length 2 is last if `block` is set (0 keeps).
        separator: how many of `dims` the message up is over.
        latency, importance: own tables, flat in C order over `shape`.
        block: the removable block that is decided here, or None.
    """

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    separator: int
    latency: np.ndarray
    importance: np.ndarray
    links: list[Link] = field(default_factory=list)
    block: str | None = None

    @property
    def states(self) -> int:
        """How many messages go up: one per combination of the separator's options."""
        return math.prod(self.shape[: self.separator])

    def decode(self, entry: int, chosen: dict[str, int]) -> bool:
        """Note the option index of each dim in `chosen`; returns whether this entry removes `block`."""
        removes = False
        if self.block is not None:
            entry, removes = divmod(entry, 2)
        for name, size in zip(reversed(self.dims), reversed(self.shape[: len(self.dims)]), strict=True):
            entry, chosen[name] = divmod(entry, size)
        return bool(removes)


@dataclass(eq=False)
class Factor:
    """A table (own values) or a message (a child) over some dims, while eliminating."""

    dims: tuple[str, ...]
    latency: np.ndarray | None = None
    importance: np.ndarray | None = None
    child: Cluster | None = None


def make_cluster(separator: tuple[str, ...], own: tuple[str, ...], factors: list[Factor], size) -> Cluster:
    dims = (*separator, *own)
    shape = tuple(size[d] for d in dims)
    if math.prod(shape) > WIDEST:
        named = ", ".join(dims[:NAMED]) + (f" and {len(dims) - NAMED} more" if len(dims) > NAMED else "")
        raise Unsupported(
            f"Dims {named} have to be decided together: {math.prod(shape):.3g} combinations, "
            "too many for the exact solver's tables."
        )
    # Whole numbers of any length stay what they are (see rational): a float zero would round them.
    whole = any(_is_whole(f) for f in factors)
    latency, importance = (np.zeros(shape, dtype=object if whole else float) for _ in range(2))
    links = []
    for factor in factors:
        # Broadcast the factor, whose dims may stand in another order, over the cluster's axes.
        axes = sorted(range(len(factor.dims)), key=lambda i: dims.index(factor.dims[i]))
        spread = tuple(size[d] if d in factor.dims else 1 for d in dims)
        if factor.child is None:
            latency = sum_of(latency, factor.latency.transpose(axes).reshape(spread))
            importance = sum_of(importance, factor.importance.transpose(axes).reshape(spread))
        else:
            states = np.arange(factor.child.states).reshape([size[d] for d in factor.dims])
            states = np.broadcast_to(states.transpose(axes).reshape(spread), shape)
            links.append(Link(factor.child, states.ravel()))
    return Cluster(dims, shape, len(separator), latency.ravel(), importance.ravel(), links)


def sum_of(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a + b as an array, also of one number (NumPy makes a bare Python integer of two whole ones)."""
    return np.asarray(a + b, dtype=b.dtype)


def _is_whole(factor: Factor) -> bool:
    own = factor.child.latency if factor.latency is None else factor.latency
    return own.dtype == object
