"""What a better choice may lose at several prices at once: choices that one view lets pass, another may not.

At any prices p of at least 0, a choice within the limits that beats the best known has at most the slack
value(p) + p.limits - best (`closing` says why). That holds beside the best prices too. The bound is higher
there. But half of a choice that loses little at the best prices, and uses much of one resource and little of
another, needs a half that makes up for it; at prices moved from the one to the other, both show.
"""

from dataclasses import dataclass

import numpy as np

from ..exact.message_passing import Pass
from ..exact.slack_window import select

# Views beside the first.
MOST = 20


@dataclass(frozen=True, eq=False)
class View:
    """A pass at some prices, and what a choice may lose against its maximiser at most."""

    at: Pass
    window: float


@dataclass(frozen=True, eq=False)
class Seen:
    """Of one level: points that are within the windows of all views, grouped by slot.

    `lost` and `slack` are those of `OpenPoints`, shape (views, points).
    """

    slot: np.ndarray
    points: np.ndarray
    lost: np.ndarray
    slack: np.ndarray

    def only(self, keep: np.ndarray) -> "Seen":
        """The points at some places, or where a mask says so."""
        return Seen(self.slot[keep], self.points[keep], self.lost[:, keep], self.slack[:, keep])


def ways(prices: np.ndarray, limits: np.ndarray) -> list[np.ndarray]:
    """Directions to move prices in: of one resource up or down, or from one to another, at equal cost."""
    cost, unit = prices * limits, np.eye(len(prices))
    found = []
    for i in np.flatnonzero(limits > 0):
        found.append(unit[i] * cost.sum() / limits[i])
        found += [
            unit[i] * cost[j] / limits[i] - unit[j] * prices[j] for j in np.flatnonzero(cost > 0) if i != j
        ]
    found += [-unit[j] * prices[j] for j in np.flatnonzero(cost > 0)]
    return [way for way in found if np.isfinite(way).all() and way.any()][:MOST]


def seen(views: list[View]) -> list[Seen | None]:
    """For each level the points through which some choice has no more slack than any view's window."""
    found: list[Seen | None] = []
    for own in zip(*(select(view.at, view.window) for view in views), strict=True):
        if any(alive is None for alive in own):
            found.append(None)
            continue
        points = own[0].points  # ascending, as those of each
        for alive in own[1:]:
            points = np.intersect1d(points, alive.points, assume_unique=True)
        places = [np.searchsorted(alive.points, points) for alive in own]
        lost, slack = (
            np.stack([getattr(alive, name)[at] for alive, at in zip(own, places, strict=True)])
            for name in ("lost", "slack")
        )
        found.append(Seen(own[0].slot[places[0]], points, lost, slack))
    return found
