"""What a recipe does to a network only while it is trained: drop path, memory format, torch.compile."""

import contextlib
from collections.abc import Iterator

import torch
from timm.layers import DropPath
from torch import nn

from ..networks.layout import check_channels_last
from .recipe import Recipe


@contextlib.contextmanager
def in_training(model: nn.Module, recipe: Recipe) -> Iterator[None]:
    """Stochastic depth, channels last and torch.compile, where the recipe has them; afterwards as it was."""
    if recipe.channels_last:
        check_channels_last(model)
    former = drop_paths(model, recipe.drop_path) if recipe.drop_path else []
    if recipe.channels_last:
        model.to(memory_format=torch.channels_last)
    if recipe.compile:
        model.compile()
    try:
        yield
    finally:
        for module, name, before in former:
            setattr(module, name, before)
        if recipe.channels_last:
            model.to(memory_format=torch.contiguous_format)
        if recipe.compile:
            model._compiled_call_impl = None  # what nn.Module.compile sets; torch has no way back


def drop_paths(model: nn.Module, rate: float) -> list[tuple[nn.Module, str, nn.Module | None]]:
    """Set stochastic depth: 0 at the first block, `rate` at the last (Huang et al. 2016, arXiv 1603.09382).

    timm's blocks name theirs drop_path, drop_path1 or drop_path2. Returns what was there before.
    """
    places = [
        [(module, name) for name in ("drop_path", "drop_path1", "drop_path2") if _is_place(module, name)]
        for module in model.modules()
    ]
    places = [names for names in places if names]
    former = []
    for i, names in enumerate(places):
        for module, name in names:
            former.append((module, name, getattr(module, name)))
            setattr(module, name, DropPath(rate * i / max(1, len(places) - 1)))
    return former


def _is_place(module: nn.Module, name: str) -> bool:
    here = getattr(module, name, "none")
    return here is None or isinstance(here, nn.Identity | DropPath)
