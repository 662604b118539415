"""What of a traced network is in memory at once, step by step."""

from collections import Counter
from functools import partial
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from torch import fx

from ...core.space import Moment
from ..liveness import Parts, moments
from .folding import folds
from .lengths import Lengths
from .running import is_tensor, name_of
from .values import Value, plain

if TYPE_CHECKING:
    from . import Anatomy


def alive(anatomy: "Anatomy") -> tuple[Moment, ...]:
    """The moments of a Space."""
    follower = anatomy.follower
    traced, labels = follower.traced, follower.ledger.labels
    lengths = Lengths(anatomy.groups, labels.roots(np.arange(len(labels))))
    batch = next(n for n in traced.graph.nodes if n.op == "placeholder").meta["out"].shape[0]
    block_of = {s: b.name for b in anatomy.branches for s in (*b.steps, b.addition)}

    def size(node: fx.Node) -> Parts:
        """Of one input; what is computed of parameters alone is the same for any batch, and left out."""
        if not is_tensor(node) or not (node.op == "placeholder" or node.meta["live"]):
            return ()
        known = follower.known(node)
        value = known if isinstance(known, Value) else plain(node.meta["out"])
        found: Counter[tuple[str, ...]] = Counter()
        axes = [lengths.of(axis, n).terms for axis, n in zip(value.axes, value.shape, strict=True)]
        for terms in product(*axes):
            dims = tuple(sorted(d for _, own in terms for d in own))
            found[dims] += np.prod([float(each) for each, _ in terms])
        return [(float(elements) / batch, dims) for dims, elements in found.items() if elements]

    removable = {b.name for b in anatomy.branches}
    return moments(traced, partial(name_of, traced), size, block_of.get, partial(folds, traced), removable)
