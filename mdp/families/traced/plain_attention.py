"""torch's own attention and transformer layers, step by step, in the place of one step that none can follow.

They compute what torch's do and hold the same tensors under the same names. What they do not spell out (masks
of padding, keys of another value than the queries) goes the way that it went.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from . import windows


class PlainAttention(nn.MultiheadAttention):
    """Attention of a sequence to itself."""

    def forward(self, query: Any, key: Any, value: Any, *more: Any, **options: Any) -> Any:
        if not self._is_plain(query, key, value, more, options):
            return super().forward(query, key, value, *more, **options)
        x = query if self.batch_first else query.transpose(0, 1)
        b, n = x.shape[0], x.shape[1]
        qkv = F.linear(x, self.in_proj_weight, self.in_proj_bias)
        q, k, v = (
            part.reshape(b, n, self.num_heads, self.head_dim).transpose(1, 2) for part in qkv.chunk(3, dim=-1)
        )
        mask = options.get("attn_mask")
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        y = self.out_proj(y.transpose(1, 2).reshape(b, n, self.embed_dim))
        y = y if self.batch_first else y.transpose(0, 1)
        if not options.get("need_weights", True):
            return y, None
        weights = torch.matmul(torch.mul(q, self.head_dim**-0.5), torch.transpose(k, -2, -1))
        weights = torch.softmax(weights if mask is None else torch.add(weights, mask), -1)
        return y, torch.mean(weights, 1) if options.get("average_attn_weights", True) else weights

    def _is_plain(self, query: Any, key: Any, value: Any, more: tuple, options: dict) -> bool:
        mask = options.get("attn_mask")
        masked = isinstance(mask, torch.Tensor) and not (mask.is_floating_point() and mask.ndim == 2)
        return (
            query is key is value
            and not more
            and query.dim() == 3
            and self._qkv_same_embed_dim
            and self.bias_k is None
            and not (self.add_zero_attn or masked or (self.training and self.dropout))
            and options.get("key_padding_mask") is None
            and not options.get("is_causal")
        )


class PlainLayer(nn.TransformerEncoderLayer):
    """A layer of a transformer's encoder, never in one fused step."""

    def forward(self, src: Any, *more: Any, **options: Any) -> Any:
        if more or any(v is not None and v is not False for v in options.values()):
            return super().forward(src, *more, **options)
        if self.norm_first:
            x = src + self._attend(self.norm1(src))
            return x + self._ff_block(self.norm2(x))
        x = self.norm1(src + self._attend(src))
        return self.norm2(x + self._ff_block(x))

    def _attend(self, x: Any) -> Any:
        return self.dropout1(self.self_attn(x, x, x, need_weights=False)[0])


class PlainEncoder(nn.TransformerEncoder):
    """Layers of a transformer's encoder one after the other."""

    def forward(self, src: Any, *more: Any, **options: Any) -> Any:
        if more or any(v is not None and v is not False for v in options.values()):
            return super().forward(src, *more, **options)
        for layer in self.layers:
            src = layer(src)
        return src if self.norm is None else self.norm(src)


_PLAIN: dict[type[nn.Module], type[nn.Module]] = {
    nn.MultiheadAttention: PlainAttention,
    nn.TransformerEncoderLayer: PlainLayer,
    nn.TransformerEncoder: PlainEncoder,
    **windows.PLAIN,
}


def has_any(model: nn.Module) -> bool:
    """Whether `spell_out` would change anything."""
    return any(type(m) in _PLAIN for m in model.modules())


def spell_out(model: nn.Module) -> None:
    """Make torch's attention and transformer layers, and torchvision's windows, ours; their tensors stay."""
    for module in model.modules():
        module.__class__ = _PLAIN.get(type(module), type(module))
        windows.zero_keys(module)


__all__ = ["has_any", "spell_out"]
