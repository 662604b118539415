"""Scores as JSON, as studies and files of scores hold them: written, and read with every entry checked."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from .study_record import Scores


def scores_to_json(scores: Scores) -> dict[str, Any]:
    """What `scores_from_json` reads; shares are kept with six digits."""
    return {
        "provenance": dict(scores.provenance),
        "order": {dim: np.asarray(order).tolist() for dim, order in scores.order.items()},
        "shares": [
            {"name": name, "block": block, "dim": dim, "values": [float(f"{v:.6g}") for v in values]}
            for name, block, dim, values in scores.shares
        ],
        **({"blocks": dict(scores.blocks)} if scores.blocks else {}),
    }


def scores_from_json(data: Any) -> Scores:
    """Check and build Scores. Raises KeyError, TypeError or ValueError, naming the entry that is wrong."""
    for key, kind in (("order", Mapping), ("shares", list), ("provenance", Mapping)):
        if not isinstance(data[key], kind):
            raise ValueError(f"{key}, which is no {'list' if kind is list else 'object'}")
    order = {dim: _order(dim, units) for dim, units in data["order"].items()}
    shares = tuple(_share(share, order) for share in data["shares"])
    return Scores(order, shares, dict(data["provenance"]), _blocks(data))


def _blocks(data: Mapping[str, Any]) -> dict[str, float]:
    """What blocks are worth as a whole; files without it were written before there were any."""
    blocks = data.get("blocks", {})
    if not isinstance(blocks, Mapping):
        raise ValueError("blocks, which is no object")
    for name, value in blocks.items():
        if type(value) not in (int, float) or not np.isfinite(float(value)):
            raise ValueError(f"what block {name!r} is worth as a whole, which is not a number")
    return {name: float(value) for name, value in blocks.items()}


def _order(dim: str, units: Any) -> np.ndarray:
    """Each unit once. Compared as Python's numbers: none is too large, and a half is no unit."""
    if not isinstance(units, list) or any(type(u) is not int for u in units):
        raise ValueError(f"the order of dim {dim!r}, which must hold whole numbers")
    if sorted(units) != list(range(len(units))):
        raise ValueError(f"the order of dim {dim!r}, which must name each unit once")
    return np.array(units, dtype=np.int64)


def _share(share: Any, order: Mapping[str, np.ndarray]) -> tuple[str, str | None, str, np.ndarray]:
    if not isinstance(share, Mapping):
        raise ValueError("a share, which must be an object")
    name, block, dim, values = (share[key] for key in ("name", "block", "dim", "values"))
    if not isinstance(name, str) or not isinstance(block, str | None):
        raise ValueError(f"share {name!r}, whose name and block must be texts")
    fits = (
        isinstance(dim, str) and dim in order and isinstance(values, list) and len(values) == len(order[dim])
    )
    if not fits or any(type(v) not in (int, float) for v in values):
        raise ValueError(f"share {name!r}, which does not fit its dim")
    numbers = np.array([float(v) for v in values])
    if not np.isfinite(numbers).all():
        raise ValueError(f"share {name!r}, which holds what is not a number")
    return name, block, dim, numbers
