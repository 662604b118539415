"""Magnitude: the mean absolute weight that a unit owns. The baseline; it looks at no image.

(Li et al. 2017, arXiv 1608.08710, rank filters by the sum of absolute weights; the mean does not favour units
that own more.)
"""

import numpy as np

from ..networks.prunable import PrunableNetwork
from .shares import Contribution, UnitSums, grouped, parameters_of

NAME = "magnitude"
ABOUT = "mean absolute weight, no images"
NEEDS_IMAGES = False


def units(found: PrunableNetwork) -> Contribution:
    """What the weights of `found.model` say."""
    weights = parameters_of(found.model, found.slices)
    sums = UnitSums({name: w.detach().abs().float() for name, w in weights.items()})
    totals, own = {}, {}
    for dim, parts in grouped(found):
        each = {part: np.sum([sums.of(s) for s in slices], axis=0) for part, slices in parts.items()}
        every = [s for slices in parts.values() for s in slices]
        owned = sum(
            weights[s.tensor].numel() // weights[s.tensor].shape[s.axis] * (np.size(s.index) // len(s.index))
            for s in every
        )
        totals[dim] = np.sum(list(each.values()), axis=0) / owned
        own |= each
    return Contribution(totals, own)
