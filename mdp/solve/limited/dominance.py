"""Which of many points are worth keeping where each uses several resources.

A point goes if another of its group uses no more of anything and is at least as important. Leaving some of
these in costs time and no truth: with three resources and more, long lists are compared in part only.
"""

import numpy as np

# Pairs compared at once, and the length of the stretches in which all points are compared.
PAIRS = 1_000_000
STRETCH = 32
# Points beyond which ties of importance are left as they come.
SORTED = 4000


def undominated(group: np.ndarray, uses: np.ndarray, importance: np.ndarray) -> np.ndarray:
    """Indices of points to keep, by group, then by falling importance.

    `group` holds whole numbers from 0, shape (points,); `uses` has shape (points, resources).
    """
    count = len(group)
    if count < 2:
        return np.arange(count)
    order = _order(group, uses, importance)
    group, bad = group[order], np.ascontiguousarray(uses[order].T)
    first = np.flatnonzero(np.diff(group, prepend=group[0] - 1))
    sizes = np.diff(first, append=count)
    keep = np.ones(count, dtype=bool)
    place = np.arange(count) - first.repeat(sizes)
    starts = np.flatnonzero(place % STRETCH == 0)
    _stretches(bad, keep, starts, np.diff(starts, append=count))
    if len(bad) == 2 and sizes.max() > STRETCH:
        _halves(bad, keep, np.arange(len(sizes)).repeat(sizes), place, sizes.repeat(sizes))
    return order[keep]


def _order(group: np.ndarray, uses: np.ndarray, importance: np.ndarray) -> np.ndarray:
    """Points by group, then by falling importance: a dominator comes before what it dominates.

    Few points are sorted by what they use, too, so that of equals the best comes first. That takes several
    times as long as one sort, and leaves in only what is of equal importance.
    """
    if len(group) <= SORTED:
        return np.lexsort((*uses.T[::-1], -importance, group))
    order = (-importance).argsort()
    few = group[order].astype(np.uint16) if group[-1] < 1 << 16 and group.max() < 1 << 16 else group[order]
    return order[few.argsort(kind="stable")]


def _stretches(bad: np.ndarray, keep: np.ndarray, first: np.ndarray, sizes: np.ndarray) -> None:
    """Compare all pairs inside each stretch, those of about one length side by side."""
    scale = np.frexp(sizes - 0.5)[1]
    for one in np.flatnonzero(np.bincount(scale)):
        rows = np.flatnonzero(scale == one)
        longest = int(sizes[rows].max())
        step = max(1, PAIRS // longest**2)
        for at in range(0, len(rows) if longest > 1 else 0, step):
            some = rows[at : at + step]
            place = np.arange(longest)
            inside = place < sizes[some, None]
            at_ = np.minimum(first[some, None] + place, len(keep) - 1)
            worse = np.triu(np.ones((longest, longest), dtype=bool), 1) & inside[:, :, None]
            for column in bad:
                own = column[at_]
                worse &= own[:, :, None] <= own[:, None, :]
            keep[at_[worse.any(axis=1) & inside]] = False


def _halves(bad: np.ndarray, keep: np.ndarray, group, place, size) -> None:
    """Of two resources, hold the later half of ever longer stretches against the earlier half, all at once.

    By the first resource, the least of the second in the earlier half so far says whether a point of
    the later half is beaten. Whole numbers (ranks) keep stretches apart without rounding.
    """
    ranks = [np.unique(column, return_inverse=True)[1] for column in bad]
    count = len(keep)
    half = STRETCH
    longest = int(size.max())
    while half < longest:
        some = np.flatnonzero(keep & (size > half))
        stretch = group[some] * (longest // (2 * half) + 1) + place[some] // (2 * half)
        later = (place[some] // half) % 2
        order = ((stretch * (count + 1) + ranks[0][some]) * 2 + later).argsort()
        low = ranks[1][some][order] - stretch[order] * (count + 1)
        is_later = later[order].astype(bool)
        best = np.minimum.accumulate(np.where(is_later, np.iinfo(np.int64).max, low))
        keep[some[order[is_later & (best <= low)]]] = False
        half *= 2
