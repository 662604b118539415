"""Max-plus passes over the tree of nodes, level by level: the Lagrangian bound of one multiplier.

A node's level is its height above the lists; all nodes of a level are handled together in flat arrays. Every
separator state of every node has one slot in one message vector; slot 0 is a message that adds nothing.
"""

from dataclasses import dataclass

import numpy as np

from .lists import Node, decisions
from .ragged import ranges


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
    """One multiplier: the message of every slot, the value of every point, and a maximiser.

    `value` is the largest importance - multiplier x latency; `latency`, `importance` are a maximiser's.
    """

    multiplier: float
    value: float
    latency: float
    importance: float
    messages: np.ndarray
    values: list[np.ndarray]
    points: list[tuple[int, int]]


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
    return Level(
        first,
        starts,
        np.diff(starts),
        np.concatenate([n.latency for n in nodes]),
        np.concatenate([n.importance for n in nodes]),
        reads,
        reads_of,
        readers,
        nodes,
        node_starts[:-1],
    )


def run_pass(program: Program, multiplier: float, weight: float = 1.0) -> Pass:
    """Messages and values of weight x importance - multiplier x latency, and a maximiser."""
    messages = np.zeros(program.slots)
    values = []
    for level in program.levels:
        value = weight * level.importance - multiplier * level.latency
        if level.reads_of is not None:
            value += np.bincount(level.reader, messages[level.reads], len(value))
        last = level.first + len(level.counts)
        np.maximum.reduceat(value, level.starts[:-1], out=messages[level.first : last])
        values.append(value)
    points = _maximiser(program, messages, values)
    latency = sum(float(program.levels[n].latency[p]) for n, p in points)
    importance = sum(float(program.levels[n].importance[p]) for n, p in points)
    return Pass(multiplier, float(messages[-1]), latency, importance, messages, values, points)


def _maximiser(program: Program, messages: np.ndarray, values: list[np.ndarray]) -> list[tuple[int, int]]:
    """The points of one best choice, as (level, point) pairs, from the root down."""
    slots = np.array([program.slots - 1])
    points: list[tuple[int, int]] = []
    for number in range(len(program.levels) - 1, -1, -1):
        level = program.levels[number]
        here = slots[slots >= level.first]
        if not len(here):
            continue
        slots = slots[slots < level.first]
        at = here - level.first
        best = _first_best(values[number], level.starts[at], level.counts[at], messages[here])
        points += [(number, p) for p in best.tolist()]
        if level.reads_of is not None:
            begin = level.reads_of[best]
            reads = level.reads[ranges(begin, level.reads_of[best + 1] - begin)]
            slots = np.concatenate([slots, reads])
    return points


def _first_best(values: np.ndarray, starts: np.ndarray, counts: np.ndarray, best: np.ndarray) -> np.ndarray:
    """For each segment, its first point that has the segment's best value."""
    points = ranges(starts, counts)
    owner = np.arange(len(starts)).repeat(counts)
    hits = np.flatnonzero(values[points] == best[owner])
    _, first = np.unique(owner[hits], return_index=True)
    return points[hits[first]]
