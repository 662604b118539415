"""timm's attentions with Q/K and V of different widths, in blocks of every kind.

They take over the modules of the dense attention, so that the names of tensors stay, and keep its scale.
"""

import torch
import torch.nn.functional as F
from timm.layers import DiffAttention
from torch import nn

from .vit_parts import is_differential, is_parallel_scaling

_LAMBDA = ("lambda_a", "lambda_b", "lambda_q1", "lambda_k1", "lambda_q2", "lambda_k2")


def narrow_attention(dense: nn.Module, width: int, heads: int, qk: int, v: int, hidden: int = 0) -> nn.Module:
    """What runs the tensors of `dense` once they are cut: itself where timm's class can say the widths.

    Args:
        dense: an attention, or a block whose attention and MLP come out of one layer.
        width: of the embedding.
        hidden: units of the MLP, of such a block.
    """
    same_heads = qk == dense.head_dim and v == dense.head_dim * (2 if is_differential(dense) else 1)
    if is_parallel_scaling(dense):
        if same_heads and heads * v == width:
            dense.num_heads, dense.in_split = heads, [hidden, width, width, width]
            return dense
        return NarrowParallelBlock(dense, heads, qk, v, hidden)
    if same_heads and (not is_differential(dense) or heads * v == width):  # fewer heads of the same width
        dense.num_heads, dense.attn_dim = heads, heads * v
        return dense
    return NarrowAttention(dense, heads, qk, v)


class Heads(nn.Module):
    """From q, k and v side by side to the heads' outputs side by side, as a dense attention does it.

    Columns of the input are q (heads x maps x qk), k (as q) and v (heads x v); a head has one map, or two
    whose weighted difference counts (Differential Transformer, arXiv 2410.05258).
    """

    def __init__(self, dense: nn.Module, heads: int, qk: int, v: int):
        super().__init__()
        self.num_heads, self.qk_dim, self.v_dim = heads, qk, v
        self.head_dim, self.attn_dim = v, heads * v
        self.scale = dense.scale
        self.maps = 2 if is_differential(dense) else 1
        for name in ("q_norm", "k_norm", "attn_drop"):
            setattr(self, name, getattr(dense, name))
        if self.maps > 1:
            for name in ("sub_norm", "lambda_init", *_LAMBDA):
                setattr(self, name, getattr(dense, name))

    def forward(
        self, x: torch.Tensor, attn_mask: torch.Tensor | None = None, is_causal: bool = False
    ) -> torch.Tensor:
        heads, maps, qk, v = self.num_heads, self.maps, self.qk_dim, self.v_dim
        q, k, v = x.split((heads * maps * qk, heads * maps * qk, heads * v), dim=-1)
        q, k = (
            part.unflatten(-1, (heads * maps, qk)).transpose(1, 2) for part in (q, k)
        )  # (B, heads, N, qk)
        v = v.unflatten(-1, (heads, -1)).transpose(1, 2)  # (B, heads, N, v)
        q, k = self.q_norm(q), self.k_norm(k)
        options = {
            "attn_mask": attn_mask,
            "is_causal": is_causal,
            "scale": self.scale,
            "dropout_p": self.attn_drop.p if self.training else 0.0,
        }
        if maps == 1:
            x = F.scaled_dot_product_attention(q, k, v, **options)
        else:
            (q, less_q), (k, less_k) = (part.unflatten(1, (heads, maps)).unbind(2) for part in (q, k))
            less = F.scaled_dot_product_attention(less_q, less_k, v, **options)
            x = F.scaled_dot_product_attention(q, k, v, **options)
            x = x - DiffAttention._compute_lambda(self).type_as(x) * less
            x = self.sub_norm(x) * (1 - self.lambda_init)
        return x.transpose(1, 2).flatten(2)  # (B, N, heads * v)


class NarrowAttention(Heads):
    """timm's Attention or DiffAttention. The rows of `qkv` are the columns that Heads takes."""

    def __init__(self, dense: nn.Module, heads: int, qk: int, v: int):
        super().__init__(dense, heads, qk, v)
        for name in ("qkv", "norm", "proj", "proj_drop"):
            setattr(self, name, getattr(dense, name))

    def forward(
        self, x: torch.Tensor, attn_mask: torch.Tensor | None = None, is_causal: bool = False
    ) -> torch.Tensor:
        x = super().forward(self.qkv(x), attn_mask, is_causal)
        return self.proj_drop(self.proj(self.norm(x)))


class NarrowParallelBlock(Heads):
    """timm's ParallelScalingBlock or DiffParallelScalingBlock.

    The rows of `in_proj` are the MLP's hidden units, then the columns that Heads takes. The outputs of heads
    and MLP go into one layer, `out_proj`, heads first, or each into its own.
    """

    def __init__(self, dense: nn.Module, heads: int, qk: int, v: int, hidden: int):
        super().__init__(dense, heads, qk, v)
        self.hidden = hidden
        for name in ("in_norm", "in_proj", "mlp_bias", "mlp_act", "mlp_drop", "out_proj", "ls", "drop_path"):
            setattr(self, name, getattr(dense, name))
        self.in_split = [hidden, dense.in_proj.out_features - hidden]
        self.attn_out_proj = getattr(dense, "attn_out_proj", None)
        self.mlp_out_proj = getattr(dense, "mlp_out_proj", None)

    def forward(
        self, x: torch.Tensor, attn_mask: torch.Tensor | None = None, is_causal: bool = False
    ) -> torch.Tensor:
        mlp, heads = self.in_proj(self.in_norm(x)).split(self.in_split, dim=-1)
        mlp = self.mlp_drop(self.mlp_act(mlp if self.mlp_bias is None else mlp + self.mlp_bias))
        heads = super().forward(heads, attn_mask, is_causal)
        if self.out_proj is not None:
            y = self.out_proj(torch.cat((heads, mlp), dim=-1))
        else:
            y = self.attn_out_proj(heads) + self.mlp_out_proj(mlp)
        return x + self.drop_path(self.ls(y))
