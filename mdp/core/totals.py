"""Totals of many small tables at once: one look-up for all terms instead of one for each."""

import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np


class Totals:
    """Terms laid out flat, so that the sum of one entry of each takes a handful of NumPy calls.

    `index` is dim -> kept units -> number of the option; `terms` have `block`, `dims` and `values`.
    """

    def __init__(self, index: Mapping[str, Mapping[int, int]], terms: Sequence):
        self._index = index
        place = {name: i for i, name in enumerate(index)}
        self._block = [term.block for term in terms]
        most = max((len(term.dims) for term in terms), default=0)
        # The dim after the last is one with a single option, for terms over fewer dims than most.
        self._dims = np.full((len(terms), most), len(place))
        self._strides = np.zeros((len(terms), most), dtype=np.int64)
        for i, term in enumerate(terms):
            self._dims[i, : len(term.dims)] = [place[name] for name in term.dims]
            self._strides[i, : len(term.dims)] = [s // term.values.itemsize for s in _strides(term.values)]
        self._starts = np.cumsum([0, *(term.values.size for term in terms)])[:-1]
        self._values = np.concatenate([np.zeros(0), *(term.values.ravel() for term in terms)])

    def sum(self, choices: Mapping[str, int | None], removed: Collection[str]) -> float | None:
        """The exactly rounded sum of the terms that count; None if one needs a dim without a valid choice."""
        option = [options.get(choices.get(name), -1) for name, options in self._index.items()]
        gone = set(removed)
        option = np.array([*option, 0])[self._dims]
        counts = np.array([block not in gone for block in self._block], dtype=bool)
        if (option.min(axis=1, initial=0) < 0)[counts].any():
            return None
        entries = self._starts + (option * self._strides).sum(axis=1)
        return math.fsum(self._values[entries[counts]].tolist())


def _strides(values: np.ndarray) -> tuple[int, ...]:
    """Strides in bytes of a C-ordered copy."""
    return np.empty(values.shape, values.dtype).strides
