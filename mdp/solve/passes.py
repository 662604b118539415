"""Max-plus passes over the tree of nodes, level by level: the Lagrangian bound of one multiplier.

A node's level is its height above the lists; all nodes of a level are handled together in flat arrays. Every
separator state of every node has one slot in one message vector; slot 0 is a message that adds nothing.
"""

from dataclasses import dataclass

import numpy as np

from .lists import Node, decisions
from .ragged import hull_mask, ranges


@dataclass(frozen=True, eq=False)
class Level:
    """All points of the nodes of one height.

    Attributes:
        first: number of the level's first slot; its slots are consecutive.
        starts: where the points of each slot begin, shape (slots + 1,).
        latency, importance: shape (points,).
        reads: slots that points read, grouped by point; shape (links,).
        reads_of: where the reads of each point begin, shape (points + 1,); None at the level of the lists.
        reader: the point of each read, shape (links,).
        nodes, node_starts: the level's nodes and where the points of each begin.
        hull: at the level of the lists, the points that can be best for some multiplier: latency, importance
            and where each slot's begin; else None.
    """

    first: int
    starts: np.ndarray
    counts: np.ndarray
    latency: np.ndarray
    importance: np.ndarray
    reads: np.ndarray
    reads_of: np.ndarray | None
    reader: np.ndarray
    nodes: list[Node]
    node_starts: np.ndarray
    hull: tuple[np.ndarray, np.ndarray, np.ndarray] | None


@dataclass(frozen=True, eq=False)
class Program:
    """The tree laid out for passes. The root is the only slot of the last level."""

    levels: list[Level]
    slots: int
    scale_latency: float
    scale_importance: float

    def decisions(self, points: list[tuple[int, int]]) -> tuple[dict[str, int], set[str]]:
        """Option index per dim and removed blocks, from (level, point) pairs."""
        chosen: dict[str, int] = {}
        removed: set[str] = set()
        for number, point in points:
            level = self.levels[number]
            i = int(np.searchsorted(level.node_starts, point, side="right")) - 1
            dims, gone = decisions(level.nodes[i], point - level.node_starts[i])
            chosen |= dims
            removed |= gone
        return chosen, removed


@dataclass(frozen=True, eq=False)
class Pass:
    """One multiplier: the message of every slot, and the value of every point above the lists.

    `value` of a point is weight x importance - multiplier x latency of the best choice that it is part of,
    of what is decided at it and below.
    """

    program: "Program"
    multiplier: float
    weight: float
    messages: np.ndarray
    values: list[np.ndarray | None]

    @property
    def value(self) -> float:
        """The largest value of any choice."""
        return float(self.messages[-1])

    @property
    def root(self) -> np.ndarray:
        """The same for each point of the root."""
        return self.of(len(self.values) - 1, np.arange(len(self.program.levels[-1].latency)))

    def of(self, number: int, points: np.ndarray) -> np.ndarray:
        """The values of points of a level."""
        values = self.values[number]
        if values is not None:
            return values[points]
        level = self.program.levels[number]
        return _value(level.latency[points], level.importance[points], self.multiplier, self.weight)


def make_program(nodes: list[Node]) -> Program:
    """Lay the nodes (children first, the root last) out in levels."""
    height: dict[int, int] = {}
    for node in nodes:
        height[id(node)] = 1 + max((height[id(child)] for child, _ in node.links), default=-1)
    by_level: list[list[Node]] = [[] for _ in range(max(height.values()) + 1)]
    for node in nodes:
        by_level[height[id(node)]].append(node)
    first_slot: dict[int, int] = {}
    levels, slot = [], 1
    for own in by_level:
        first = slot
        for node in own:
            first_slot[id(node)] = slot
            slot += len(node.starts) - 1
        levels.append(_level(own, first, first_slot))
    return Program(
        levels,
        slot,
        sum(np.abs(level.latency).max() for level in levels),
        sum(np.abs(level.importance).max() for level in levels),
    )


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
    counts = np.diff(starts)
    return Level(
        first, starts, counts, latency, importance, reads, reads_of, readers, nodes, node_starts[:-1], hull
    )


def run_pass(program: Program, multiplier: float, weight: float = 1.0) -> Pass:
    """The messages of weight x importance - multiplier x latency."""
    messages = np.zeros(program.slots)
    values: list[np.ndarray | None] = []
    for level in program.levels:
        out = messages[level.first : level.first + len(level.counts)]
        if level.hull is not None:
            latency, importance, starts = level.hull
            np.maximum.reduceat(_value(latency, importance, multiplier, weight), starts[:-1], out=out)
            values.append(None)
            continue
        value = _value(level.latency, level.importance, multiplier, weight)
        value += np.bincount(level.reader, messages[level.reads], len(value))
        np.maximum.reduceat(value, level.starts[:-1], out=out)
        values.append(value)
    return Pass(program, multiplier, weight, messages, values)


def _value(latency: np.ndarray, importance: np.ndarray, multiplier: float, weight: float) -> np.ndarray:
    value = latency * -multiplier
    value += importance if weight == 1.0 else weight * importance
    return value


@dataclass(frozen=True)
class Choice:
    """A whole choice: its totals, and the points it is made of as (level, point) pairs."""

    latency: float
    importance: float
    points: tuple[tuple[int, int], ...]


def maximiser(program: Program, at: Pass, root: int | None = None) -> Choice:
    """A choice that attains the maximum of a pass, or of those with the root's point `root`."""
    number = len(program.levels) - 1
    best = np.array([int(at.root.argmax()) if root is None else root])
    slots = np.zeros(0, dtype=np.int64)
    latency, importance, points = 0.0, 0.0, []
    while True:
        level = program.levels[number]
        latency += float(level.latency[best].sum())
        importance += float(level.importance[best].sum())
        points += [(number, p) for p in best.tolist()]
        if level.reads_of is not None:
            begin = level.reads_of[best]
            reads = level.reads[ranges(begin, level.reads_of[best + 1] - begin)]
            slots = np.concatenate([slots, reads])
        if number == 0 or not len(slots):
            return Choice(latency, importance, tuple(points))
        number -= 1
        level = program.levels[number]
        here = slots[slots >= level.first]
        slots = slots[slots < level.first]
        best = _first_best(at, number, here - level.first)


def _first_best(at: Pass, number: int, slots: np.ndarray) -> np.ndarray:
    """For each slot of a level, its first point that has the slot's best value."""
    level = at.program.levels[number]
    counts = level.counts[slots]
    points = ranges(level.starts[slots], counts)
    hits = (at.of(number, points) == at.messages[slots + level.first].repeat(counts)).nonzero()[0]
    owner = np.arange(len(slots)).repeat(counts)[hits]
    first = np.empty(len(owner), dtype=bool)
    first[:1] = True
    np.not_equal(owner[1:], owner[:-1], out=first[1:])
    return points[hits[first]]
