"""A table of whole transformer blocks over five widths, as NViT's, shared out among the parts of a block.

The time of a block is a sum over its parts, and that of a part a sum of products of its widths with
coefficients that are not negative (the trend of mdp.latency.interpolate). The coefficients are fitted to the
table; how well they tell it is the table's error. The two ends of the network are in no block: they cost
nothing here, which leaves them out of every plan alike.
"""

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import nnls

from ..core.errors import BadFile, MdpError
from .interpolate import products
from .times_files import Row, TimesFile

if TYPE_CHECKING:
    from ..networks.prunable import PrunableNetwork

AXES = ("embedding", "heads", "qk", "v", "mlp")
# In place of nothing, for what the table does not price, as a share of the dense block.
NOTHING = 1e-9


def shared_out(found: "PrunableNetwork", file: TimesFile, source: str) -> tuple[TimesFile, float]:
    """(times of every part at every width, median relative error of the fit).

    Raises:
        MdpError: the network is no transformer whose blocks have these five widths, or its blocks differ.
        BadFile: axes and table do not fit one another, or a time is no time.
    """
    axes, table = _checked(file.blocks, source)
    kinds = {dim.name: dim.kind for dim in found.space.dims}
    units = {dim.name: dim.units for dim in found.space.dims}
    blocks = {s.block: [p for p in found.segments if p.block == s.block] for s in found.segments if s.block}
    if not blocks or any({kinds[d] for p in parts for d in p.dims} != set(AXES) for parts in blocks.values()):
        raise MdpError(
            f"{source} prices transformer blocks by {', '.join(AXES)}, and {found.space.model} has no such "
            "blocks. Give one entry for each part instead (see list.csv of `mdp kit`)."
        )
    points = [dict(zip(AXES, p, strict=True)) for p in itertools.product(*(axes[a] for a in AXES))]
    rows: dict[str, Row] = {}
    errors = []
    for block, parts in blocks.items():
        widths = {kinds[d]: units[d] for p in parts for d in p.dims}
        wrong = next((a for a in AXES if max(axes[a]) != widths[a]), None)
        if wrong:
            raise MdpError(
                f"{source} does not fit {found.space.model}: its {wrong} goes up to {max(axes[wrong])}, and "
                f"that of {block} is {widths[wrong]}."
            )
        design = [_trend([[p[kinds[d]] / units[d] for d in part.dims] for p in points]) for part in parts]
        weights, _ = nnls(np.hstack(design) / table[:, None], np.ones(len(table)))
        errors.append(np.median(np.abs(np.hstack(design) @ weights / table - 1)))
        start = 0
        for part, columns in zip(parts, design, strict=True):
            own = weights[start : start + columns.shape[1]]
            start += columns.shape[1]
            _price(rows, found, part, own, NOTHING * table.max())
    for part in found.segments:
        if part.block is None:
            _price(rows, found, part, np.zeros(2 ** len(part.dims)), NOTHING * table.max())
    return dataclasses.replace(file, rows=tuple(rows.values()), blocks=None), float(max(errors))


def _trend(shares: list[list[float]]) -> np.ndarray:
    return products(np.array(shares, dtype=float))


def _price(
    rows: dict[str, Row], found: "PrunableNetwork", part: Any, weights: np.ndarray, least: float
) -> None:
    options = {dim.name: dim.options for dim in found.space.dims}
    for units in itertools.product(*(options[d] for d in part.dims)):
        shares = [n / options[d][-1] for n, d in zip(units, part.dims, strict=True)]
        key = part.at(*units).key
        rows.setdefault(key, Row(key, max(float((_trend([shares]) @ weights)[0]), least), part.name))


def _checked(data: Any, source: str) -> tuple[dict[str, list[int]], np.ndarray]:
    """(widths of each axis, times of all combinations in the order of AXES)."""
    try:
        axes = {str(name): [int(n) for n in widths] for name, widths in data["axes"].items()}
        table = np.array(data["table"], dtype=float)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise BadFile(
            f"{source} is a table of blocks without its widths. Write it as "
            '{"axes": {"embedding": [...], "heads": [...], "qk": [...], "v": [...], "mlp": [...]}, '
            '"table": ...}, in the order in which it is nested.'
        ) from None
    if sorted(axes) != sorted(AXES) or table.shape != tuple(map(len, axes.values())):
        raise BadFile(
            f"{source}: the table is {'x'.join(map(str, table.shape))}, and its axes are "
            f"{', '.join(f'{len(w)} of {n}' for n, w in axes.items())}. It needs {', '.join(AXES)}."
        )
    if not (np.isfinite(table) & (table > 0)).all():
        raise BadFile(f"{source} holds a time that is zero, negative or not finite. Measure it again.")
    return axes, table.transpose([list(axes).index(a) for a in AXES]).ravel()
