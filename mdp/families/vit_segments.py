"""What to time in a VisionTransformer. Per block: qkv, attention, projection, MLP; and the two ends.

Attention's three widths meet in one fused kernel, so that it has its own term. A linear layer's time depends
on its two widths alone, however heads, Q/K and V make them up, so that few shapes have to be measured. A
layer that makes or reads the MLP's hidden units too is priced as two: its time would depend on five dims.
"""

import copy
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import nn

from ..networks.counts import run_shapes, weight_positions
from ..networks.resize import like, resize
from ..networks.segments import Segment, Workload
from ..networks.slices import Slice
from .vit_parts import AttentionPart, MlpPart


def segments(
    model: nn.Module,
    parts: Sequence[AttentionPart | MlpPart],
    slices: Sequence[Slice],
    input_size: Sequence[int],
    tokens: int,
    block_of: Callable[[str], str | None],
    attention: Callable[..., Iterator[Segment]],
) -> Iterator[Segment]:
    """All segments of a model whose blocks see `tokens` tokens; each part of the network is in exactly one.

    `attention` gives those of one attention: `attention_segments`, or that of `vit_split`.
    """
    outer = [s for s in slices if s.block is None]
    yield Segment("embed", None, ("embedding",), lambda e: _embed(model, outer, input_size, tokens, e))
    for part in parts:
        make = _mlp_segment if isinstance(part, MlpPart) else attention
        yield from make(part, tokens, block_of(part.writes))
    yield Segment("head", None, ("embedding",), lambda e: _head(model, outer, tokens, e))


def attention_segments(part: AttentionPart, tokens: int, owner: str | None) -> Iterator[Segment]:
    """The three segments of an attention as it runs, fused; they vanish with `owner`."""
    heads, qk, v = (f"{part.name}.{kind}" for kind in ("heads", "qk", "v"))
    yield Segment(
        f"{part.name}.qkv",
        owner,
        ("embedding", heads, qk, v),
        lambda e, h, q, w: _qkv(part, tokens, e, h * (2 * part.maps * q + w)),
    )
    yield Segment(
        f"{part.name}.attention", owner, (heads, qk, v), lambda h, q, w: _attention(part, tokens, h, q, w)
    )
    yield Segment(
        f"{part.name}.proj", owner, ("embedding", heads, v), lambda e, h, w: _proj(part, tokens, e, h * w)
    )


def _mlp_segment(part: MlpPart, tokens: int, owner: str | None) -> Iterator[Segment]:
    dims = "embedding", f"{part.name}.mlp"
    yield Segment(f"{part.name}.mlp", owner, dims, lambda e, m: _mlp(part, tokens, e, m))


def _embed(
    model: nn.Module, outer: Sequence[Slice], input_size: Sequence[int], tokens: int, e: int
) -> Workload:
    conv = model.patch_embed.proj
    size, kernel = "x".join(map(str, input_size)), "x".join(map(str, conv.kernel_size))
    positions = "no" if model.pos_embed is None else model.pos_embed.shape[1]
    parts = kinds_key(getattr(model.patch_embed, "norm", nn.Identity()), model.norm_pre)
    stem, stem_macs = _stem(model, input_size)
    key = f"patches {kernel} {size}>{e} @{tokens} {positions} positions{bias_key(conv)}{parts}{stem}"
    macs = stem_macs + conv.weight[0].numel() * e * model.patch_embed.num_patches
    return Workload(key, lambda: Embed(_shell(model, outer, e)), (tuple(input_size),), macs)


def _stem(model: nn.Module, input_size: Sequence[int]) -> tuple[str, int]:
    """For a key, and in MACs: the convolutions before the patches of a hybrid."""
    stem = getattr(model.patch_embed, "backbone", None)
    if stem is None:
        return "", 0
    runs = weight_positions(stem, run_shapes(stem, input_size))
    macs = sum(n * stem.get_submodule(name).weight.numel() for name, n in runs.items())
    return f" after {type(stem).__name__} {sum(p.numel() for p in stem.parameters())} parameters", macs


def _qkv(part: AttentionPart, tokens: int, e: int, width: int) -> Workload:
    norm, (layer,) = part.get(part.before), map(part.get, part.reads)
    bias = layer.bias is not None
    return Workload(
        f"linear {e}>{width} @{tokens}{bias_key(layer)} after{kinds_key(norm)}",
        lambda: nn.Sequential(like(norm, e), nn.Linear(e, width, bias=bias)),
        ((tokens, e),),
        tokens * e * width,
    )


def _attention(part: AttentionPart, tokens: int, heads: int, qk: int, v: int) -> Workload:
    core, maps = part.core, part.maps
    norm = getattr(core, "norm", nn.Identity())
    of_heads = [n for n in ("q_norm", "k_norm", "sub_norm") if hasattr(core, n)]

    def make():
        from .narrow_attention import Heads

        new = Heads(core, heads, qk, v)
        for name in of_heads:
            setattr(new, name, like(getattr(core, name), v if name == "sub_norm" else qk))
        return nn.Sequential(new, like(norm, heads * v))

    kinds = kinds_key(*(getattr(core, n) for n in of_heads), norm)
    key = f"{'differential ' * (maps - 1)}attention {heads} heads qk {qk} v {v} @{tokens}{kinds}"
    macs = maps * tokens * tokens * heads * (qk + v)
    return Workload(key, make, ((tokens, heads * (2 * maps * qk + v)),), macs)


def _proj(part: AttentionPart, tokens: int, e: int, width: int) -> Workload:
    proj, after = part.get(part.writes), part.get(part.after)
    return Workload(
        f"linear {width}>{e} @{tokens}{bias_key(proj)} then{kinds_key(after)} +residual",
        lambda: Add(nn.Sequential(nn.Linear(width, e, bias=proj.bias is not None), like(after, e))),
        ((tokens, width), (tokens, e)),
        tokens * e * width,
    )


def _mlp(part: MlpPart, tokens: int, e: int, hidden: int) -> Workload:
    mlp, before, after = part.mlp, part.get(part.before), part.get(part.after)

    def make():
        new = copy.copy(mlp)
        new._modules = dict(mlp._modules)
        for name, layer in mlp.named_children():
            if isinstance(layer, nn.Linear):
                widths = (
                    (hidden, e) if name == "fc2" else (e, layer.out_features * hidden // mlp.fc2.in_features)
                )
                setattr(new, name, nn.Linear(*widths, bias=layer.bias is not None))
        new.norm = like(mlp.norm, hidden)
        return Add(nn.Sequential(like(before, e), new, like(after, e)), own=True)

    inner = f"{type(mlp).__name__}{kinds_key(mlp.act, mlp.norm)}{bias_key(mlp.fc2)}"
    kinds = f"{kinds_key(before)} / {inner} /{kinds_key(after)}"
    layers = sum(isinstance(m, nn.Linear) for m in mlp.children()) - 1
    wide = max(1, getattr(getattr(mlp, "fc1", None), "out_features", 0) // mlp.fc2.in_features) * layers + 1
    return Workload(
        f"mlp {e}>{hidden}>{e} @{tokens}{kinds}", make, ((tokens, e),), tokens * e * hidden * wide
    )


def _head(model: nn.Module, outer: Sequence[Slice], tokens: int, e: int) -> Workload:
    heads = [
        m.out_features for m in (model.head, getattr(model, "head_dist", None)) if isinstance(m, nn.Linear)
    ]
    pool = model.global_pool if model.attn_pool is None else _pool_key(model.attn_pool)
    outputs = "+".join(map(str, heads)) or "features"
    key = f"head {e}>{outputs} @{tokens} pool {pool}{kinds_key(model.norm, model.fc_norm)}"
    macs = e * sum(heads)
    if model.attn_pool is not None:
        layers = {n: p.numel() for n, p in model.attn_pool.named_parameters() if p.ndim == 2}
        into = layers.pop("kv.weight")
        macs = model.embed_dim * sum(heads) + sum(layers.values()) * model.attn_pool.latent_len
        read = tokens if model.pool_include_prefix else tokens - model.num_prefix_tokens
        macs += read * into * e // model.embed_dim
    return Workload(key, lambda: Head(_shell(model, outer, e)), ((tokens, e),), macs)


class Embed(nn.Module):
    """From the image to the first block's input."""

    def __init__(self, shell: nn.Module):
        super().__init__()
        for name in ("norm", "fc_norm", "head", "head_dist", "attn_pool"):
            shell._modules.pop(name, None)
        self.shell = shell

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.shell.norm_pre(self.shell._pos_embed(self.shell.patch_embed(x)))


class Head(nn.Module):
    """From the last block's output to the classes."""

    def __init__(self, shell: nn.Module):
        super().__init__()
        shell._parameters.clear()  # tokens and positions belong to the other end
        for name in ("patch_embed", "norm_pre"):
            shell._modules.pop(name, None)
        self.shell = shell

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.shell.forward_head(self.shell.norm(x))


class Add(nn.Module):
    """A branch and its residual addition. With `own`, the branch's input is the residual itself."""

    def __init__(self, branch: nn.Module, own: bool = False):
        super().__init__()
        self.branch, self.own = branch, own

    def forward(self, x: torch.Tensor, residual: torch.Tensor | None = None) -> torch.Tensor:
        return (x if self.own else residual) + self.branch(x)


def _shell(model: nn.Module, outer: Sequence[Slice], e: int) -> nn.Module:
    """A copy of the model without its blocks, `e` units wide."""
    shell = copy.copy(model)
    shell._modules = {**model._modules, "blocks": nn.Identity()}
    shell = copy.deepcopy(shell)
    tensors = dict(shell.named_parameters())
    resize(shell, {s.tensor: tensors[s.tensor].narrow(s.axis, 0, e) for s in outer})
    if shell.attn_pool is not None:
        from .masked_norms import NarrowPool

        shell.attn_pool = NarrowPool(shell.attn_pool)
    return shell.eval()


def kinds_key(*modules: nn.Module) -> str:
    """The classes that do something, for a key: ` LayerNorm GELU`."""
    return "".join(f" {type(m).__name__}" for m in modules if not isinstance(m, nn.Identity))


def bias_key(layer: nn.Module) -> str:
    """For a key: whether a layer has a bias."""
    return "" if layer.bias is None else " +bias"


def _pool_key(pool: nn.Module) -> str:
    return f"{type(pool).__name__} {sum(p.numel() for p in pool.parameters())} parameters"
