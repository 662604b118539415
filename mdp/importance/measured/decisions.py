"""Which decisions to measure: coarse ones first, then those that plans are made of.

Latency is not known when a network is scored, so plans are solved for multiply-adds: they take the same
widths down as far, if not in the same order.
"""

from collections.abc import Collection, Iterable, Mapping

import numpy as np

from ...core.errors import MdpError
from ...core.problem import Problem, Term
from ...core.space import Space
from ...core.study import Scores
from ...solve import solve
from .evaluate import Decision

# Shares of the dense network's multiply-adds that plans are solved for.
BUDGETS = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.25, 0.2, 0.15)
# Dims of a kind that are measured to set its exchange rate.
DIMS_A_KIND = 3


def blocks_of(space: Space) -> list[Decision]:
    """Every removable block gone."""
    return [("block", b.name, 0) for b in space.blocks if b.removable]


def coarse(space: Space) -> tuple[list[Decision], list[Decision]]:
    """(every dim at its middle option, then at its narrowest and its first cut)."""
    middle, ends = [], []
    for dim in space.dims:
        last = len(dim.options) - 1
        at = list(dict.fromkeys(i for i in (last // 2, 0, last - 1) if 0 <= i < last))
        chosen = [("dim", dim.name, dim.options[i]) for i in at]
        middle += chosen[:1]
        ends += chosen[1:]
    return middle, ends


def sampled(space: Space, kinds: Mapping[str, str]) -> list[Decision]:
    """Two widths of a few dims of each kind, first, last and in between: enough for a rate and its slope."""
    found = []
    for kind in dict.fromkeys(kinds.values()):
        dims = [d for d in space.dims if kinds[d.name] == kind and len(d.options) > 1]
        picks = np.unique(np.linspace(0, len(dims) - 1, DIMS_A_KIND).round().astype(int)) if dims else ()
        for dim in (dims[i] for i in picks):
            last = len(dim.options) - 1
            found += [("dim", dim.name, dim.options[i]) for i in sorted({last // 3, (2 * last) // 3})]
    return list(dict.fromkeys(d for d in found))


def kinds_of(space: Space, scores: Scores) -> dict[str, str]:
    """dim -> kind of exchange rate: the dim's kind, and whether several blocks share it."""
    users: dict[str, set] = {d.name: set() for d in space.dims}
    for _, block, dim, _ in scores.shares:
        users[dim].add(block)
    return {d.name: f"{d.kind} shared" if len(users[d.name]) > 1 else d.kind for d in space.dims}


def used_by_plans(space: Space, scores: Scores, known: Collection[Decision]) -> list[Decision]:
    """What plans under the current scores choose, as far as it is not known."""
    widest = {d.name: d.options[-1] for d in space.dims}
    found: dict[Decision, None] = {}
    problem = by_macs(space, scores)
    for share in BUDGETS:
        try:
            plan = solve(problem, share * problem.dense_latency)
        except MdpError:  # nothing is that small
            continue
        for dim, kept in plan.choices.items():
            if kept is not None:
                found["dim", dim, kept] = None
    return [decision for decision in found if decision not in known and decision[2] != widest[decision[1]]]


def by_macs(space: Space, scores: Scores) -> Problem:
    """The problem in which latency is multiply-adds of one image."""
    dims = tuple(d.as_dim() for d in space.dims)
    by_name = {d.name: d for d in dims}
    return Problem(
        name=space.model,
        latency_unit="MACs",
        dims=dims,
        blocks=space.blocks,
        latency=tuple(_terms(space, by_name)),
        importance=scores.terms(by_name),
    )


def _terms(space: Space, dims: Mapping) -> Iterable[Term]:
    sums: dict[tuple[str | None, tuple[str, ...]], np.ndarray] = {}
    for product in space.counts["macs"]:
        names = tuple(dict.fromkeys(product.dims))
        value = np.array(product.factor, dtype=np.float64)
        for name in names:
            widths = np.array(dims[name].options, dtype=np.float64) ** product.dims.count(name)
            value = np.multiply.outer(value, widths)
        key = product.block, names
        sums[key] = sums[key] + value if key in sums else value
    for i, ((block, names), values) in enumerate(sums.items()):
        yield Term(f"macs {i}", block, names, values)
