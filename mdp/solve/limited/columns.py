"""The exact solver's elimination tree with one column of numbers for each resource.

The tree depends on which dims the tables span, not on their numbers. So it is built once for each resource,
the tables of the others filled with zeros, and the trees agree cluster by cluster.
"""

from dataclasses import dataclass, replace

import numpy as np

from ...core.errors import Unsupported
from ...core.problem import Problem
from ...core.terms import Term
from ..exact.clusters import Cluster
from ..exact.elimination import Restriction, Tree, build_tree, make_parts


@dataclass(frozen=True, eq=False)
class WideTree:
    """A tree, and what each entry of each cluster uses: shape (entries, resources), latency first."""

    tree: Tree
    uses: dict[Cluster, np.ndarray]


def wide_tree(problem: Problem, names: tuple[str, ...], only: Restriction | None) -> WideTree:
    """The tree of a problem whose choices also use the resources `names`.

    Raises:
        Unsupported: the shared dims form no narrow tree.
    """
    sides = [problem.latency, *(problem.resource[name].terms for name in names)]
    trees = []
    for mine in range(len(sides)):
        terms = tuple(t if i == mine else _zeros(t) for i, side in enumerate(sides) for t in side)
        trees.append(build_tree(make_parts(replace(problem, latency=terms, resources=())), only))
    uses = {}
    for same in zip(*(tree.clusters for tree in trees), strict=True):
        if any(c.shape != same[0].shape or c.dims != same[0].dims for c in same):
            raise Unsupported("The tables of the resources make different trees.")
        uses[same[0]] = np.stack([c.latency for c in same], axis=1)
    return WideTree(trees[0], uses)


def _zeros(term: Term) -> Term:
    return replace(term, values=np.zeros_like(term.values))
