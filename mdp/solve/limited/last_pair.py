"""The best pair of one point of each of two lists within several limits, without making all sums."""

from collections.abc import Callable

import numpy as np

from ..exact.ragged import ranges

# Pairs looked at in one go.
CHUNK = 300_000


def best_pair(
    a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray], room: np.ndarray,
    prices: np.ndarray, floor: float, check: Callable[[], None],
) -> tuple[int, int, float] | None:  # fmt: skip
    """Places in `a` and `b`, and the importance of their sum; None where none within the room beats `floor`.

    At the prices, what a pair uses has to be near all that there is room for: above, it does not fit; below,
    it is not important enough. So each point of `a` meets a stretch of `b`, by what that costs.

    Args:
        a, b: what each point uses, shape (points, resources), and its importance.
    """
    (uses_a, worth_a), (uses_b, worth_b) = a, b
    cost_a, cost_b = uses_a @ prices, uses_b @ prices
    order = cost_b.argsort()
    cost_b, uses_b, worth_b = cost_b[order], uses_b[order], worth_b[order]
    # importance - cost is at most `net` in b, so a pair above the floor costs enough to make up for it.
    net = float((worth_b - cost_b).max())
    spare = 1e-12 * (abs(net) + float(np.abs(cost_b).max()) + float(room @ prices))
    most = float(room @ prices) - cost_a + spare
    ends = np.searchsorted(cost_b, most, side="right")
    some = (ends > np.searchsorted(cost_b, floor - worth_a - net - spare, side="left")).nonzero()[0]
    rank = some[(worth_a[some] - cost_a[some]).argsort()[::-1]]
    found, picked, at = floor, None, 0
    while at < len(rank):
        check()
        some = rank[at : at + max(64, CHUNK // 64)]
        begins = np.searchsorted(cost_b, found - worth_a[some] - net - spare, side="left")
        counts = np.maximum(ends[some] - begins, 0)
        size = int(np.searchsorted(counts.cumsum(), CHUNK)) + 1
        some, begins, counts = some[:size], begins[:size], counts[:size]
        at += size
        i, j = some.repeat(counts), ranges(begins, counts)
        worth = worth_a[i] + worth_b[j]
        better = worth > found
        i, j, worth = i[better], j[better], worth[better]
        for r in range(len(room)):
            fits = uses_a[i, r] + uses_b[j, r] <= room[r]
            i, j, worth = i[fits], j[fits], worth[fits]
        if len(i):
            k = int(worth.argmax())
            found, picked = float(worth[k]), (int(i[k]), int(order[j[k]]))
    return None if picked is None else (*picked, found)
