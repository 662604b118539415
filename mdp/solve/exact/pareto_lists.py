"""Clusters whose choices are few become plain lists: the Pareto points of everything decided below them.

What a dominated point could do, another does for any budget, so pruning here is exact once and for all. Where
multiplying the lists of the children would cost more than it saves, a cluster stays factored.
"""

import math
from dataclasses import dataclass

import numpy as np

from .clusters import Cluster
from .elimination import Tree
from .ragged import pareto, ranges

# A cluster is multiplied out if that makes at most SMALL points, or GROWTH times those of its parts; and it
# stays so if pruning leaves at most KEPT times those of its parts.
SMALL = 256
GROWTH = 16
LARGEST = 60_000
KEPT = 3


@dataclass(eq=False)
class Node:
    """A cluster with its points; the unit of the passes and of the closing step.

    Attributes:
        starts: where the points of each separator state begin, shape (states + 1,).
        latency, importance: of each point, what is decided here and, if multiplied out, below.
        entry: the cluster's entry that each point is made of.
        links: (child, its state or -1 per point) for children that are still to be added.
        merged: (child, its point or -1 per point) for children that were multiplied out.
    """

    cluster: Cluster
    starts: np.ndarray
    latency: np.ndarray
    importance: np.ndarray
    entry: np.ndarray
    links: list[tuple["Node", np.ndarray]]
    merged: list[tuple["Node", np.ndarray]]


def make_nodes(tree: Tree, made: dict[Cluster, Node] | None = None) -> list[Node]:
    """Nodes for all clusters that were not multiplied into their parents; children first, the root last.

    `made` holds nodes of clusters met before, and is added to.
    """
    made = {} if made is None else made
    for cluster in tree.clusters:
        if cluster not in made:
            node = _plain(cluster, made)
            lists = all(not child.links for child, _ in node.links)
            made[cluster] = _multiplied(node) if lists else node
    return _reachable(made[tree.clusters[-1]])


def _plain(cluster: Cluster, made: dict[Cluster, Node]) -> Node:
    entries = len(cluster.latency)
    starts = np.arange(cluster.states + 1) * (entries // cluster.states)
    links = [(made[child], states) for child, states in cluster.links]
    return Node(cluster, starts, cluster.latency, cluster.importance, np.arange(entries), links, [])


def _multiplied(node: Node) -> Node:
    """The node with its children's lists multiplied in and dominated points dropped, or as it was."""
    latency, importance, origin = node.latency, node.importance, np.arange(len(node.entry))
    state = origin // (len(node.entry) // node.cluster.states)
    merged: list[tuple[Node, np.ndarray]] = []
    if not node.links:
        keep = pareto(state, latency, importance)
        latency, importance, origin, state = latency[keep], importance[keep], origin[keep], state[keep]
    most = _worth(node)
    if most is None:
        return node
    for left, (child, states) in zip(reversed(range(len(node.links))), node.links, strict=True):
        at = states[origin]
        # State -1 reads the list after the last one: a single point that adds nothing.
        count = np.append(np.diff(child.starts), 1)[at]
        point = ranges(np.append(child.starts[:-1], len(child.latency))[at], count)
        old = np.arange(len(origin)).repeat(count)
        latency = latency[old] + np.append(child.latency, 0.0)[point]
        importance = importance[old] + np.append(child.importance, 0.0)[point]
        # Prune at the end, and in between; the first list, added to one entry, is in order as it is.
        if not left or merged:
            keep = pareto((origin if left else state)[old], latency, importance)
            latency, importance, old, point = latency[keep], importance[keep], old[keep], point[keep]
        origin, state = origin[old], state[old]
        point[point == len(child.latency)] = -1
        merged = [(other, points[old]) for other, points in merged] + [(child, point)]
    if len(latency) > most:
        return node
    starts = np.searchsorted(state, np.arange(node.cluster.states + 1))
    return Node(node.cluster, starts, latency, importance, origin, [], merged)


def _worth(node: Node) -> float | None:
    """How many points are worth keeping if the children's lists are multiplied in; None to leave them."""
    if not node.links:
        return math.inf
    parts = len(node.entry) + sum(len(child.latency) for child, _ in node.links)
    product = 1.0
    for child, states in node.links:
        product = product * np.append(np.diff(child.starts), 1.0)[states]
    if product.sum() > min(LARGEST, max(SMALL, GROWTH * parts)):
        return None
    return max(SMALL, KEPT * parts)


def _reachable(root: Node) -> list[Node]:
    """The nodes still linked below the root, children before parents."""
    order, stack, seen = [], [(root, False)], set()
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack += [(child, False) for child, _ in node.links]
    return order


def decisions(node: Node, point: int) -> tuple[dict[str, int], set[str]]:
    """Option index per dim and removed blocks, of one point and of everything multiplied into it."""
    chosen: dict[str, int] = {}
    removed: set[str] = set()
    stack = [(node, point)]
    while stack:
        node, point = stack.pop()
        if node.cluster.decode(int(node.entry[point]), chosen):
            removed.add(node.cluster.block)
        for child, points in node.merged:
            below = int(points[point])
            if below >= 0:
                stack.append((child, below))
    return chosen, removed
