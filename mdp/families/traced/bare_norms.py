"""Norms without scales (DiT's, Qwen3's ends): they own no tensor that says which channels are masked.

The ledger knows their channels under the name that their scales would have.
"""

import numpy as np
from torch import nn

from ..masked_norms import is_bare
from .ledger import Ledger


def own_channels(ledger: Ledger, name: str, axis: tuple[np.ndarray, ...]) -> None:
    """Say that a norm without scales takes its statistics over these labels. Used twice, it ties them."""
    ledger.own(f"{name}.weight", 0, axis, "input")


def bare_positions(ledger: Ledger, model: nn.Module, keep: np.ndarray) -> dict[str, np.ndarray]:
    """Which positions of every norm without scales stay, by its name; shape (channels,), bool.

    Args:
        keep: for every label, whether it stays; shape (labels,), bool.
    """
    found = {}
    for (tensor, _), owned in ledger.owned.items():
        path, _, leaf = tensor.rpartition(".")
        if leaf == "weight" and owned.labels and is_bare(model.get_submodule(path)):
            found[path] = np.logical_and.reduce([keep[vector] for vector in owned.labels])
    return found
