"""The second-order score with NViT's own constants: (Σ w·∂w / d)², where d is of the kind of dim.

NViT (Yang et al. 2023, arXiv 2110.04869; NVlabs/NViT, nvit/pruning_core/pruning_engine_general.py) divides
before squaring, by constants set by hand for 12 blocks: embedding 12, heads 6 x 2, Q/K 2, V 2, MLP 1. The
first two count blocks, so they follow the depth here: the embedding's is the number of blocks, that of
heads the same (6 x 2 of 12). A channel of a network without these kinds has 1.
"""

from ..networks.prunable import PrunableNetwork
from . import hessian
from .shares import Contribution

NAME = "nvit"
ABOUT = "the second-order score with NViT's constants for each kind of dim"
NEEDS_IMAGES = True

FIXED = {"qk": 2.0, "v": 2.0, "mlp": 1.0}
BY_DEPTH = ("embedding", "heads")


def units(found: PrunableNetwork) -> Contribution:
    """What the gradients now in `found.model` say."""
    plain = hessian.units(found)
    by = {d.name: constant(d.kind, depth(found)) ** 2 for d in found.space.dims}
    return Contribution(
        {dim: values / by[dim] for dim, values in plain.totals.items()},
        {part: values / by[part[2]] for part, values in plain.own.items()},
    )


def constant(kind: str, blocks: int) -> float:
    """NViT's d of a kind of dim.

    >>> constant("embedding", 12), constant("heads", 12), constant("heads", 6), constant("qk", 6)
    (12.0, 12.0, 6.0, 2.0)
    """
    return float(max(1, blocks)) if kind in BY_DEPTH else FIXED.get(kind, 1.0)


def depth(found: PrunableNetwork) -> int:
    """Blocks of the network; the two halves of one that can be removed apart are one."""
    names = (b.name for b in found.space.blocks)
    return len({name.removesuffix(".attn").removesuffix(".mlp") for name in names})
