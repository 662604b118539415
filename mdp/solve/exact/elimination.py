"""From a problem to a tree of clusters: general elimination of dims, found from the problem alone.

Dims used by one removable block only are eliminated inside that block, which leaves one table over the shared
dims that the block touches; the removal of the block is a choice in that table. The shared dims are then
eliminated one by one, the cheapest first. What is left is a tree: every cluster has a table of its own
entries, links to the messages of its children, and a separator over which it sends its own message up.
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ...core.problem import Problem
from .clusters import Cluster, Factor, Link, make_cluster, sum_of


@dataclass(frozen=True, eq=False)
class Part:
    """A removable block after its own dims are eliminated: what is left are factors over shared dims."""

    clusters: list[Cluster]
    kept: list[Factor]


@dataclass(frozen=True, eq=False)
class Parts:
    """What all restrictions of a problem share: its tables per removable block, and the parts they make.

    Attributes:
        options: kept units per dim.
        tables: removable block -> its tables; None -> the tables that always count.
        owner: dim -> the removable block that alone uses it, else None.
        parts: removable block -> its part without any restriction, with and without the choice to remove it.
    """

    options: dict[str, tuple[int, ...]]
    tables: dict[str | None, list[Factor]]
    owner: dict[str, str | None]
    parts: dict[tuple[str, bool], Part]


@dataclass(frozen=True, eq=False)
class Tree:
    """The clusters, children before parents; the last is the root.

    `options` are the kept units that remain of each dim; `removed` the blocks that are removed by decree.
    """

    options: dict[str, tuple[int, ...]]
    clusters: tuple[Cluster, ...]
    removed: frozenset[str]


@dataclass(frozen=True)
class Restriction:
    """Fewer choices: indices of the options that remain of some dims, and blocks held kept or removed."""

    options: Mapping[str, np.ndarray] = field(default_factory=dict)
    blocks: Mapping[str, bool] = field(default_factory=dict)


def make_parts(problem: Problem) -> Parts:
    """Merge a problem's terms into tables and find which dims are local to a block."""
    options = {d.name: d.options for d in problem.dims}
    size = {name: len(o) for name, o in options.items()}
    tables = _tables(problem, size, {b.name for b in problem.blocks if b.removable})
    return Parts(options, tables, _owners(tables), {})


def build_tree(parts: Parts, only: Restriction | None = None) -> Tree:
    """Eliminate all dims. Parts of blocks that the restriction does not touch are made once and shared.

    Raises:
        Unsupported: some cluster would be wider than WIDEST entries; the shared dims form no narrow tree.
    """
    only = only or Restriction()
    options = {
        d: tuple(o[i] for i in only.options[d]) if d in only.options else o for d, o in parts.options.items()
    }
    size = {name: len(o) for name, o in options.items()}
    clusters: list[Cluster] = []
    factors = [_restricted(t, only) for t in parts.tables.get(None, [])]
    for block in parts.tables:
        if block is None or only.blocks.get(block) is False:
            continue
        part = _part(parts, block, only, size)
        clusters += part.clusters
        factors += part.kept
    shared = [d for d, block in parts.owner.items() if block is None and size[d] > 1]
    rest = _eliminate(factors, shared, size, clusters, last=_hub(factors, shared, size))
    clusters.append(make_cluster((), (), rest, size))
    gone = frozenset(name for name, kept in only.blocks.items() if not kept)
    return Tree(options, tuple(_fold_root(clusters)), gone)


def _part(parts: Parts, block: str, only: Restriction, size: dict[str, int]) -> Part:
    key = (block, block not in only.blocks)
    whole = parts.tables[block]
    tables = [_restricted(t, only) for t in whole]
    untouched = all(a is b for a, b in zip(tables, whole, strict=True))
    if untouched and key in parts.parts:
        return parts.parts[key]
    clusters: list[Cluster] = []
    local = [d for d, owner in parts.owner.items() if owner == block and size[d] > 1]
    kept = _eliminate(tables, local, size, clusters)
    part = Part(clusters, kept if block in only.blocks else [_decide(block, kept, size, clusters)])
    if untouched:
        parts.parts[key] = part
    return part


def _restricted(table: Factor, only: Restriction) -> Factor:
    """The table without the options that are gone; the same object if it has them all."""
    if not any(d in only.options for d in table.dims):
        return table
    dims, values = [], [table.latency, table.importance]
    for axis, name in reversed(list(enumerate(table.dims))):
        if name in only.options:
            values = [v.take(only.options[name], axis) for v in values]
        if values[0].shape[axis] == 1:
            values = [v.squeeze(axis) for v in values]
        else:
            dims.insert(0, name)
    return Factor(tuple(dims), *values)


def _tables(problem: Problem, size: dict[str, int], removable: set[str]) -> dict[str | None, list[Factor]]:
    """All terms over the same dims as one table, per removable block; None collects what always counts.

    Dims with a single option are no choice and vanish from the tables.
    """
    tables: dict[str | None, dict[tuple[str, ...], Factor]] = {}
    for which, terms in (("latency", problem.latency), ("importance", problem.importance)):
        for term in terms:
            dims = tuple(d for d in term.dims if size[d] > 1)
            scope = tuple(sorted(dims))
            values = term.values.reshape([size[d] for d in dims]).transpose([dims.index(d) for d in scope])
            block = term.block if term.block in removable else None
            table = tables.setdefault(block, {}).setdefault(scope, Factor(scope))
            sum_so_far = getattr(table, which)
            setattr(table, which, values if sum_so_far is None else sum_of(sum_so_far, values))
    for own in tables.values():
        for table in own.values():
            if table.latency is None:
                table.latency = np.zeros_like(table.importance)
            if table.importance is None:
                table.importance = np.zeros_like(table.latency)
    return {block: list(own.values()) for block, own in tables.items()}


def _owners(tables: dict[str | None, list[Factor]]) -> dict[str, str | None]:
    """For each dim in use, the removable block that alone uses it, else None."""
    owner: dict[str, str | None] = {}
    for block, own in tables.items():
        for name in sorted({d for table in own for d in table.dims}):
            owner[name] = block if name not in owner else None
    return owner


def _hub(factors: list[Factor], dims: list[str], size) -> str | None:
    """The dim that most blocks meet in, if a tree rooted there is no wider: fixing it decouples most."""
    if not dims:
        return None
    hub = max(dims, key=lambda d: (sum(d in f.dims for f in factors), size[d], d))
    return hub if _widest(factors, dims, size, hub) <= _widest(factors, dims, size, None) else None


def _widest(factors: list[Factor], dims: list[str], size, last: str | None) -> int:
    """Entries of the widest cluster of an elimination."""
    scopes, left, widest = [set(f.dims) for f in factors], set(dims), 1
    while left:
        name, span = _cheapest(scopes, left, size, last)
        widest = max(widest, math.prod(size[d] for d in span))
        scopes = [s for s in scopes if name not in s] + [span - {name}]
        left.remove(name)
    return widest


def _cheapest(scopes: list, left: set[str], size, last: str | None) -> tuple[str, set[str]]:
    """The dim whose elimination makes the smallest cluster, and the dims of that cluster; `last` waits.

    Among equals the one in fewest tables: it becomes a list that others read, not one that reads.
    """
    spans = {d: {d}.union(*(s for s in scopes if d in s)) for d in left if d != last or len(left) == 1}
    return min(
        spans.items(),
        key=lambda item: (math.prod(size[d] for d in item[1]), sum(item[0] in s for s in scopes), item[0]),
    )


def _eliminate(
    factors: list[Factor], dims: list[str], size, clusters: list[Cluster], last: str | None = None
) -> list[Factor]:
    """Eliminate `dims`, the one with the smallest cluster first; returns the factors that are left."""
    factors, left = list(factors), set(dims)
    while left:
        name, span = _cheapest([f.dims for f in factors], left, size, last)
        inside = [f for f in factors if name in f.dims]
        factors = [f for f in factors if name not in f.dims]
        cluster = make_cluster(tuple(sorted(span - {name})), (name,), inside, size)
        clusters.append(cluster)
        factors.append(Factor(cluster.dims[: cluster.separator], child=cluster))
        left.remove(name)
    return factors


def _decide(block: str, factors: list[Factor], size, clusters: list[Cluster]) -> Factor:
    """The cluster that keeps or removes a block: its message is over the shared dims that it touches."""
    dims = tuple(sorted(set().union(*(f.dims for f in factors))))
    kept = make_cluster(dims, (), factors, size)
    pairs = [np.stack([values, np.zeros_like(values)], axis=-1) for values in (kept.latency, kept.importance)]
    links = [
        Link(child, np.stack([states, np.full_like(states, -1)], axis=-1).ravel())
        for child, states in kept.links
    ]
    cluster = Cluster(
        dims, (*kept.shape, 2), len(dims), pairs[0].ravel(), pairs[1].ravel(), links, block=block
    )
    clusters.append(cluster)
    return Factor(dims, child=cluster)


def _fold_root(clusters: list[Cluster]) -> list[Cluster]:
    """Let the child of the idle root with most below it be the root, and read what its siblings send."""
    *others, root = clusters
    if not root.links:
        return clusters
    child = max((link.child for link in root.links), key=lambda c: len(c.links))
    siblings = [
        Link(link.child, np.zeros(len(child.latency), dtype=np.int64))
        for link in root.links
        if link.child is not child
    ]
    # A new cluster: the old one may be shared with other restrictions of the problem.
    top = dataclasses.replace(
        child,
        latency=child.latency + root.latency[0],
        importance=child.importance + root.importance[0],
        links=[*child.links, *siblings],
    )
    return [c for c in others if c is not child] + [top]
