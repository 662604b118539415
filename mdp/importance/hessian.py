"""Second-order: (Σ w·∂w)² over all the weights that a unit owns.

With the Fisher approximation of the Hessian this estimates the squared change of the loss without the unit
(NViT, Yang et al. 2023, arXiv 2110.04869; the transformer score of MDP, arXiv 2504.02168).
Nothing is divided by how many tensors share a unit: an estimate of the loss is one whatever it is spread
over, and that division put a unit of the embedding at a 67th of its loss beside a head at a third.
"""

import numpy as np

from ..networks.prunable import PrunableNetwork
from .shares import Contribution, UnitSums, grouped, weight_times_gradient

NAME = "hessian"
ABOUT = "gradient times weight of all that a unit owns, squared"
NEEDS_IMAGES = True


def units(found: PrunableNetwork) -> Contribution:
    """What the gradients now in `found.model` say.

    Each part's own score has the same form over its own tensors alone; the total is split in proportion.
    """
    sums = UnitSums(weight_times_gradient(found.model, found.slices))
    totals, own = {}, {}
    for dim, parts in grouped(found):
        each = {part: np.sum([sums.of(s) for s in slices], axis=0) for part, slices in parts.items()}
        totals[dim] = np.sum(list(each.values()), axis=0) ** 2
        own |= {part: value**2 for part, value in each.items()}
    return Contribution(totals, own)
