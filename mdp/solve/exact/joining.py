"""Lists that one point reads, multiplied in pairs: short ones meet long ones. Of one resource or several."""

from collections.abc import Callable

import numpy as np

from .point_pool import PointPool
from .program import Level
from .ragged import ranges

# (start, count, left, right, owner of each left) -> start and count of the products of those lists.
Multiply = Callable[..., tuple[np.ndarray, np.ndarray]]


def lists_read(level: Level, points: np.ndarray, pool: PointPool):
    """(owner, start, count) of every list that the points of a level read; owners by their place."""
    begin = level.reads_of[points]
    reads = level.reads_of[points + 1] - begin
    slots = level.reads[ranges(begin, reads)]
    owner = np.arange(len(points)).repeat(reads)
    return owner, pool.start[slots], pool.count[slots]


def joined(
    points: int, owner, start, count, leave: int, multiply: Multiply, check: Callable[[], None],
    longest_apart: bool = False,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Start and count of at most `leave` lists for every point, shape (points, leave), zero for none.

    With `longest_apart` the longest of the last three of a point stays as it is.
    """
    reads = np.bincount(owner, minlength=points)
    while len(owner) and reads.max() > leave:
        check()
        # Short lists meet long ones: by length within the owner, the first with the last.
        order = np.lexsort((count, owner))
        start, count = start[order], count[order]
        first = reads.cumsum() - reads
        rank = np.arange(len(owner)) - first[owner]
        mine = reads[owner]
        before, alone = 2 * rank + 1 < mine, 2 * rank + 1 == mine
        if longest_apart:
            last = mine <= 3
            before, alone = np.where(last, rank == 0, before), np.where(last, rank == 2, alone)
        left, middle = before.nonzero()[0], alone.nonzero()[0]
        right = (first + reads - 1)[owner[left]] - rank[left]
        if longest_apart:
            right = np.where(last[left], left + 1, right)
        made = multiply(start, count, left, right, owner[left])
        owner = np.concatenate([owner[left], owner[middle]])
        order = owner.argsort(kind="stable")
        start = np.concatenate([made[0], start[middle]])[order]
        count = np.concatenate([made[1], count[middle]])[order]
        owner = owner[order]
        reads = (reads + 1) // 2
    starts, counts = (np.zeros((points, leave), dtype=np.int64) for _ in range(2))
    if len(owner):
        place = np.arange(len(owner)) - (reads.cumsum() - reads)[owner]
        starts[owner, place], counts[owner, place] = start, count
    return starts, counts
