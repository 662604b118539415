"""Norms that somebody wrote out by hand, known by what they compute: each becomes the library's layer.

Taken step by step, their statistics over channels would keep every channel whole.
"""

from collections.abc import Iterator

import torch
from timm.layers import LayerNorm2d, RmsNorm, RmsNorm2d
from torch import nn
from torchvision.ops import FrozenBatchNorm2d

from .layers import forward_is_known

_USUAL_EPS = (1e-6, 1e-5, 1e-8, 1e-12)
_CLOSE = 1e-5
# Sizes of an image to try on: neither is the number of channels.
_SIDES = (7, 5, 3)


def spell_out_norms(model: nn.Module) -> None:
    """Put a layer of torch, timm or torchvision in the place of every module that computes the same. The
    tensors are shared, and keep their names."""
    for name, module in list(model.named_modules()):
        plain = _plain(module) if name else None
        if plain is not None:
            model.set_submodule(name, plain.train(module.training))


def has_own_norms(model: nn.Module) -> bool:
    """Whether a network has such modules."""
    return any(_plain(m) is not None for name, m in model.named_modules() if name)


def _plain(module: nn.Module) -> nn.Module | None:
    tensors = {**module._parameters, **module._buffers}
    if forward_is_known(module) or list(module.children()) or "weight" not in tensors:
        return None
    weight = tensors["weight"]
    if weight is None or weight.ndim != 1 or len(weight) < 2 or weight.is_meta:
        return None
    if any(t is None or t.shape != weight.shape for t in tensors.values()):
        return None
    for candidate, shape in _candidates(module, tensors):
        if _same(module, candidate, shape):
            for leaf in module._parameters:
                setattr(candidate, leaf, getattr(module, leaf))
            for leaf in module._buffers:
                setattr(candidate, leaf, getattr(module, leaf))
            return candidate
    return None


def _candidates(
    module: nn.Module, tensors: dict[str, torch.Tensor]
) -> Iterator[tuple[nn.Module, tuple[int, ...]]]:
    """(layer, shape of an image that it takes), the layer with the tensors' values."""
    n = len(tensors["weight"])
    high, wide = (s for s in _SIDES if s != n and (s != 3 or n in _SIDES[:2]))
    kinds = {
        ("bias", "weight"): (nn.LayerNorm, LayerNorm2d),
        ("weight",): (RmsNorm, RmsNorm2d),
        ("bias", "running_mean", "running_var", "weight"): (FrozenBatchNorm2d,),
    }.get(tuple(sorted(tensors)), ())
    if kinds == (FrozenBatchNorm2d,) and module._parameters:
        kinds = (nn.BatchNorm2d,)
    for kind in kinds:
        last = kind in (nn.LayerNorm, RmsNorm)
        for eps in dict.fromkeys((*_numbers(module), *_USUAL_EPS)):
            made = kind(n, eps=eps).eval()
            with torch.no_grad():
                for leaf, tensor in tensors.items():
                    getattr(made, leaf).copy_(tensor)
            yield made, ((2, high, wide, n) if last else (2, n, high, wide))


def _numbers(module: nn.Module) -> Iterator[float]:
    """Small numbers among a module's settings: one may be its epsilon."""
    for value in vars(module).values():
        if isinstance(value, float) and 0 < value < 0.01:
            yield value


def _same(module: nn.Module, candidate: nn.Module, shape: tuple[int, ...]) -> bool:
    """Whether two modules give the same for any numbers, small ones too, where an epsilon shows."""
    random = torch.Generator().manual_seed(0)
    try:
        with torch.no_grad():
            for size in (1.0, 1e-3):
                x = size * torch.randn(shape, generator=random, device="cpu")
                a, b = module(x.clone()), candidate(x)
                if not isinstance(a, torch.Tensor) or a.shape != b.shape:
                    return False
                if not torch.allclose(a, b, _CLOSE, _CLOSE * float(b.abs().max())):
                    return False
    except Exception:  # whatever a stranger's forward raises
        return False
    return True
