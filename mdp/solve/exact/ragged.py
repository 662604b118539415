"""Many short lists held in flat arrays, and what is done with them: expand and prune.

A point is a latency and an importance; a list is a group of points. All groups are handled in one go,
because a hundred small NumPy calls would cost more than the arithmetic.
"""

import numpy as np


def ranges(starts: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """starts[0], starts[0] + 1, ... (counts[0] of them), then so for 1, 2, ...; shape (counts.sum(),)."""
    ends = counts.cumsum()
    return np.arange(ends[-1] if len(ends) else 0) + (starts - ends + counts).repeat(counts)


def pareto(group: np.ndarray, latency: np.ndarray, importance: np.ndarray) -> np.ndarray:
    """Indices of the points that are worth keeping, by group, then by increasing latency and importance.

    A point goes if another of its group has at most its latency and at least its importance; of equals one
    stays. `group` holds whole numbers from 0, in any order; all three have shape (points,).

    One float key sorts by group and latency together. It resolves 1e-16 of the spread of the values times
    the number of groups: points nearer than that count as equal, far inside the tolerance of a budget.
    """
    if len(group) < 2:
        return np.arange(len(group))
    key = group + _unit(latency)
    order = key.argsort()
    value = (group + _unit(importance))[order]
    keep = np.empty(len(order), dtype=bool)
    keep[0] = True
    np.greater(value[1:], np.maximum.accumulate(value)[:-1], out=keep[1:])
    order = order[keep]
    key = key[order]
    later = key[1:] > key[:-1]
    return order if later.all() else order[np.append(later, True)]


def hull_mask(starts: np.ndarray, latency: np.ndarray, importance: np.ndarray) -> np.ndarray:
    """Which points are on the concave hull of their list, shape (points,).

    Lists are Pareto lists, of which list i begins at starts[i]; starts[-1] is the number of points. A point
    that lies on or under the line between its neighbours goes, again and again; a list's ends stay.
    """
    left = np.arange(len(latency))
    end = np.zeros(len(latency) + 1, dtype=bool)
    end[starts] = True
    end[starts[1:] - 1] = True
    while len(left) >= 3:
        x, y = latency[left], importance[left]
        run, rise = np.diff(x), np.diff(y)
        keep = np.ones(len(left), dtype=bool)
        np.greater(rise[:-1] * run[1:], rise[1:] * run[:-1], out=keep[1:-1])
        keep |= end[left]
        if keep.all():
            break
        left = left[keep]
    mask = np.zeros(len(latency), dtype=bool)
    mask[left] = True
    return mask


def running_sums(values: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The running sum inside each group; group i is values[ends[i] : ends[i + 1]].

    Groups of about one length are summed side by side: one running sum over all and a subtraction would
    lose digits.
    """
    sums = np.empty(len(values))
    sizes = np.diff(ends)
    scale = np.frexp(sizes.astype(float))[1]
    for one in np.flatnonzero(np.bincount(scale)):
        rows = np.flatnonzero(scale == one)
        inside = np.arange(sizes[rows].max()) < sizes[rows, None]
        padded = np.zeros(inside.shape)
        place = ranges(ends[rows], sizes[rows])
        padded[inside] = values[place]
        sums[place] = padded.cumsum(axis=1)[inside]
    return sums


def _unit(values: np.ndarray) -> np.ndarray:
    """The values moved into [0, 1), so that adding a group's number keeps the groups apart."""
    low = values.min()
    spread = values.max() - low
    return (values - low) * (0.999 / spread if spread > 0 else 0.0)
