"""Clusters with few choices as plain lists, as `exact.pareto_lists` makes them, for several resources."""

from dataclasses import dataclass

import numpy as np

from ..exact.clusters import Cluster
from ..exact.pareto_lists import Node, _reachable
from ..exact.ragged import ranges
from .columns import WideTree
from .dominance import undominated

# As in `exact.pareto_lists`; lists are longer here, for fewer points dominate one another.
SMALL = 64
GROWTH = 6
LARGEST = 40_000
KEPT = 3


@dataclass(eq=False)
class WideNode(Node):
    """A node with what each point uses: shape (points, resources). `latency` stays zero."""

    uses: np.ndarray


def make_wide_nodes(wide: WideTree) -> list[WideNode]:
    """Nodes for all clusters that were not multiplied into their parents; children first, the root last."""
    made: dict[Cluster, WideNode] = {}
    for cluster in wide.tree.clusters:
        node = _plain(cluster, wide.uses[cluster], made)
        lists = all(not child.links for child, _ in node.links)
        made[cluster] = _multiplied(node) if lists else node
    return _reachable(made[wide.tree.clusters[-1]])  # type: ignore[return-value]


def _plain(cluster: Cluster, uses: np.ndarray, made: dict[Cluster, WideNode]) -> WideNode:
    entries = len(cluster.importance)
    starts = np.arange(cluster.states + 1) * (entries // cluster.states)
    links = [(made[child], states) for child, states in cluster.links]
    zeros = np.zeros(entries)
    return WideNode(cluster, starts, zeros, cluster.importance, np.arange(entries), links, [], uses)


def _multiplied(node: WideNode) -> WideNode:
    """The node with its children's lists multiplied in and dominated points dropped, or as it was."""
    uses, importance, origin = node.uses, node.importance, np.arange(len(node.entry))
    state = origin // (len(node.entry) // node.cluster.states)
    merged: list[tuple[Node, np.ndarray]] = []
    if node.links and not _worth(node):
        return node
    if not node.links:
        keep = undominated(state, uses, importance)
        uses, importance, origin, state = uses[keep], importance[keep], origin[keep], state[keep]
    most = max(SMALL, KEPT * (len(node.entry) + sum(len(child.importance) for child, _ in node.links)))
    for left, (child, states) in zip(reversed(range(len(node.links))), node.links, strict=True):
        at = states[origin]
        # State -1 reads the list after the last one: a single point that adds nothing.
        count = np.append(np.diff(child.starts), 1)[at]
        point = ranges(np.append(child.starts[:-1], len(child.importance))[at], count)
        old = np.arange(len(origin)).repeat(count)
        uses = uses[old] + np.vstack([child.uses, np.zeros(uses.shape[1])])[point]
        importance = importance[old] + np.append(child.importance, 0.0)[point]
        keep = undominated((origin if left else state)[old], uses, importance)
        uses, importance, old, point = uses[keep], importance[keep], old[keep], point[keep]
        origin, state = origin[old], state[old]
        point[point == len(child.importance)] = -1
        merged = [(other, points[old]) for other, points in merged] + [(child, point)]
    if node.links and len(importance) > most:
        return node
    starts = np.searchsorted(state, np.arange(node.cluster.states + 1))
    zeros = np.zeros(len(importance))
    return WideNode(node.cluster, starts, zeros, importance, origin, [], merged, uses)


def _worth(node: WideNode) -> bool:
    """Whether the children's lists are worth multiplying in."""
    parts = len(node.entry) + sum(len(child.importance) for child, _ in node.links)
    product = 1.0
    for child, states in node.links:
        product = product * np.append(np.diff(child.starts), 1.0)[states]
    return product.sum() <= min(LARGEST, max(SMALL, GROWTH * parts))
