"""Pairs of points of two lists that lose little together in every view."""

import numpy as np

from ..exact.point_pool import TooMany
from ..exact.ragged import ranges

# Pairs in the order of the first view beyond which the other views are asked for a shorter stretch.
FEW = 20_000


def pairs_within(
    lost: np.ndarray, start: np.ndarray, count: np.ndarray, left: np.ndarray, right: np.ndarray,
    room: np.ndarray, windows: np.ndarray, most: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """(a, b, i): points of list left[i] and list right[i] that lose at most room[:, i] together.

    Each point of the left list meets a stretch of the right list, in the order of the view that makes it
    shortest.

    Args:
        lost: of each point in each view, shape (views, points).
        start, count: of each list. `room` has shape (views, pairs of lists).
        windows: no point loses more, shape (views,).

    Raises:
        TooMany: more than `most` pairs would be looked at.
    """
    rows, columns = count[left], count[right]
    a, pair = ranges(start[left], rows), np.arange(len(left)).repeat(rows)
    partners, list_of = ranges(start[right], columns), np.arange(len(right)).repeat(columns)
    begins = columns.cumsum() - columns
    shortest, view, orders = columns[pair], np.zeros(len(a), dtype=np.int64), []
    for k, own in enumerate(lost):
        # One key sorts all lists: each has a stretch of its own, twice as wide as what is lost at most.
        apart = 2.0 * windows[k] + 1e-300
        keys = list_of * apart + own[partners]
        order = keys.argsort()
        orders.append(partners[order])
        left_over = np.minimum(room[k][pair] - own[a], 0.9 * apart) + 1e-12 * apart * (1 + len(left))
        length = np.searchsorted(keys[order], pair * apart + left_over, side="right") - begins[pair]
        length = np.clip(length, 0, columns[pair])
        shorter = length < shortest
        shortest[shorter], view[shorter] = length[shorter], k
        if int(shortest.sum()) <= FEW:
            break
    if int(shortest.sum()) > most:
        raise TooMany(f"More than {most} sums of choices are near the bound.")
    b = np.stack(orders)[view.repeat(shortest), ranges(begins[pair], shortest)]
    a, pair = a.repeat(shortest), pair.repeat(shortest)
    for k, own in enumerate(lost):
        keep = (own[a] + own[b] <= room[k][pair]).nonzero()[0]
        a, b, pair = a[keep], b[keep], pair[keep]
    return a, b, pair
