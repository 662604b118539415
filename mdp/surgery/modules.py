"""The few modules of our own that a pruned network may need where timm's classes cannot say it."""

import torch
import torch.nn.functional as F
from torch import nn


class NarrowAttention(nn.Module):
    """timm's Attention with Q/K and V of different widths, and the scale of the dense head.

    It takes over the modules of the attention that it replaces, so that the names of tensors stay. The rows
    of `qkv` are q (heads x qk), k (heads x qk), v (heads x v).
    """

    def __init__(self, dense: nn.Module, heads: int, qk: int, v: int):
        super().__init__()
        self.num_heads, self.qk_dim, self.v_dim = heads, qk, v
        self.head_dim, self.attn_dim = v, heads * v
        self.scale = dense.scale
        for name in ("qkv", "q_norm", "k_norm", "attn_drop", "norm", "proj", "proj_drop"):
            setattr(self, name, getattr(dense, name))

    def forward(
        self, x: torch.Tensor, attn_mask: torch.Tensor | None = None, is_causal: bool = False
    ) -> torch.Tensor:
        batch, tokens, _ = x.shape
        heads, qk, v = self.num_heads, self.qk_dim, self.v_dim
        parts = self.qkv(x).split((heads * qk, heads * qk, heads * v), dim=-1)  # each (B, N, heads * width)
        q, k, v = (part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in parts)  # (B, heads, N, width)
        x = F.scaled_dot_product_attention(
            self.q_norm(q),
            self.k_norm(k),
            v,
            attn_mask=attn_mask,
            is_causal=is_causal,
            scale=self.scale,
            dropout_p=self.attn_drop.p if self.training else 0.0,
        )  # (B, heads, N, v)
        x = self.norm(x.transpose(1, 2).reshape(batch, tokens, self.attn_dim))
        return self.proj_drop(self.proj(x))
