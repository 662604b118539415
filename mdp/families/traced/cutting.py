"""Which positions stay along every axis, and layers cut down to them."""

import copy

import numpy as np
import torch
from torch import fx, nn

from ...networks.resize import correct, correct_bare, loosen
from ..masked_norms import is_bare
from .ledger import Ledger
from .values import Axis, Value


def _copied(old: nn.Module) -> nn.Module:
    """A copy that shares its tensors. Of torch's own layers a shallow one does, in a tenth of the time."""
    if old._modules or not type(old).__module__.startswith("torch.nn.modules"):
        return copy.deepcopy(old, {id(t): t for t in (*old.parameters(), *old.buffers())})
    new = copy.copy(old)
    new.__dict__.update({k: copy.copy(v) for k, v in vars(old).items() if isinstance(v, dict | set | list)})
    return new


class Cutter:
    """Answers what stays of values, tensors and layers.

    Args:
        keep: for every label, whether it stays; shape (labels,), bool.
    """

    def __init__(self, traced: nn.Module, ledger: Ledger, keep: np.ndarray):
        self.traced, self.ledger, self.keep = traced, ledger, keep
        self._tensors: dict[str, torch.Tensor] = {}

    def stays(self, axis: Axis, size: int) -> np.ndarray:
        """Which positions of an axis stay, shape (size,), bool: those that all that own them keep."""
        found = np.ones(size, dtype=bool)
        for vector in axis:
            found &= self.keep[vector]
        return found

    def count(self, value: Value, axis: int) -> int:
        """How many positions stay along an axis of a value."""
        return int(self.stays(value.axes[axis], value.shape[axis]).sum())

    def shape(self, value: Value) -> tuple[int, ...]:
        """The shape of what stays of a value."""
        return tuple(self.count(value, axis) for axis in range(len(value.shape)))

    def tensor(self, name: str, traced: fx.GraphModule | None = None) -> torch.Tensor:
        """What stays of a parameter or buffer: the same new tensor for all names of one. `traced` has
        constants that the trace made."""
        name = self.ledger.names.get(name, name)
        if name not in self._tensors:
            path, _, leaf = name.rpartition(".")
            module = self.traced.get_submodule(path)
            old = getattr(module if traced is None or hasattr(module, leaf) else traced, leaf)
            cut = old.detach()
            # A masked norm says which of its units count: one for each of its weights.
            owner = f"{path}.weight" if leaf == "kept" else name
            for axis in range(old.ndim):
                owned = self.ledger.owned.get((owner, axis))
                if owned is not None and owned.labels:
                    stay = self.stays(owned.labels, old.shape[axis])
                    cut = cut.index_select(axis, torch.from_numpy(stay.nonzero()[0]))
            cut = cut.clone()
            is_parameter = isinstance(old, nn.Parameter)
            self._tensors[name] = nn.Parameter(cut, old.requires_grad) if is_parameter else cut
        return self._tensors[name]

    def layer(self, name: str) -> nn.Module:
        """A copy of a layer with what stays of its tensors. The dense ones are not copied."""
        new = _copied(self.traced.get_submodule(name))
        for path, module in new.named_modules():
            for tensors in (module._parameters, module._buffers):
                for leaf, tensor in list(tensors.items()):
                    if tensor is not None:
                        tensors[leaf] = self.tensor(".".join(filter(None, (name, path, leaf))))
        self._correct(name, new)
        loosen(new)
        return new

    def _correct(self, name: str, new: nn.Module) -> None:
        old, groups = self.traced.get_submodule(name), getattr(new, "groups", 1)
        for module in new.modules():
            if next(iter(module._parameters.values()), None) is not None or module._buffers:
                correct(module)
        bare = self.ledger.owned.get((f"{name}.weight", 0)) if is_bare(new) else None
        if bare is not None and bare.labels:
            correct_bare(new, int(self.stays(bare.labels, len(bare.labels[0])).sum()))
        if isinstance(groups, int) and groups > 1 and hasattr(new, "in_channels"):
            transposed = bool(new.transposed)
            owned = self.ledger.owned.get((self.ledger.names[f"{name}.weight"], 0))
            kept = self.stays(owned.labels if owned else (), old.weight.shape[0])
            each = old.weight.shape[0] // groups  # rows of one group
            whole = kept.reshape(groups, each).any(axis=1)  # groups of which something stays
            new.groups = int(whole.sum())
            rows, columns = new.weight.shape[0], new.weight.shape[1] * new.groups
            new.in_channels, new.out_channels = (rows, columns) if transposed else (columns, rows)
        if hasattr(old, "groups") and not hasattr(old, "in_channels"):  # a norm over groups, kept whole
            new.groups = old.groups * new.weight.shape[0] // old.weight.shape[0]
