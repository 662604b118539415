"""Measured losses as `Scores`: unit values whose sums are what each width keeps, and a constant per block."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...core.space import Space
from ...core.study import Scores


def encoded(
    space: Space,
    base: Scores,
    losses: Mapping[str, np.ndarray],
    blocks: Mapping[str, float],
    provenance: Mapping[str, Any],
) -> Scores:
    """Scores whose terms lose exactly `losses` when a dim is narrowed, and `blocks` when a block is removed.

    Units keep the order and the proportions of the cheap score between two widths offered. A block is worth
    what was measured of it whole, which is less than the sum of its dims alone: each of them can break the
    block by itself. Its constant is the difference, mostly negative.

    Args:
        losses: dim -> loss at each of its options, falling to 0, shape (options,).
        blocks: removable block -> loss without it.
    """
    options = {d.name: d.options for d in space.dims}
    factors = {dim: _per_unit(base, dim, options[dim], losses[dim]) for dim in base.order}
    shares = tuple(
        (name, block, dim, _scaled(values, base.order[dim], factors[dim], _parts(base, dim)))
        for name, block, dim, values in base.shares
    )
    constants = {}
    for block, loss in blocks.items():
        inside = sum(float(values.sum()) for _, owner, _, values in shares if owner == block)
        constants[block] = float(max(0.0, loss) - inside)
    return dataclasses.replace(base, shares=shares, provenance=dict(provenance), blocks=constants)


def removed_scores(base: Scores, dim: str, options: Sequence[int]) -> np.ndarray:
    """What the score says is lost at each option of a dim, shape (options,), falling to 0."""
    ranked = np.sum(_values(base, dim), axis=0)[base.order[dim]]
    kept = np.cumsum(np.maximum(ranked, 0.0))
    return kept[-1] - kept[np.asarray(options) - 1]


def _values(base: Scores, dim: str) -> list[np.ndarray]:
    return [values for _, _, name, values in base.shares if name == dim]


def _parts(base: Scores, dim: str) -> int:
    return len(_values(base, dim))


def _per_unit(base: Scores, dim: str, options: Sequence[int], losses: np.ndarray) -> np.ndarray:
    """Each rank's share of the measured loss, shape (units,): [factor, addend] per rank, shape (units, 2).

    Between two widths a unit's value is the score's times one factor; where the score has nothing to divide
    by, it is the same for all units.
    """
    ranked = np.maximum(np.sum(_values(base, dim), axis=0)[base.order[dim]], 0.0)
    # The narrowest width is never left: what its units are worth is a matter of presentation, and kept
    # modest.
    gone = float(ranked[options[0] :].sum())
    top = float(losses[0]) * min(1.0, float(ranked[: options[0]].sum()) / gone if gone > 0 else 1.0)
    worth = [top, *(-np.diff(losses))]
    found = np.zeros((len(ranked), 2))
    for start, end, value in zip((0, *options[:-1]), options, worth, strict=True):
        mass = float(ranked[start:end].sum())
        column, amount = (0, value / mass) if mass > 0 else (1, value / (end - start))
        found[start:end, column] = amount
    return found


def _scaled(values: np.ndarray, order: np.ndarray, factors: np.ndarray, parts: int) -> np.ndarray:
    scaled = np.empty(len(values))
    scaled[order] = np.maximum(values[order], 0.0) * factors[:, 0] + factors[:, 1] / parts
    return scaled
