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
        hidden = _hidden(options)
        weighed = options.get("need_weights", True)
        causal = bool(options.get("is_causal")) and not weighed and options.get("key_padding_mask") is None
        allowed = None if causal or hidden is None else _added(hidden)
        dropout = self.dropout if self.training else 0.0
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=allowed, dropout_p=dropout, is_causal=causal)
        y = self.out_proj(y.transpose(1, 2).reshape(b, n, self.embed_dim))
        y = y if self.batch_first else y.transpose(0, 1)
        if not weighed:
            return y, None
        weights = torch.matmul(torch.mul(q, self.head_dim**-0.5), torch.transpose(k, -2, -1))
        weights = torch.softmax(weights if allowed is None else torch.add(weights, allowed), -1)
        return y, torch.mean(weights, 1) if options.get("average_attn_weights", True) else weights

    def _is_plain(self, query: Any, key: Any, value: Any, more: tuple, options: dict) -> bool:
        mask = options.get("attn_mask")
        return (
            query is key is value
            and not more
            and query.dim() == 3
            and self._qkv_same_embed_dim
            and self.bias_k is None
            and (mask is None or mask.dim() == 2)  # one for all heads
            and not self.add_zero_attn
        )


def _hidden(options: Any) -> Any:
    """What hides keys from queries, as `nn.MultiheadAttention` is told: a mask for all, and the padding of
    each of the batch. (queries, keys) or (batch, 1, 1, keys) or both, of floats to add; None without."""
    mask, padding = options.get("attn_mask"), options.get("key_padding_mask")
    if padding is None:
        return mask
    padding = _added(padding)[:, None, None, :]
    return padding if mask is None else torch.add(padding, _added(mask))


def _added(mask: Any) -> Any:
    """A mask as numbers to add to scores: true, which hides, is minus infinity."""
    if mask.dtype != torch.bool:
        return mask
    return torch.zeros_like(mask, dtype=torch.float32).masked_fill(mask, float("-inf"))


class PlainLayer(nn.TransformerEncoderLayer):
    """A layer of a transformer's encoder, never in one fused step."""

    def forward(
        self, src: Any, src_mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool = False
    ) -> Any:
        masks = {"attn_mask": src_mask, "key_padding_mask": src_key_padding_mask, "need_weights": False}
        masks["is_causal"] = is_causal and src_mask is None
        if self.norm_first:
            x = src + self._attend(self.norm1(src), masks)
            return x + self._ff_block(self.norm2(x))
        x = self.norm1(src + self._attend(src, masks))
        return self.norm2(x + self._ff_block(x))

    def _attend(self, x: Any, masks: dict) -> Any:
        return self.dropout1(self.self_attn(x, x, x, **masks)[0])


class PlainEncoder(nn.TransformerEncoder):
    """Layers of a transformer's encoder one after the other."""

    def forward(
        self, src: Any, mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool | None = None
    ) -> Any:
        for layer in self.layers:
            src = layer(src, src_mask=mask, src_key_padding_mask=src_key_padding_mask)
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
