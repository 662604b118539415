"""The optimum in whole numbers of any length, for problems whose numbers span more than float64 carries.

Every float64 is a whole number times a power of two, so one common power makes all tables whole: sums and
comparisons are then exact. It is the closing step of `closing` again, over the same tree of clusters, but in
Python's integers and with no tolerance anywhere. Far slower, and asked only where rounding could decide.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from ...core.problem import Problem
from ..cache import kept_few
from .elimination import Restriction, Tree, build_tree, make_parts
from .point_pool import TooMany

# Entries of all clusters, and points of all lists, beyond which this gives up.
MOST_ENTRIES, MOST_POINTS = 400_000, 60_000


@dataclass(frozen=True, eq=False)
class Whole:
    """A problem's tree with integers in its clusters; a latency is `latency_unit` times its integer."""

    tree: Tree
    latency_unit: Fraction
    importance_unit: Fraction
    only: Restriction | None = None  # alive as long as this is kept under its id


@dataclass(frozen=True)
class Exact:
    """The best choice: kept units of every dim, removed blocks, and its exact totals."""

    choices: dict[str, int]
    removed: set[str]
    latency: Fraction
    importance: Fraction


def of(problem: Problem, only: Restriction | None = None) -> Whole:
    """The problem, perhaps with fewer choices, in integers; the last few are kept with the Problem object.

    Raises:
        TooMany: more entries than MOST_ENTRIES.
        Unsupported: the shared dims form no tree of small width.
    """
    return kept_few(problem, "_whole", id(only) if only else None, lambda: _whole(problem, only), most=4)


def totals(problem: Problem, choices, removed) -> tuple[Fraction, Fraction]:
    """Exact (latency, importance) of one choice."""
    sums = [
        sum((Fraction(problem.entry(t, choices)) for t in terms if t.block not in removed), Fraction(0))
        for terms in (problem.latency, problem.importance)
    ]
    return sums[0], sums[1]


def smallest(made: Whole) -> Fraction:
    """The smallest latency of any choice, exactly."""
    up, _ = _messages(made.tree, lambda cluster: -cluster.latency)
    return -up[id(made.tree.clusters[-1])][0] * made.latency_unit


def optimum(
    made: Whole,
    capacity: Fraction,
    known: Fraction | None = None,
    multiplier: float | None = None,
    check: Callable[[], None] = lambda: None,
) -> Exact | None:
    """The most important choice with at most `capacity` latency; None: there is none.

    Args:
        known: the importance of some choice within the capacity; what cannot reach it is left out.
        multiplier: importance per latency; any makes a valid bound, a good one makes it fast.

    Raises:
        TooMany: more points than MOST_POINTS are left.
    """
    tree = made.tree
    root = id(tree.clusters[-1])
    room = math.floor(capacity / made.latency_unit)
    low = None if known is None else math.ceil(known / made.importance_unit)
    a, b = _rate(made, multiplier)
    tests = [(lambda lat, imp: -lat, -room)]
    if low is not None:
        tests.append((lambda lat, imp: imp, low))
        tests.append((lambda lat, imp: b * imp - a * lat, b * low - a * room))
    bounds = []
    for value, least in tests:
        up, down = _messages(tree, lambda c, value=value: value(c.latency, c.importance))
        if up[root][0] < least:
            return None
        bounds.append((value, least, up, down))
    lists: dict[int, list[list]] = {}
    points = 0
    for cluster in tree.clusters:
        check()
        states = cluster.states
        each = len(cluster.latency) // states
        own: list[list] = []
        for state in range(states):
            found: list = []
            for entry in range(state * each, (state + 1) * each):
                combos = [(cluster.latency[entry], cluster.importance[entry], ())]
                at = [(link.child, int(link.states[entry])) for link in cluster.links]
                for i, (child, s) in enumerate(at):
                    if s < 0:
                        continue
                    rest = [
                        (
                            value,
                            sum(up[id(c)][t] for c, t in at[i + 1 :] if t >= 0) + down[id(cluster)][state],
                            least,
                        )
                        for value, least, up, down in bounds
                    ]
                    combos = [
                        (lat, imp, (*how, point))
                        for x, y, how in combos
                        for point in lists[id(child)][s]
                        for lat, imp in [(x + point[0], y + point[1])]
                        if all(value(lat, imp) + more >= least for value, more, least in rest)
                    ]
                    combos = _pareto(combos)
                    points += len(combos)
                    if points > MOST_POINTS:
                        raise TooMany("Its numbers span more than float64 carries, and it is too large to "
                                      "solve without rounding.")  # fmt: skip
                found += [(lat, imp, (cluster, entry, how)) for lat, imp, how in combos
                          if all(value(lat, imp) + down[id(cluster)][state] >= least
                                 for value, least, _, down in bounds)]  # fmt: skip
            own.append(_pareto(found))
        lists[id(cluster)] = own
    best = max((p for p in lists[root][0] if p[0] <= room), key=lambda p: p[1], default=None)
    return None if best is None else _decode(made, best)


def bound(made: Whole, capacity: Fraction, multiplier: float | None) -> Fraction:
    """No choice within the capacity has more importance: the Lagrangian bound of a multiplier, exactly."""
    a, b = _rate(made, multiplier)
    up, _ = _messages(made.tree, lambda cluster: b * cluster.importance - a * cluster.latency)
    room = math.floor(capacity / made.latency_unit)
    return Fraction(up[id(made.tree.clusters[-1])][0] + a * room, b) * made.importance_unit


def _rate(made: Whole, multiplier: float | None) -> tuple[int, int]:
    """A multiplier in the integers of latency and importance, as numerator and denominator."""
    rate = Fraction(max(multiplier or 0.0, 0.0)) * made.latency_unit / made.importance_unit
    rate = rate.limit_denominator(10**12) if rate < 10**12 else Fraction(math.floor(rate))
    return rate.numerator, rate.denominator


def _messages(tree: Tree, value) -> tuple[dict[int, np.ndarray], dict[int, list]]:
    """Per cluster: the best sum of everything at and below each of its states, and of everything else.

    A state that nothing reads has None above it until the end, where it gets what no test passes.
    """
    values, up = {}, {}
    for cluster in tree.clusters:
        total = value(cluster)
        for link in cluster.links:
            message = np.append(up[id(link.child)], 0)  # state -1 reads nothing
            total = total + message[link.states]
        values[id(cluster)] = total
        up[id(cluster)] = total.reshape(cluster.states, -1).max(axis=1)
    down = {id(tree.clusters[-1]): [0]}
    for cluster in reversed(tree.clusters):
        total, each = values[id(cluster)], len(cluster.latency) // cluster.states
        above = np.repeat(np.array(down[id(cluster)], dtype=object), each)
        for link in cluster.links:
            message = np.append(up[id(link.child)], 0)
            best: list = [None] * link.child.states
            for state, worth in zip(link.states.tolist(), (above + total - message[link.states]).tolist(),
                                    strict=True):  # fmt: skip
                if state >= 0 and (best[state] is None or worth > best[state]):
                    best[state] = worth
            floor = min((w for w in best if w is not None), default=0) - 1
            down[id(link.child)] = [floor if w is None else w for w in best]
    return up, down


def _pareto(points: list) -> list:
    """Those that no other beats: by increasing latency and importance."""
    if len(points) < 2:
        return points
    kept: list = []
    for point in sorted(points, key=lambda p: (p[0], -p[1])):
        if not kept or point[1] > kept[-1][1]:
            kept.append(point)
    return kept


def _decode(made: Whole, point) -> Exact:
    chosen: dict[str, int] = {}
    removed = set(made.tree.removed)
    stack = [point]
    while stack:
        cluster, entry, below = stack.pop()[2]
        if cluster.decode(entry, chosen):
            removed.add(cluster.block)
        stack += below
    choices = {d: options[chosen.get(d, -1)] for d, options in made.tree.options.items()}
    return Exact(choices, removed, point[0] * made.latency_unit, point[1] * made.importance_unit)


def _whole(problem: Problem, only: Restriction | None) -> Whole:
    latency, latency_unit = _integers(problem.latency)
    importance, importance_unit = _integers(problem.importance)
    tree = build_tree(make_parts(replace(problem, latency=latency, importance=importance)), only)
    if sum(len(c.latency) for c in tree.clusters) > MOST_ENTRIES:
        raise TooMany("Its numbers span more than float64 carries, and its tables are too large to solve "
                      "without rounding.")  # fmt: skip
    for cluster in tree.clusters:  # without any table, its zeros are floats
        if cluster.latency.dtype != object:
            cluster.latency, cluster.importance = (
                np.zeros(len(cluster.latency), dtype=object) for _ in range(2)
            )
    return Whole(tree, latency_unit, importance_unit, only)


def _integers(terms) -> tuple[tuple, Fraction]:
    """The terms with Python's integers as values, and what one of these stands for."""
    exact = [[Fraction(v) for v in t.values.ravel().tolist()] for t in terms]
    unit = math.lcm(1, *(v.denominator for values in exact for v in values))
    made = []
    for term, values in zip(terms, exact, strict=True):
        table = np.empty(len(values), dtype=object)
        table[:] = [int(v * unit) for v in values]
        made.append(replace(term, values=table.reshape(term.values.shape)))
    return tuple(made), Fraction(1, unit)
