"""From a decision to positions in tensors: what masking zeroes and extraction cuts away."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from ..core.errors import MdpError
from ..families import PrunableNetwork, family


def check_decision(
    found: PrunableNetwork,
    choices: Mapping[str, int | None],
    removed: Collection[str],
    order: Mapping[str, Sequence[int]],
) -> None:
    """Refuse a decision that does not fit the model, before anything is cut.

    Raises:
        MdpError: an unknown dim or block, a width out of range, a missing width, an order that is no order.
    """
    space = found.space
    removable = {b.name: b.removable for b in space.blocks}
    for block in removed:
        if not removable.get(block, False):
            known = "cannot be removed" if block in removable else "does not exist"
            raise MdpError(f"Block {block!r} {known} in {space.model}; the plan is for another model.")
    strangers = set(choices) - {d.name for d in space.dims}
    if strangers:
        raise MdpError(f"{space.model} has no dim {min(strangers)!r}; the plan is for another model.")
    used = _used_dims(found, removed)
    for dim in space.dims:
        kept = choices.get(dim.name)
        if kept is None:
            if dim.name in used:
                raise MdpError(f"The plan does not say how much of {dim.name!r} stays.")
        elif not 1 <= kept <= dim.units:
            raise MdpError(f"Dim {dim.name!r} of {space.model} has {dim.units} units and cannot keep {kept}.")
        elif kept < dim.units and len(dim.options) == 1:
            raise MdpError(f"Dim {dim.name!r} of {space.model} keeps all of its {dim.units} units.")
        elif kept < dim.units and sorted(order.get(dim.name, ())) != list(range(dim.units)):
            raise MdpError(f"The order of dim {dim.name!r} must name each of its {dim.units} units once.")


def kept_units(
    found: PrunableNetwork, choices: Mapping[str, int | None], order: Mapping[str, Sequence[int]]
) -> dict[str, np.ndarray]:
    """The units that stay, in the dense model's order; all of them for a dim that is gone or dense."""
    kept = {}
    for dim in found.space.dims:
        width = choices.get(dim.name)
        whole = width is None or width == dim.units
        kept[dim.name] = np.arange(dim.units) if whole else np.sort(np.asarray(order[dim.name])[:width])
    return kept


def kept_positions(
    found: PrunableNetwork, kept: Mapping[str, np.ndarray]
) -> dict[str, dict[int, np.ndarray]]:
    """tensor -> axis -> which positions stay, shape (length of the axis,), bool.

    A position stays if every dim that owns it keeps the unit that it belongs to.
    """
    tensors = dict(found.model.named_parameters())
    positions: dict[str, dict[int, np.ndarray]] = {}
    for s in found.slices:
        stay = positions.setdefault(s.tensor, {}).setdefault(
            s.axis, np.ones(tensors[s.tensor].shape[s.axis], dtype=bool)
        )
        gone = np.setdiff1d(np.arange(len(s.index)), kept[s.dim])
        stay[s.index[gone].ravel()] = False
    return positions


def bare_positions(
    found: PrunableNetwork, kept: Mapping[str, np.ndarray]
) -> dict[str, dict[int, np.ndarray]]:
    """As `kept_positions`, of norms without scales, under the name that their scales would have."""
    if found.anatomy is None:  # no network of the families has any
        return {}
    norms = family(found.space.family).positions_of_bare_norms(found, kept)
    return {f"{name}.weight": {0: stay} for name, stay in norms.items()}


def _used_dims(found: PrunableNetwork, removed: Collection[str]) -> set[str]:
    return {s.dim for s in found.slices if s.block not in removed}
