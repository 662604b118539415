"""Points of lists in arrays that grow, each with what it uses of every resource and what it is made of."""

import numpy as np

from ..exact.point_pool import MOST_POINTS, PointPool, TooMany


class WidePool(PointPool):
    """As `PointPool`, with `uses`, shape (points, resources), in place of one latency.

    `deficit` has shape (views, points).
    """

    def __init__(self, slots: int, resources: int, views: int):
        super().__init__(slots)
        self.uses = np.empty((1024, resources))
        self.deficit = np.empty((views, 1024))

    def add_points(self, level: int, uses, importance, deficit, a=None, b=None, entry=None) -> int:
        """Append points; returns the place of the first."""
        begin, end = self.size, self.size + len(importance)
        if end > MOST_POINTS:
            raise TooMany(f"More than {MOST_POINTS} choices are near the bound.")
        if end > len(self.importance):
            more = np.empty(end)
            self.importance = np.concatenate([self.importance[:begin], more])
            self.deficit = np.concatenate(
                [self.deficit[:, :begin], np.empty((len(self.deficit), end))], axis=1
            )
            self.uses = np.concatenate([self.uses[:begin], np.empty((end, self.uses.shape[1]))])
        self.uses[begin:end] = uses
        self.importance[begin:end] = importance
        self.deficit[:, begin:end] = deficit
        self.size = end
        self.history.append((begin, level, a, b, entry))
        return begin
