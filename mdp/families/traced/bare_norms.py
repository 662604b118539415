"""Norms without scales (DiT's, Qwen3's ends): they own no tensor that says which channels are masked.

The ledger knows their channels under the name that their scales would have.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from ..masked_norms import is_bare, kept_norm
from .ledger import Ledger


def own_channels(ledger: Ledger, name: str, axis: tuple[np.ndarray, ...]) -> None:
    """Say that a norm without scales takes its statistics over these labels. Used twice, it ties them."""
    ledger.own(f"{name}.weight", 0, axis, "input")


def masked_norms(ledger: Ledger, model: nn.Module, keep: np.ndarray) -> Iterator[tuple[str, nn.Module]]:
    """(name, norm over what stays) of every norm without scales that loses channels.

    Args:
        keep: for every label, whether it stays; shape (labels,), bool.
    """
    for (tensor, _), owned in ledger.owned.items():
        path, _, leaf = tensor.rpartition(".")
        norm = model.get_submodule(path)
        if leaf != "weight" or not is_bare(norm) or not owned.labels:
            continue
        stays = np.logical_and.reduce([keep[vector] for vector in owned.labels])
        new = None if stays.all() else kept_norm(norm, torch.from_numpy(stays))
        if new is not None:
            yield path, new
