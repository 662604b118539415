"""A new device from a few measurements: another device's tables say how times change with the widths.

The other device's time of an entry is one more product of the trend that `interpolate.fill` fits, next to
those of the widths; what both miss is the Gaussian process's, as ever, and so is the error bar. Which entries
to measure: the dense one, then always the one that is farthest from all that are chosen (farthest-point
sampling, Gonzalez 1985), so that a larger share only adds entries.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..core.errors import MdpError
from ..core.study import Tables
from .grid import Surface

if TYPE_CHECKING:
    from ..networks.prunable import PrunableNetwork

# Of each table at least so many are measured: a level, and one place to see how it changes.
FEWEST = 2


def times_elsewhere(
    found: "PrunableNetwork", surfaces: Sequence[Surface], tables: Tables
) -> dict[str, float]:
    """The time (ms) of every entry in tables of the same network on another device, by workload key.

    Raises:
        MdpError: they are of another network, of other widths, or divide it otherwise.
    """
    terms = {term.name: term for term in tables.terms}
    segments = {segment.name: segment for segment in found.segments}
    times: dict[str, float] = {}
    for surface in surfaces:
        name = surface.segments[0]
        term = terms.get(name)
        dims = segments[name].dims
        if term is None or sorted(term.dims) != sorted(dims):
            raise MdpError(
                f"The tables to start from have no {name} over {', '.join(dims) or 'nothing'}: they are of "
                "another network, or cut its attention otherwise. Give tables of this one."
            )
        values = np.transpose(term.values, [term.dims.index(dim) for dim in dims])
        if values.shape != surface.index.shape:
            raise MdpError(
                f"The tables to start from offer other widths in {name}. Give the same width steps, or "
                "tables that were made with these."
            )
        times |= {
            surface.keys[i]: float(ms) for i, ms in zip(surface.index.ravel(), values.ravel(), strict=True)
        }
    return times


def to_measure(surfaces: Sequence[Surface], share: float) -> list[str]:
    """Keys of about a share (0 to 1] of the entries of every table, far apart from each other."""
    keys: dict[str, None] = {}
    for surface in surfaces:
        count = min(len(surface.keys), max(FEWEST, round(share * len(surface.keys))))
        keys |= dict.fromkeys(surface.keys[i] for i in farthest_first(surface.points, count))
    return list(keys)


def farthest_first(points: np.ndarray, count: int) -> list[int]:
    """Indices of `count` points, shape (n, axes): the largest first, then always the farthest from those.

    >>> farthest_first(np.array([[0.1], [0.5], [0.6], [1.0]]), 3)
    [3, 0, 1]
    """
    picked = [int(np.argmax(points.sum(axis=1)))]
    distance = np.linalg.norm(points - points[picked[0]], axis=1)
    while len(picked) < count:
        picked.append(int(np.argmax(distance)))
        distance = np.minimum(distance, np.linalg.norm(points - points[picked[-1]], axis=1))
    return picked


def with_elsewhere(surface: Surface, like: Mapping[str, float] | None) -> np.ndarray:
    """The trend's products of a surface, with the times elsewhere as one more: (keys, products)."""
    if like is None:
        return surface.trend
    return np.column_stack([surface.trend, [like[key] for key in surface.keys]])
