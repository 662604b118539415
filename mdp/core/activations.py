"""Peak memory of activations as a resource: from what is in memory at once, step by step, to tables.

A limit of it forbids choices, one table entry at a time; it takes no part in any sum.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from .problem_reader import MOST_AXES, MOST_CELLS
from .resources import ACTIVATIONS, BYTES
from .space import Moment
from .terms import Dim, Resource, Term

# A table's block, and its dims.
Scope = tuple[str | None, tuple[str, ...]]


def activation_memory(
    moments: Sequence[Moment], dims: Collection[Dim], provenance: Mapping[str, Any]
) -> tuple[Resource, ...]:
    """The resource, in bytes at the batch and the type of `provenance`; () where it is not known.

    Each table is over one block and some dims; entries that another table covers are left out.
    """
    batch, dtype = provenance.get("batch"), provenance.get("dtype")
    size = BYTES.get(dtype.lower(), 0) if isinstance(dtype, str) else 0
    if not moments or not size or not isinstance(batch, int | float) or not batch > 0:
        return ()
    by_name = {d.name: d for d in dims}
    scopes: dict[Scope, list[Moment]] = {}
    for moment in moments:
        used = {d for _, own in moment.parts for d in own}
        scopes.setdefault((moment.block, tuple(sorted(used))), []).append(moment)
    cells = (math.prod(len(by_name[d].options) for d in scope) for _, scope in scopes)
    if any(len(scope) > MOST_AXES for _, scope in scopes) or sum(cells) > MOST_CELLS // 2:
        return ()
    tables = {at: _largest(own, at[1], by_name) * (batch * size) for at, own in scopes.items()}
    terms = tuple(
        Term(" x ".join(scope) or "fixed", block, scope, values)
        for (block, scope), values in tables.items()
        if not _covered((block, scope), values, tables)
    )
    return (Resource(ACTIVATIONS, "bytes", terms, peak=True),)


def _largest(moments: Sequence[Moment], scope: tuple[str, ...], dims: Mapping[str, Dim]) -> np.ndarray:
    """The most elements that any of these moments holds, for all widths of `scope`."""
    found = np.zeros([len(dims[d].options) for d in scope])
    for moment in moments:
        total = np.zeros_like(found)
        for factor, own in moment.parts:
            values = np.full((), float(factor))
            for name in own:
                axis = scope.index(name)
                width = np.array(dims[name].options, dtype=float)
                values = values * width.reshape([-1 if i == axis else 1 for i in range(len(scope))])
            total = total + values
        found = np.maximum(found, total)
    return found


def _covered(at: Scope, values: np.ndarray, tables: Mapping[Scope, np.ndarray]) -> bool:
    """Whether another table that counts whenever this one does has nowhere less."""
    block, scope = at
    for (other, wide), most in tables.items():
        if (other, wide) == at or other not in (block, None) or not set(scope) <= set(wide):
            continue
        own = values.reshape([values.shape[scope.index(d)] if d in scope else 1 for d in wide])
        if (own <= most).all():
            return True
    return False


def less_covered(moments: Sequence[Moment]) -> tuple[Moment, ...]:
    """The moments without those that another of the same block is nowhere below, whatever the widths.

    >>> one, two = Moment("b", ((2.0, ("x",)),)), Moment("b", ((3.0, ("x",)), (1.0, ())))
    >>> less_covered([one, two]) == (two,)
    True
    """
    parts = [(m.block, dict(_summed(m))) for m in moments]
    kept: list[tuple[str | None, dict]] = []
    for block, own in parts:
        if any(b in (block, None) and _below(own, more) for b, more in kept):
            continue
        kept = [(b, more) for b, more in kept if not (b == block and _below(more, own))]
        kept.append((block, own))
    return tuple(Moment(b, tuple((f, dims) for dims, f in own.items())) for b, own in kept)


def _summed(moment: Moment) -> dict[tuple[str, ...], float]:
    found: dict[tuple[str, ...], float] = {}
    for factor, dims in moment.parts:
        key = tuple(sorted(dims))
        found[key] = found.get(key, 0.0) + factor
    return found


def _below(less: Mapping[tuple[str, ...], float], more: Mapping[tuple[str, ...], float]) -> bool:
    return all(factor <= more.get(dims, 0.0) for dims, factor in less.items())
