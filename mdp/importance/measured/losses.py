"""From losses measured here and there to the loss of every dim at every option, and of every block."""

from collections.abc import Mapping

import numpy as np

from ...core.space import Space
from ...core.study import Scores
from .curves import Rate, fitted, joined
from .decisions import kinds_of
from .encode import removed_scores
from .evaluate import Decision


def tables(
    space: Space, base: Scores, measured: Mapping[Decision, float]
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """(dim -> losses at its options, falling to 0; removable block -> loss without it).

    A dim that was not measured has the score's curve at the exchange rate of its kind; a block, what the
    narrowest widths of its own dims lose together, times how that compares for the blocks that were measured.
    """
    removed = {d.name: removed_scores(base, d.name, d.options) for d in space.dims}
    rates = rates_of(space, base, measured)
    kinds = kinds_of(space, base)
    curves = {}
    for d in space.dims:
        own = {kept: loss for (what, name, kept), loss in measured.items() if (what, name) == ("dim", d.name)}
        curves[d.name] = joined(d.options, rates[kinds[d.name]].of(removed[d.name]), own)
    return curves, _blocks(space, base, curves, measured)


def rates_of(space: Space, base: Scores, measured: Mapping[Decision, float]) -> dict[str, Rate]:
    """kind -> exchange rate: the kind's own measurements, else those of all kinds, else 1."""
    kinds = kinds_of(space, base)
    removed = {
        (d.name, kept): value
        for d in space.dims
        for kept, value in zip(d.options, removed_scores(base, d.name, d.options), strict=True)
    }
    pairs: dict[str, list[tuple[float, float]]] = {kind: [] for kind in kinds.values()}
    for (what, name, kept), loss in measured.items():
        if what == "dim" and (name, kept) in removed:
            pairs[kinds[name]].append((removed[name, kept], loss))
    every = fitted(*_columns([pair for of_kind in pairs.values() for pair in of_kind])) or Rate(1.0)
    return {kind: fitted(*_columns(of_kind)) or every for kind, of_kind in pairs.items()}


def _columns(pairs: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [a for a, _ in pairs], [b for _, b in pairs]


def _blocks(
    space: Space, base: Scores, curves: Mapping[str, np.ndarray], measured: Mapping[Decision, float]
) -> dict[str, float]:
    users: dict[str, set[str | None]] = {d.name: set() for d in space.dims}
    for _, block, dim, _ in base.shares:
        users[dim].add(block)
    inside = {
        b.name: sum(float(curves[dim][0]) for dim, of in users.items() if of == {b.name})
        for b in space.blocks
        if b.removable
    }
    known = {b: max(0.0, measured["block", b, 0]) for b in inside if ("block", b, 0) in measured}
    ratios = [known[b] / inside[b] for b in known if inside[b] > 0]
    ratio = float(np.median(ratios)) if ratios else 1.0
    return {b: known.get(b, ratio * inside[b]) for b in inside}
