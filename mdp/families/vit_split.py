"""The paper's own split of a transformer's block, beside ours: what to time if attention is taken in two.

CVPR 2025, arXiv 2504.02168: one table for Q and K over (embedding, heads, Q/K width), one for V and the
projection over (embedding, heads, V width), and the MLP. That cut goes through the middle of attention,
between the softmax and the product with V, so that these segments write the attention matrix out, as the
fused kernel of the network never does. A switch, `mdp profile --attention split`, to show what that costs.
"""

import functools
from collections.abc import Iterator

import torch
from torch import nn

from ..networks.resize import like
from ..networks.segments import Segment, Workload
from .vit_parts import AttentionPart
from .vit_segments import bias_key, kinds_key


def attention_segments(part: AttentionPart, tokens: int, owner: str | None) -> Iterator[Segment]:
    """The two segments of an attention, both of the block (or half) `owner`. They replace its three."""
    heads, qk, v = (f"{part.name}.{kind}" for kind in ("heads", "qk", "v"))
    for last, made in ((qk, _scores), (v, _mix)):
        yield Segment(last, owner, ("embedding", heads, last), functools.partial(made, part, tokens))


def _scores(part: AttentionPart, tokens: int, e: int, heads: int, qk: int) -> Workload:
    core, norm, (layer,) = part.core, part.get(part.before), map(part.get, part.reads)
    kinds = kinds_key(norm, core.q_norm, core.k_norm)
    return Workload(
        f"scores {e}>{heads} heads qk {qk} @{tokens}{bias_key(layer)}{kinds}",
        lambda: AttentionScores(like(norm, e), _linear(layer, e, 2 * heads * qk), core, heads, qk),
        ((tokens, e),),
        tokens * e * 2 * heads * qk + tokens * tokens * heads * qk,
    )


def _mix(part: AttentionPart, tokens: int, e: int, heads: int, v: int) -> Workload:
    (layer,), proj, after = map(part.get, part.reads), part.get(part.writes), part.get(part.after)
    norm = getattr(part.core, "norm", nn.Identity())
    return Workload(
        f"mix {e}>{heads} heads v {v}>{e} @{tokens}{bias_key(layer)}{bias_key(proj)}"
        f"{kinds_key(norm, after)} +residual",
        lambda: Mix(
            _linear(layer, e, heads * v),
            like(norm, heads * v),
            _linear(proj, heads * v, e),
            like(after, e),
            heads,
        ),
        ((tokens, e), (heads, tokens, tokens), (tokens, e)),
        2 * tokens * e * heads * v + tokens * tokens * heads * v,
    )


class AttentionScores(nn.Module):
    """From the residual stream to the attention matrix: norm, Q and K, their product, softmax."""

    def __init__(self, norm: nn.Module, qk: nn.Linear, attn: nn.Module, heads: int, width: int):
        super().__init__()
        self.norm, self.qk, self.heads, self.scale = norm, qk, heads, attn.scale
        self.q_norm, self.k_norm = like(attn.q_norm, width), like(attn.k_norm, width)
        self.product = MatrixProduct()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k = self.qk(self.norm(x)).unflatten(-1, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return self.product(self.q_norm(q) * self.scale, self.k_norm(k).transpose(-2, -1)).softmax(dim=-1)


class Mix(nn.Module):
    """From the attention matrix back to the residual stream: V, the weighted sum, projection, addition."""

    def __init__(self, v: nn.Linear, norm: nn.Module, proj: nn.Linear, after: nn.Module, heads: int):
        super().__init__()
        self.v, self.norm, self.proj, self.after, self.heads = v, norm, proj, after, heads
        self.product = MatrixProduct()

    def forward(self, x: torch.Tensor, weights: torch.Tensor, residual: torch.Tensor) -> torch.Tensor:
        v = self.v(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, heads, N, width)
        mixed = self.product(weights, v).transpose(1, 2).flatten(2)  # (B, N, heads * width)
        return residual + self.after(self.proj(self.norm(mixed)))


class MatrixProduct(nn.Module):
    """A product of matrices as a layer, so that it can be found among a segment's layers and timed alone."""

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return a @ b


def _linear(layer: nn.Linear, inputs: int, outputs: int) -> nn.Linear:
    return nn.Linear(inputs, outputs, bias=layer.bias is not None)
