"""One option for each of many groups, the most worth within a capacity: the knapsack of channel pruning."""

from collections.abc import Callable, Sequence

import numpy as np

# Costs are rounded to this many steps of the capacity, as HALP's own knapsack rounds its latencies.
CELLS = 4000


def pick(
    costs: Sequence[np.ndarray],
    worths: Sequence[np.ndarray],
    capacity: float,
    check: Callable[[], None] = lambda: None,
) -> list[int] | None:
    """The number of the option of each group, by dynamic programming; None: not even the cheapest fit.

    Of each group, `costs` and `worths` of its options, shape (options,). The sum of costs is within the
    capacity up to half a cell (1/4000 of what the capacity leaves over the cheapest) a group.

    >>> pick([np.array([0.0, 3.0]), np.array([0.0, 2.0])], [np.array([0.0, 5.0]), np.array([0.0, 4.0])], 4.0)
    [1, 0]
    """
    spare = capacity - sum(float(c.min()) for c in costs)
    if not spare >= 0:
        return None
    best = np.zeros(CELLS + 1)
    taken = []
    for cost, worth in zip(costs, worths, strict=True):
        check()
        over = cost - cost.min()
        cells = np.where(over > 0, np.rint(over / spare * CELLS) if spare > 0 else CELLS + 1, 0.0)
        new, which = np.full(CELLS + 1, -np.inf), np.zeros(CELLS + 1, dtype=np.int64)
        # Wide options first: of equal worth at equal cost, the wider one is kept.
        for option in reversed(range(len(cost))):
            if cells[option] > CELLS:
                continue
            at = int(cells[option])
            offer = best[: CELLS + 1 - at] + worth[option]
            better = offer > new[at:]
            new[at:][better] = offer[better]
            which[at:][better] = option
        best = new
        taken.append((which, cells))
    picked, cell = [], CELLS
    for which, cells in reversed(taken):
        picked.append(int(which[cell]))
        cell -= int(cells[picked[-1]])
    return picked[::-1]


def cheapest(costs: Sequence[np.ndarray], worths: Sequence[np.ndarray]) -> list[int]:
    """The cheapest option of each group, of equals the one of most worth."""
    return [int(np.lexsort((-worth, cost))[0]) for cost, worth in zip(costs, worths, strict=True)]
