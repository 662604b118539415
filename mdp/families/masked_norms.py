"""The few modules of our own that a pruned network may need where timm's classes cannot say it.

Those of a transformer's blocks are in mdp/families/narrow_attention.py and split_blocks.py."""

import torch
import torch.nn.functional as F
from torch import nn

from .channels import is_simple_norm, is_uncentred_norm


class NarrowPool(nn.Module):
    """timm's AttentionPoolLatent reading a narrower embedding than it works in; its own width stays."""

    def __init__(self, dense: nn.Module):
        super().__init__()
        self.num_heads, self.head_dim, self.pool = dense.num_heads, dense.head_dim, dense.pool
        self.latent = dense.latent
        for name in ("q", "kv", "q_norm", "k_norm", "proj", "proj_drop", "norm", "mlp"):
            setattr(self, name, getattr(dense, name))

    def forward(self, x: torch.Tensor, attn_mask: torch.Tensor | None = None) -> torch.Tensor:
        shape = (-1, (self.num_heads, self.head_dim))
        q = self.q(self.latent.expand(x.shape[0], -1, -1)).unflatten(*shape).transpose(1, 2)
        k, v = (part.unflatten(*shape).transpose(1, 2) for part in self.kv(x).chunk(2, dim=-1))
        x = F.scaled_dot_product_attention(self.q_norm(q), self.k_norm(k), v, attn_mask=attn_mask)
        x = self.proj_drop(self.proj(x.transpose(1, 2).flatten(2)))  # (B, latents, width)
        if self.mlp is not None:
            x = x + self.mlp(self.norm(x))
        return {"token": lambda: x[:, 0], "avg": lambda: x.mean(1)}.get(self.pool, lambda: x)()


def is_bare(module: nn.Module) -> bool:
    """Whether a module is a norm without scales: no tensor of it says which of its units count."""
    return module._parameters.get("weight", module) is None


def kept_norm(norm: nn.Module, kept: torch.Tensor) -> nn.Module | None:
    """For masked networks: a norm that mixes its units, with statistics over the kept ones; else None."""
    from timm.layers.grn import GlobalResponseNorm

    if isinstance(norm, GlobalResponseNorm):
        return KeptResponseNorm(norm, kept)
    if isinstance(norm, nn.GroupNorm) and norm.num_groups == 1:
        return KeptWholeNorm(norm, kept)
    return KeptNorm(norm, kept) if isinstance(norm, nn.LayerNorm) or is_uncentred_norm(norm) else None


def kept_norms(model: nn.Module, path: str, kept: torch.Tensor) -> list[tuple[str, nn.Module]]:
    """`kept_norm` for a norm under all its names, and for those that share its scales: (name, module)."""
    own = model.get_submodule(path)
    if kept_norm(own, kept) is None:
        return []
    scales = own._parameters.get("weight")
    found = []
    for name, module in model.named_modules(remove_duplicate=False):
        if module is own or (scales is not None and module._parameters.get("weight") is scales):
            norm = kept_norm(module, kept)
            found += [] if norm is None else [(name, norm)]
    return found


class KeptNorm(nn.Module):
    """A layer, RMS or simple norm whose statistics are taken over the kept units; zero elsewhere.

    Used in masked networks alone; a pruned network has a plain norm of the kept width.
    """

    def __init__(self, norm: nn.Module, kept: torch.Tensor):
        super().__init__()
        self.weight, self.bias, self.eps = norm.weight, getattr(norm, "bias", None), norm.eps
        self.axis = 1 if channels_first(norm) else -1
        self.centred, self.simple = not is_uncentred_norm(norm), is_simple_norm(norm)
        self.act = getattr(norm, "act", nn.Identity())  # timm's LayerNormAct2d is norm and activation
        self.register_buffer("kept", kept)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.transpose(self.axis, -1)
        x, count = x * self.kept, self.kept.sum()
        centred = (x - x.sum(-1, keepdim=True) / count) * self.kept
        x = centred if self.centred else x
        spread = centred.square() if self.simple else x.square()
        variance = spread.sum(-1, keepdim=True) / (count - 1 if self.simple else count)
        eps = torch.finfo(x.dtype).eps if self.eps is None else self.eps
        x = x * torch.rsqrt(variance + eps)
        x = x if self.weight is None else x * self.weight
        x = x if self.bias is None else x + self.bias
        return self.act(x.transpose(self.axis, -1))


class KeptResponseNorm(nn.Module):
    """timm's GlobalResponseNorm (ConvNeXt V2) whose mean over channels is taken over the kept ones.

    Used in masked networks alone.
    """

    def __init__(self, norm: nn.Module, kept: torch.Tensor):
        super().__init__()
        self.norm = norm
        self.register_buffer("kept", kept)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        norm = self.norm
        size = x.norm(p=2, dim=norm.spatial_dim, keepdim=True) * self.kept.view(norm.wb_shape)
        mean = size.sum(norm.channel_dim, keepdim=True) / self.kept.sum()
        scale = norm.weight.view(norm.wb_shape) * size / (mean + norm.eps)
        return x + norm.bias.view(norm.wb_shape) + scale * x


class KeptWholeNorm(nn.Module):
    """A group norm of one group, whose statistics over channels and positions are taken over kept channels.

    Used in masked networks alone.
    """

    def __init__(self, norm: nn.GroupNorm, kept: torch.Tensor):
        super().__init__()
        self.weight, self.bias, self.eps = norm.weight, norm.bias, norm.eps
        self.act = getattr(norm, "act", nn.Identity())  # timm's GroupNorm1Act is norm and activation
        self.register_buffer("kept", kept)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shape = (-1, *(1,) * (x.ndim - 2))
        statistics = F.group_norm(x[:, self.kept], 1, eps=self.eps)
        normed = torch.zeros_like(x).index_copy(1, self.kept.nonzero().ravel(), statistics)
        if self.weight is not None:
            normed = normed * self.weight.view(shape) + self.bias.view(shape)
        return self.act(normed)


def channels_first(norm: nn.Module) -> bool:
    """Whether a norm expects channels as axis 1 of an image."""
    from timm.layers.norm import (
        LayerNorm2d,
        LayerNorm2dFp32,
        LayerNormExp2d,
        RmsNorm2d,
        RmsNorm2dFp32,
        SimpleNorm2d,
        SimpleNorm2dFp32,
    )
    from timm.layers.norm_act import LayerNormAct2d, LayerNormAct2dFp32
    from torchvision.models.convnext import LayerNorm2d as TorchvisionNorm

    timm = (LayerNorm2d, LayerNorm2dFp32, LayerNormExp2d, LayerNormAct2d, LayerNormAct2dFp32)
    uncentred = (RmsNorm2d, RmsNorm2dFp32, SimpleNorm2d, SimpleNorm2dFp32)
    return isinstance(norm, (*timm, *uncentred, TorchvisionNorm))
