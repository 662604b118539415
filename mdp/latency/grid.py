"""Which entries of the tables to measure, and in which order: identical shapes once, coarse first.

A *surface* is the table that a segment spans over the options of its dims, as an array of workload keys.
Equal segments (the equal blocks of a ViT) share one surface; equal keys within a surface (a linear layer
whose width is heads times components) are one entry.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..networks.segments import Segment, Workload
from .interpolate import products

# Points along an axis at level 0, by the number of axes; three from four axes on.
COARSE = {0: 1, 1: 9, 2: 5, 3: 4}
FEWEST_DRAWN = 4


@dataclass(frozen=True, eq=False)
class Surface:
    """One table to fill.

    Attributes:
        segments: names of the segments that it prices.
        keys: its distinct workload keys.
        index: position in `keys` of every combination of options, one axis per dim.
        points: coordinates of each key for interpolation, shape (keys, axes), in (0, 1].
        trend: values of the cost model's products for each key, shape (keys, products).
    """

    segments: tuple[str, ...]
    keys: tuple[str, ...]
    index: np.ndarray
    points: np.ndarray
    trend: np.ndarray

    def level(self, level: int) -> tuple[str, ...]:
        """The keys that a level measures."""
        return tuple(self.keys[i] for i in np.unique(self.index[level_mask(self.index.shape, level)]))

    def ends(self) -> tuple[str, ...]:
        """The key of the smallest widths and that of the dense ones: without these nothing is told."""
        return (self.keys[self.index.flat[0]], self.keys[self.index.flat[-1]])

    def corners(self) -> tuple[str, ...]:
        """The keys with each width either smallest or dense."""
        return tuple(
            self.keys[i] for i in np.unique(self.index[np.ix_(*((0, -1) for _ in self.index.shape))])
        )

    def holdout(self) -> np.ndarray:
        """Which keys are measured with level 0 though no grid asks for them: a tenth of the rest, at random.

        They say how well irregular widths are inferred; shape (keys,), the same at every call.
        """
        coarse = np.zeros(len(self.keys), dtype=bool)
        coarse[self.index[level_mask(self.index.shape, 0)]] = True
        rest = np.flatnonzero(~coarse)
        picked = np.zeros(len(self.keys), dtype=bool)
        picked[np.random.default_rng(0).permutation(rest)[: max(FEWEST_DRAWN, len(rest) // 10)]] = True
        return picked

    def next_level(self, known: set[str]) -> tuple[str, ...]:
        """The keys of the first level that is not fully known, without those that are; () if all are."""
        for level in itertools.count():
            missing = tuple(key for key in self.level(level) if key not in known)
            if missing or level_mask(self.index.shape, level).all():
                return missing


def survey(
    segments: Sequence[Segment], options: Mapping[str, tuple[int, ...]]
) -> tuple[list[Surface], dict[str, Workload]]:
    """(surfaces, workloads by key). Every `at` is called for every combination of options, nothing built."""
    workloads: dict[str, Workload] = {}
    surfaces: dict[tuple, Surface] = {}
    names: dict[tuple, list[str]] = {}
    for segment in segments:
        axes = tuple(options[dim] for dim in segment.dims)
        found = [segment.at(*units) for units in itertools.product(*axes)]
        for workload in found:
            workloads.setdefault(workload.key, workload)
        identity = (tuple(map(len, axes)), tuple(w.key for w in found))
        names.setdefault(identity, []).append(segment.name)
        if identity not in surfaces:
            surfaces[identity] = _surface(axes, found)
    whole = [
        Surface(tuple(names[identity]), s.keys, s.index, s.points, s.trend)
        for identity, s in surfaces.items()
    ]
    return whole, workloads


def _surface(axes: tuple[tuple[int, ...], ...], found: list[Workload]) -> Surface:
    first: dict[str, int] = {}
    for i, workload in enumerate(found):
        first.setdefault(workload.key, i)
    number = {key: n for n, key in enumerate(first)}
    index = np.array([number[w.key] for w in found], dtype=np.int64).reshape(tuple(map(len, axes)))
    shares = np.array(list(itertools.product(*axes)), dtype=float).reshape(len(found), len(axes))
    shares /= np.array([axis[-1] for axis in axes], dtype=float)
    distinct = list(first.values())
    points = shares[distinct]
    if len(first) < len(found):
        # Several combinations run the same thing: what tells the keys apart is their work and their inputs.
        size = [sum(float(np.prod(shape)) for shape in found[i].inputs) for i in distinct]
        points = np.array([[found[i].macs for i in distinct], size]).T
        points /= np.maximum(points.max(axis=0), 1e-9)
    return Surface((), tuple(first), index, points, products(shares[distinct]))


def level_mask(shape: tuple[int, ...], level: int) -> np.ndarray:
    """Which entries level 0, 1, ... measures: a sub-grid with its corners, about twice as fine at each level.

    Levels are nested: nothing that was measured is left out of a finer one.
    """
    first = COARSE.get(len(shape), 3)
    picked = []
    for size in shape:
        counts = (min(size, (first - 1) * 2**lower + 1) for lower in range(level + 1))
        points = (np.rint(np.linspace(0, size - 1, count)).astype(int).tolist() for count in counts)
        picked.append(sorted(set(itertools.chain.from_iterable(points))))
    mask = np.zeros(shape, dtype=bool)
    mask[np.ix_(*picked)] = True
    return mask
