"""A better choice from a known one by exchanging two points at a time: cheap, and proves nothing.

A window has to hold every choice that beats the best known. So a good one, found early, keeps windows small.
Only points of lists are exchanged, each for another of its list; what is decided above them stays.
"""

import numpy as np

from ..exact.ragged import ranges
from .closing import Part
from .prices import Found

# Points that may come in, the cheapest at the prices; all pairs of them are looked at.
MOST = 250
# Exchanges from one choice.
ROUNDS = 30


def improved(part: Part, choice: Found, prices: np.ndarray, limits: np.ndarray) -> Found | None:
    """The best choice that exchanges of two points lead to; None where none leads within the limits."""
    level, uses, worth = part.program.levels[0], part.uses[0], part.program.levels[0].importance
    mine = np.array([p for number, p in choice.points if number == 0], dtype=np.int64)
    if level.reads_of is not None or not len(mine):
        return None
    mine = np.searchsorted(level.origin, mine)
    slots = np.searchsorted(level.starts, mine, side="right") - 1
    counts = level.counts[slots]
    every = ranges(level.starts[slots], counts)
    group = np.arange(len(slots)).repeat(counts)
    net = worth[every] - uses[every] @ prices
    lost = np.maximum.reduceat(net, counts.cumsum() - counts)[group] - net
    some = np.argsort(lost, kind="stable")[:MOST]
    some = some[np.isfinite(lost[some])]
    every, group = every[some], group[some]
    used, total, held = choice.uses.copy(), choice.importance, False
    for _ in range(ROUNDS):
        room = limits - used
        held = bool((room >= 0).all())
        pair = _best_pair(
            uses[every] - uses[mine[group]], worth[every] - worth[mine[group]], group, room, held
        )
        if pair is None:
            break
        for i in pair:
            used += uses[every[i]] - uses[mine[group[i]]]
            total += float(worth[every[i]] - worth[mine[group[i]]])
            mine[group[i]] = every[i]
        held = True
    if not held:
        return None
    others = tuple(p for p in choice.points if p[0] != 0)
    return Found(used, total, (*others, *((0, int(level.origin[p])) for p in mine)))


def _best_pair(uses, worth, group, room, held: bool) -> tuple[int, ...] | None:
    """The exchange, of two points of different lists or of one, that is worth most within the room.

    Where the choice is within the limits already (`held`), only an exchange that gains.
    """
    count = len(worth)
    both = worth[:, None] + worth[None, :]
    fits = group[:, None] != group[None, :]
    for r in range(len(room)):
        fits &= uses[:, r, None] + uses[None, :, r] <= room[r]
    alone = np.where((uses <= room).all(axis=1), worth, -np.inf)
    both = np.where(fits, both, -np.inf)
    if not count:
        return None
    one, two = int(alone.argmax()), int(both.argmax())
    least = 0.0 if held else -np.inf
    if both.flat[two] > max(least, alone[one]):
        return divmod(two, count)
    return (one,) if alone[one] > least else None
