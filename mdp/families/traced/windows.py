"""torchvision's Swin, step by step: to a trace, its attention in windows and its merging of patches are one
step each, which nothing is known of.

They compute what torchvision's do and hold the same tensors under the same names. (Swin V2 sets the bias of
its keys to zero on every forward: here it is zero.)
"""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models.swin_transformer import (
    PatchMerging,
    PatchMergingV2,
    ShiftedWindowAttention,
    ShiftedWindowAttentionV2,
)


class PlainWindows(ShiftedWindowAttention):
    """Attention within windows, shifted or not."""

    def forward(self, x: Any) -> Any:
        b, height, width, c = x.shape
        tall, wide = self.window_size
        padded = [-(-int(n) // w) * w for n, w in ((height, tall), (width, wide))]
        below, right = padded[0] - int(height), padded[1] - int(width)
        shift = [0 if w >= n else s for s, w, n in zip(self.shift_size, (tall, wide), padded, strict=True)]
        if below or right:
            x = F.pad(x, (0, 0, 0, right, 0, below))
        if any(shift):
            x = torch.roll(x, (-shift[0], -shift[1]), (1, 2))
        rows, columns, tokens = padded[0] // tall, padded[1] // wide, tall * wide
        x = x.view(b, rows, tall, columns, wide, c).permute(0, 1, 3, 2, 4, 5)
        x = self._attend(x.reshape(b * rows * columns, tokens, c), rows * columns, padded, shift)
        x = x.view(b, rows, columns, tall, wide, c).permute(0, 1, 3, 2, 4, 5)
        x = x.reshape(b, padded[0], padded[1], c)
        if any(shift):
            x = torch.roll(x, (shift[0], shift[1]), (1, 2))
        return x[:, : int(height), : int(width), :] if below or right else x

    def _attend(self, x: Any, windows: int, padded: list[int], shift: list[int]) -> Any:
        many, tokens, c = x.shape  # (batch · windows, tokens, channels)
        heads = self.num_heads
        qkv = self.qkv(x).reshape(many, tokens, 3, heads, c // heads).permute(2, 0, 3, 1, 4)
        scores = self._scores(qkv[0], qkv[1]) + self._bias()
        if any(shift):
            mask = _mask(padded, self.window_size, shift, windows)
            scores = scores.view(many // windows, windows, heads, tokens, tokens) + mask[:, None]
            scores = scores.view(many, heads, tokens, tokens)
        scores = F.dropout(torch.softmax(scores, -1), self.attention_dropout, self.training)
        x = scores.matmul(qkv[2]).transpose(1, 2).reshape(many, tokens, c)
        return F.dropout(self.proj(x), self.dropout, self.training)

    def _scores(self, q: Any, k: Any) -> Any:
        return torch.matmul(q * (self.qkv.in_features // self.num_heads) ** -0.5, k.transpose(-2, -1))

    def _bias(self) -> Any:
        return _by_place(self.relative_position_bias_table, self.relative_position_index, self.window_size)


class PlainWindowsV2(ShiftedWindowAttentionV2, PlainWindows):
    """As above, by cosines, with a bias that a small network gives."""

    forward = PlainWindows.forward

    def _scores(self, q: Any, k: Any) -> Any:
        cosines = torch.matmul(F.normalize(q, dim=-1), F.normalize(k, dim=-1).transpose(-2, -1))
        return cosines * torch.clamp(self.logit_scale, max=math.log(100.0)).exp()

    def _bias(self) -> Any:
        table = self.cpb_mlp(self.relative_coords_table).view(-1, self.num_heads)
        return 16 * torch.sigmoid(_by_place(table, self.relative_position_index, self.window_size))


class PlainMerging(PatchMerging):
    """Four patches side by side become one."""

    def forward(self, x: Any) -> Any:
        return self.reduction(self.norm(_merged(x)))


class PlainMergingV2(PatchMergingV2):
    """As above, with the norm after the layer."""

    def forward(self, x: Any) -> Any:
        return self.norm(self.reduction(_merged(x)))


def zero_keys(module: nn.Module) -> None:
    """The bias of Swin V2's keys at zero, in a tensor of its own: the dense network's is not changed."""
    if isinstance(module, PlainWindowsV2) and module.qkv.bias is not None:
        bias = module.qkv.bias.detach().clone()
        bias[len(bias) // 3 : 2 * len(bias) // 3] = 0
        module.qkv.bias = nn.Parameter(bias, module.qkv.bias.requires_grad)


def _by_place(table: Any, index: torch.Tensor, window: list[int]) -> Any:
    tokens = window[0] * window[1]
    return table[index].view(tokens, tokens, -1).permute(2, 0, 1).contiguous().unsqueeze(0)


def _merged(x: Any) -> Any:
    below, right = int(x.shape[1]) % 2, int(x.shape[2]) % 2
    if below or right:
        x = F.pad(x, (0, 0, 0, right, 0, below))
    parts = [x[:, i::2, j::2, :] for j in (0, 1) for i in (0, 1)]
    return torch.cat(parts, -1)


def _mask(padded: list[int], window: list[int], shift: list[int], windows: int) -> torch.Tensor:
    """-100 where two tokens of a window were no neighbours before the shift; (windows, tokens, tokens)."""
    place = torch.zeros(padded, device="cpu")
    cuts = [
        ((0, -w), (-w, -s or None), (-s or None, None)) if s else ((0, None),)
        for w, s in zip(window, shift, strict=True)
    ]
    for i, rows in enumerate(cuts[0]):
        for j, columns in enumerate(cuts[1]):
            place[slice(*rows), slice(*columns)] = 3 * i + j
    place = place.view(padded[0] // window[0], window[0], padded[1] // window[1], window[1])
    place = place.permute(0, 2, 1, 3).reshape(windows, window[0] * window[1])
    return torch.where(place[:, None] == place[:, :, None], 0.0, -100.0)


PLAIN: dict[type[nn.Module], type[nn.Module]] = {
    ShiftedWindowAttention: PlainWindows,
    ShiftedWindowAttentionV2: PlainWindowsV2,
    PatchMerging: PlainMerging,
    PatchMergingV2: PlainMergingV2,
}
