"""Random choices over the whole range of a network, from nearly nothing to nearly all."""

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")


def drawn(
    dims: Sequence[Any], blocks: Sequence[Any], random: np.random.Generator
) -> tuple[dict[str, int], tuple[str, ...]]:
    """(choices, removed blocks): any overall width, widths scattered about it, any share of blocks gone.

    `dims` and `blocks` are those of a space or of a problem.
    """
    width, scatter, gone = random.random(), random.random(), random.random() ** 2
    choices = {}
    for dim in dims:
        place = width + scatter * random.uniform(-0.5, 0.5)
        last = len(dim.options) - 1
        choices[dim.name] = dim.options[int(np.clip(round(place * last), 0, last))]
    removed = tuple(b.name for b in blocks if b.removable and random.random() < gone)
    return choices, removed


def spread_evenly(made: Sequence[tuple[float, T]], most: float, count: int) -> list[tuple[float, T]]:
    """Of (size, thing) pairs those nearest to `count` equidistant sizes from the least to `most`."""
    left = sorted(made, key=lambda item: item[0])
    chosen = []
    for target in np.linspace(left[0][0], most, count):
        if left:
            chosen.append(left.pop(min(range(len(left)), key=lambda i: abs(left[i][0] - target))))
    return chosen
