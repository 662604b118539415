"""Isomorphic Pruning (Fang et al., ECCV 2024; VainF/Isomorphic-Pruning) on a Problem, as a rival.

Dims of one structure form a scope. Within a scope units compete by their score over the mean of their dim,
and every scope loses the same share of its units; that share is the smallest with which the table meets the
budget. Latency plays no part in the choice, and no block is removed. Where this differs from the original:

- Scopes follow the kind of a dim and, for channels, the place of its layer within the blocks of a stage; the
  original compares the graphs of coupled layers.
- A unit's score is its step's share of the study's own curve; units go in bundles of one option's step, from
  the least important up, and the narrowest option always stays.
- Bundles are coarser than units: where several scopes come to lose one at the same share, they lose it one
  after the other, the lowest score first, until the budget is met. All at once would fall far below it.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from ...core.problem import Dim, Problem
from ..curves import importance_curves
from ..heuristic import Found
from ..protocol import Clock
from .first_fit import first_fit


@dataclass(frozen=True)
class Bundle:
    """A step of one dim, from option `index` down to the one before.

    `share` is that of its scope's units that are gone once it goes, `score` that of one of its units over the
    mean of the dim.
    """

    share: float
    score: float
    dim: str
    index: int


def search(problem: Problem, budget: float, clock: Clock) -> Found:
    """The smallest share of units, the same in every scope, with which the budget is met, by bisection."""
    bundles = sorted(rows(problem), key=lambda b: (b.share, b.score))

    def at(i: int) -> dict[str, int]:
        index = {d.name: len(d.options) - 1 for d in problem.dims}
        for bundle in bundles[:i]:
            index[bundle.dim] = min(index[bundle.dim], bundle.index - 1)
        return {d.name: d.options[index[d.name]] for d in problem.dims}

    return first_fit(problem, budget, len(bundles) + 1, at, clock)


def scope(problem: Problem, dim: Dim) -> tuple[str, ...]:
    """What a dim shares with those that it competes with.

    `layer2.0.conv1` and `layer2.1.conv1` share theirs, `layer2` has its own; embedding, heads, widths of
    heads (qk and v) and MLP are one scope each.
    """
    if dim.kind != "channels":
        return ("head widths" if dim.kind in ("qk", "v") else dim.kind,)
    for block in problem.blocks:
        stage, dot, _ = block.name.rpartition(".")
        if dot and dim.name.startswith(f"{block.name}."):
            return dim.kind, stage, dim.name.removeprefix(f"{block.name}.")
    return dim.kind, dim.name


def rows(problem: Problem) -> list[Bundle]:
    """All bundles that may go, with the share of their scope's units at which they do."""
    scopes = defaultdict(list)
    for dim in problem.dims:
        scopes[scope(problem, dim)].append(dim)
    curves = importance_curves(problem)
    return [bundle for dims in scopes.values() for bundle in _row(dims, curves)]


def _row(dims: list[Dim], curves: dict[str, np.ndarray]) -> list[Bundle]:
    scores = {d.name: _scores(d, curves[d.name]) for d in dims}
    order = sorted(
        ((scores[d.name][i - 1], n, -i, d) for n, d in enumerate(dims) for i in range(1, len(d.options))),
        key=lambda row: row[:3],
    )
    units, gone, row = sum(d.dense for d in dims), 0, []
    for score, _, minus, dim in order:
        gone += dim.options[-minus] - dim.options[-minus - 1]
        row.append(Bundle(gone / units, float(score), dim.name, -minus))
    return row


def _scores(dim: Dim, curve: np.ndarray) -> np.ndarray:
    """Of each step up, the score of one of its units over the dim's mean; shape (options - 1,).

    A bundle cannot go before less important ones, so its score is at least theirs.
    """
    own = np.diff(curve) / np.diff(dim.options)
    mean = float(curve[-1]) / dim.dense
    own = own / mean if mean > 0 else own
    return np.maximum.accumulate(own[::-1])[::-1]
