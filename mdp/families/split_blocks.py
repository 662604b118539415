"""A transformer block of which one half, its attention or its MLP, was removed."""

import torch
from torch import nn

from .vit_parts import is_post_norm


def keep_half(block: nn.Module, half: str) -> nn.Module:
    """What is left of a block, whole or a half already, of which only `half`, "attn" or "mlp", stays."""
    if isinstance(block, (AttentionHalf, MlpHalf, SideBySide)):
        return nn.Identity()  # the other half was all that it had
    if hasattr(block, "attns"):
        name = {"attn": "attns", "mlp": "ffns"}[half]
        return SideBySide(name, getattr(block, name))
    return {"attn": AttentionHalf, "mlp": MlpHalf}[half](block)


class AttentionHalf(nn.Module):
    """A block whose MLP was removed."""

    def __init__(self, block: nn.Module):
        super().__init__()
        for name in ("norm1", "attn", "ls1", "drop_path1"):
            setattr(self, name, getattr(block, name, nn.Identity()))
        self.post_norm = is_post_norm(block)

    def forward(
        self, x: torch.Tensor, attn_mask: torch.Tensor | None = None, is_causal: bool = False
    ) -> torch.Tensor:
        y = x if self.post_norm else self.norm1(x)
        y = self.attn(y, attn_mask=attn_mask, is_causal=is_causal)
        return x + self.drop_path1(self.norm1(y) if self.post_norm else self.ls1(y))


class MlpHalf(nn.Module):
    """A block whose attention was removed."""

    def __init__(self, block: nn.Module):
        super().__init__()
        for name in ("norm2", "mlp", "ls2", "drop_path2"):
            setattr(self, name, getattr(block, name, nn.Identity()))
        self.post_norm = is_post_norm(block)

    def forward(
        self, x: torch.Tensor, attn_mask: torch.Tensor | None = None, is_causal: bool = False
    ) -> torch.Tensor:
        y = self.mlp(x if self.post_norm else self.norm2(x))
        return x + self.drop_path2(self.norm2(y) if self.post_norm else self.ls2(y))


class SideBySide(nn.Module):
    """The attentions, or the MLPs, of a ParallelThingsBlock, each with its norm and layer scale."""

    def __init__(self, name: str, branches: nn.ModuleList):
        super().__init__()
        setattr(self, name, branches)
        self.branches = name

    def forward(
        self, x: torch.Tensor, attn_mask: torch.Tensor | None = None, is_causal: bool = False
    ) -> torch.Tensor:
        added = []
        for branch in getattr(self, self.branches):
            if self.branches == "attns":
                y = branch.attn(branch.norm(x), attn_mask=attn_mask, is_causal=is_causal)
                added.append(branch.drop_path(branch.ls(y)))
            else:
                added.append(branch(x))
        return x + torch.stack(added).sum(dim=0)
