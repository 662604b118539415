"""From labels to dims: labels that appear in the same places, equally often, are the units of one dim."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from torch import nn
from torch.utils._pytree import tree_leaves

from ...networks.slices import Slice
from .follow import Follower
from .values import Axis, Value

TOO_FEW = "all of them depend on each other"


@dataclass(frozen=True, eq=False)
class Group:
    """The units of one dim. `roots[i]` is the label that stands for unit i, in the order of their first
    layer's rows."""

    name: str
    kind: str
    roots: np.ndarray
    layer: str


def groups(follower: Follower, left_whole: Mapping[str, str]) -> list[Group]:
    """All dims, in the order of the forward. `left_whole` names those that are not to be pruned, and why."""
    ledger = follower.ledger
    labels = ledger.labels
    root = labels.roots(np.arange(len(labels)))
    kinds = _signatures(follower, root)
    heads = {int(root[label]) for label in ledger.heads}
    components = {int(root[label]): kind for label, kind in sorted(ledger.components.items(), reverse=True)}
    found: list[Group] = []
    seen: set[int] = set()
    used: dict[str, int] = {}
    for (tensor, _), owned in ledger.owned.items():
        if owned.role != "output" or not owned.labels:
            continue
        for vector in owned.labels:
            roots, first = np.unique(root[vector], return_index=True)
            roots = roots[np.argsort(first)]
            open_ = [r for r in roots.tolist() if r not in seen and not labels.reason(r)]
            seen.update(open_)
            by_kind: dict[int, list[int]] = {}
            for r in open_:
                by_kind.setdefault(int(kinds[r]), []).append(r)
            for units in by_kind.values():
                layer = tensor.rpartition(".")[0] or tensor
                of_heads = components.get(units[0]) or ("heads" if len(owned.labels) > 1 else "")
                own = f"{layer}.{of_heads}" if of_heads else layer
                used[own] = used.get(own, 0) + 1
                name = own if used[own] == 1 else f"{own}#{used[own]}"
                reason = TOO_FEW if len(units) == 1 else left_whole.get(name, "")
                if reason:
                    labels.fix(np.array(units), reason)
                else:
                    kind = of_heads or _kind(follower, root, tensor, vector, units[0])
                    kind = "heads" if heads & set(units) else kind
                    found.append(Group(name, kind, np.array(units), layer))
    return found


def _signatures(follower: Follower, root: np.ndarray) -> np.ndarray:
    """For every label, a number that two labels share if the same axes of the same tensors and values have
    them equally often. shape (labels,), uint64."""
    random = np.random.default_rng(0)
    sums = np.zeros(len(root), np.uint64)
    for axis in _axes(follower):
        for vector in axis:
            np.add.at(sums, root[vector], random.integers(1, 2**63, dtype=np.uint64))
    return sums


def _axes(follower: Follower) -> Iterator[Axis]:
    for owned in follower.ledger.owned.values():
        yield owned.labels
    for known in follower.values.values():
        for value in tree_leaves(known):
            if isinstance(value, Value):
                yield from value.axes


def _kind(follower: Follower, root: np.ndarray, tensor: str, vector: np.ndarray, unit: int) -> str:
    """`groups` where a unit is several channels, `mlp` for what one linear layer makes, else `channels`."""
    if int((root[vector] == unit).sum()) > 1:
        return "groups"
    layers = [
        follower.model.get_submodule(name.rpartition(".")[0])
        for (name, axis), owned in follower.ledger.owned.items()
        if owned.role == "output" and name.endswith("weight") and any(unit in root[v] for v in owned.labels)
    ]
    return "mlp" if len(layers) == 1 and isinstance(layers[0], nn.Linear) else "channels"


def slices(follower: Follower, found: list[Group], block_of: Mapping[str, str]) -> list[Slice]:
    """Where the units of every dim live in the model's parameters."""
    ledger = follower.ledger
    root = ledger.labels.roots(np.arange(len(ledger.labels)))
    unit_of = np.full(len(ledger.labels), -1)
    dim_of = np.full(len(ledger.labels), -1)
    for i, group in enumerate(found):
        unit_of[group.roots], dim_of[group.roots] = np.arange(len(group.roots)), i
    parameters = {name for name, _ in follower.model.named_parameters()}
    result = []
    for (tensor, axis), owned in ledger.owned.items():
        if tensor not in parameters:
            continue
        for vector in owned.labels:
            roots = root[vector]
            for i in sorted(set(dim_of[roots].tolist()) - {-1}):
                places = np.flatnonzero(dim_of[roots] == i)
                order = np.argsort(unit_of[roots[places]], kind="stable")
                index = places[order].reshape(len(found[i].roots), -1)
                result.append(Slice(found[i].name, tensor, axis, index, block_of.get(tensor), owned.role))
    return result
