"""The tree of nodes laid out for passes, level by level.

A node's level is its height above the lists; all nodes of a level are handled together in flat arrays. Every
separator state of every node has one slot in one message vector; slot 0 is a message that adds nothing.
"""

import itertools
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from .pareto_lists import Node, decisions
from .ragged import hull_mask, ranges


@dataclass(frozen=True, eq=False)
class Level:
    """All points of the nodes of one height.

    Attributes:
        first: number of the level's first slot; its slots are consecutive.
        starts: where the points of each slot begin, shape (slots + 1,).
        counts: how many points each slot has, shape (slots,).
        latency, importance: shape (points,).
        reads: slots that points read, grouped by point; shape (links,).
        reads_of: where the reads of each point begin, shape (points + 1,); None at the level of the lists.
        reader: the point of each read, shape (links,).
        hull: at the level of the lists, the points that can be best for some multiplier: latency, importance
            and where each slot's begin; else None.
        origin: number of each point in the whole program, if this is a part of one; else None.
    """

    first: int
    starts: np.ndarray
    counts: np.ndarray
    latency: np.ndarray
    importance: np.ndarray
    reads: np.ndarray
    reads_of: np.ndarray | None
    reader: np.ndarray
    hull: tuple[np.ndarray, np.ndarray, np.ndarray] | None
    origin: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Program:
    """The tree laid out for passes. The root is the only slot of the last level."""

    levels: list[Level]
    slots: int
    scale_latency: float
    scale_importance: float

    def rounding(self, multiplier: float) -> float:
        """What sums of float64 at this multiplier may be wrong by, generously."""
        return 1e-13 * (self.scale_importance + multiplier * self.scale_latency)


@dataclass(frozen=True, eq=False)
class Names:
    """What the points of a program decide: the nodes of each level, and where the points of each begin."""

    nodes: list[list[Node]]
    starts: list[list[int]]
    known: dict[tuple[int, int], tuple[dict[str, int], set[str]]] = field(default_factory=dict)

    def decisions(self, points: Iterable[tuple[int, int]]) -> tuple[dict[str, int], set[str]]:
        """Option index per dim and removed blocks, from (level, point) pairs."""
        chosen: dict[str, int] = {}
        removed: set[str] = set()
        for pair in points:
            own = self.known.get(pair)
            if own is None:
                level, point = pair
                i = bisect_right(self.starts[level], point) - 1
                own = self.known[pair] = decisions(self.nodes[level][i], point - self.starts[level][i])
            chosen.update(own[0])
            removed |= own[1]
        return chosen, removed


def make_program(nodes: list[Node]) -> tuple[Program, Names]:
    """Lay the nodes (children first, the root last) out in levels."""
    height: dict[int, int] = {}
    for node in nodes:
        height[id(node)] = 1 + max((height[id(child)] for child, _ in node.links), default=-1)
    by_level: list[list[Node]] = [[] for _ in range(max(height.values()) + 1)]
    for node in nodes:
        by_level[height[id(node)]].append(node)
    first_slot: dict[int, int] = {}
    levels, starts, slot = [], [], 1
    for own in by_level:
        first = slot
        for node in own:
            first_slot[id(node)] = slot
            slot += len(node.starts) - 1
        levels.append(_level(own, first, first_slot))
        sizes = [len(node.latency) for node in own]
        starts.append([0, *itertools.accumulate(sizes[:-1])])
    scales = [
        sum(float(np.abs(values).max()) for values in side)
        for side in zip(*((level.latency, level.importance) for level in levels), strict=True)
    ]
    return Program(levels, slot, *scales), Names(by_level, starts)


def _level(nodes: list[Node], first: int, first_slot: dict[int, int]) -> Level:
    sizes = np.array([len(node.latency) for node in nodes])
    node_starts = np.concatenate([[0], sizes.cumsum()])
    starts = [node.starts[:-1] + at for node, at in zip(nodes, node_starts, strict=False)]
    starts = np.concatenate([*starts, node_starts[-1:]])
    readers, reads = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for node, at in zip(nodes, node_starts, strict=False):
        for child, states in node.links:
            points = np.flatnonzero(states >= 0)
            readers.append(points + at)
            reads.append(states[points] + first_slot[id(child)])
    readers, reads = np.concatenate(readers), np.concatenate(reads)
    order = readers.argsort(kind="stable")
    readers, reads = readers[order], reads[order]
    reads_of = np.searchsorted(readers, np.arange(node_starts[-1] + 1)) if len(reads) else None
    latency = np.concatenate([n.latency for n in nodes])
    importance = np.concatenate([n.importance for n in nodes])
    hull = None
    if reads_of is None:
        mask = hull_mask(starts, latency, importance)
        hull = latency[mask], importance[mask], np.append(0, mask.cumsum())[starts]
    return Level(first, starts, np.diff(starts), latency, importance, reads, reads_of, readers, hull)


def part_of(program: Program, root: int) -> Program:
    """What one point of the root reaches, as a program of its own with that point alone at the root."""
    wanted = np.zeros(program.slots, dtype=bool)
    wanted[-1] = True
    kept = []
    for level in reversed(program.levels):
        slots = wanted[level.first : level.first + len(level.counts)].nonzero()[0]
        points = ranges(level.starts[slots], level.counts[slots]) if kept else np.array([root])
        kept.append((level, slots, points))
        if level.reads_of is not None:
            begin = level.reads_of[points]
            wanted[level.reads[ranges(begin, level.reads_of[points + 1] - begin)]] = True
    number = wanted.cumsum()
    levels, slot = [], 1
    for level, slots, points in reversed(kept):
        levels.append(_part(level, slot, slots, points, number))
        slot += len(slots)
    return Program(levels, slot, program.scale_latency, program.scale_importance)


def _part(level: Level, first: int, slots: np.ndarray, points: np.ndarray, number: np.ndarray) -> Level:
    # Of the root's points one is left; every other slot that is wanted keeps all of its.
    counts = np.ones(1, dtype=np.int64) if len(slots) == len(points) == 1 else level.counts[slots]
    reads, reads_of, reader, hull = level.reads, None, level.reader, None
    if level.reads_of is not None:
        begin = level.reads_of[points]
        many = level.reads_of[points + 1] - begin
        reads = number[level.reads[ranges(begin, many)]]
        reads_of = np.append(0, many.cumsum())
        reader = np.arange(len(points)).repeat(many)
    if level.hull is not None:
        latency, importance, starts = level.hull
        many = np.diff(starts)[slots]
        own = ranges(starts[slots], many)
        hull = latency[own], importance[own], np.append(0, many.cumsum())
    return Level(
        first,
        np.append(0, counts.cumsum()),
        counts,
        level.latency[points],
        level.importance[points],
        reads,
        reads_of,
        reader,
        hull,
        points,
    )
