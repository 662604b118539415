"""First-order Taylor: how much the loss would change if a unit's output were zero.

For channels with a batch norm, |γ·∂γ + β·∂β| of the norm after the convolution, which gates the channel
(Molchanov et al. 2019, arXiv 1906.10771; the convolutional score of MDP, arXiv 2504.02168). Elsewhere
|Σ w·∂w| over all the weights that the unit owns, which is not divided by how many tensors share it.
"""

import numpy as np

from ..networks.prunable import PrunableNetwork
from .shares import Contribution, UnitSums, grouped, weight_times_gradient

NAME = "taylor"
ABOUT = "gradient times scale of the batch norms"
NEEDS_IMAGES = True


def units(found: PrunableNetwork) -> Contribution:
    """What the gradients now in `found.model` say."""
    sums = UnitSums(weight_times_gradient(found.model, found.slices))
    sizes = {d.name: d.units for d in found.space.dims}
    totals, own = {}, {}
    for dim, parts in grouped(found):
        norms = found.norms.get(dim, ())
        if norms:
            # A group is ranked by the sum over its layers, so each layer's share is its own score.
            shares = {}
            for scale, shift, block in norms:
                layer = scale.removesuffix(".weight")
                shares[(f"{dim} at {layer}", block, dim)] = _gate(found, scale, shift, sizes[dim])
            totals[dim] = np.sum(list(shares.values()), axis=0)
        else:
            shares = {part: np.abs(sum(sums.of(s) for s in slices)) for part, slices in parts.items()}
            everything = [sums.of(s) for slices in parts.values() for s in slices]
            totals[dim] = np.abs(np.sum(everything, axis=0))
        own |= shares
    return Contribution(totals, own)


def _gate(found: PrunableNetwork, scale: str, shift: str, units: int) -> np.ndarray:
    """|γ·∂γ + β·∂β| per unit, shape (units,); a unit of several channels adds theirs up."""
    gamma, beta = found.model.get_parameter(scale), found.model.get_parameter(shift)
    per_channel = sum((p.detach() * p.grad).float() for p in (gamma, beta) if p.grad is not None)
    return per_channel.abs().reshape(units, -1).sum(1).cpu().numpy().astype(np.float64)
