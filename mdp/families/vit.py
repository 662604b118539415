"""timm's VisionTransformer: vit, deit, deit3, dinov2-style, distilled, with registers or pooled, parallel or
differential.

Five dims a block, as in the method: the embedding (shared through the residual stream), heads, Q/K width and
V width per head, MLP width; a block is attention and MLP together. Where a block has several attentions and
MLPs side by side, each has its own. Where they are in it says vit_parts.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

import numpy as np
from torch import nn

from ..core.errors import Unsupported
from ..core.problem import Block
from ..core.space import Product, Skipped, Space, SpaceDim
from ..core.study import ModelRef
from ..networks.counts import count, run_shapes, weight_positions
from ..networks.options import space_dim
from ..networks.prunable import PrunableNetwork
from ..networks.slices import Slice
from .vit_parts import (
    AttentionPart,
    MlpPart,
    block_parts,
    check_type,
    is_differential,
    is_parallel_scaling,
    parts,
)

NAME = "vit"
TIMM_MODULES = (
    "vision_transformer",
    "vision_transformer_hybrid",
    "deit",
)  # whose names coverage goes through

# What goes with the attention where a block is taken as two halves; the rest goes with the MLP.
_ATTENTION_HALF = ("norm1", "attn", "ls1", "attns")
_EMBEDDINGS = ("cls_token", "dist_token", "reg_token", "pos_embed")


def matches(model: nn.Module) -> bool:
    """Whether this family is the one to ask: a transformer with a part that is not known here, or another
    stem, is followed through its graph."""
    from timm.models.vision_transformer import VisionTransformer

    if not isinstance(model, VisionTransformer):
        return False
    try:
        _check_parts(model)
    except Unsupported:
        return False
    return True


def find(
    model: nn.Module,
    ref: ModelRef,
    width_step: Mapping[str, int] | None,
    split_blocks: bool = False,
    attention: str = "fused",
) -> PrunableNetwork:
    """With `split_blocks`, the attention and the MLP of a block are two blocks, `blocks.3.attn` and
    `blocks.3.mlp`.

    `attention` is how it is timed: "fused", as it runs, or "split", as in the paper (see vit_split).

    Raises Unsupported if a part of the model is one that this family does not know.
    """
    _check_parts(model)
    _check_split(model, split_blocks, attention)
    from . import vit_moments, vit_segments, vit_split

    if not len(model.blocks):
        raise Unsupported(f"{ref.name} has no blocks, and nothing to prune. Give it a depth of 1 or more.")
    halved = [_half(i, half, split_blocks) for i in range(len(model.blocks)) for half in ("attn", "mlp")]
    blocks = tuple(Block(name) for name in dict.fromkeys(halved))

    def block_of(name: str) -> str | None:
        path = name.split(".")
        if path[0] != "blocks":
            return None
        return _half(int(path[1]), "attn" if path[2] in _ATTENTION_HALF else "mlp", split_blocks)

    found = parts(model)
    dims = tuple(space_dim(*dim, width_step) for dim in _dims(model, found))
    if _is_output(model):
        dims = (SpaceDim("embedding", "embedding", model.embed_dim, (model.embed_dim,)), *dims[1:])
    slices = tuple(_slices(model, found, block_of))
    shapes = run_shapes(model, ref.input_size)
    tokens = shapes[found[0].reads[0]][0][0]
    products = [
        Product(
            block_of(f"{p.path}.qkv"),
            float(p.maps * tokens * tokens),
            (f"{p.name}.heads", f"{p.name}.{kind}"),
        )
        for p in found
        if isinstance(p, AttentionPart)
        for kind in ("qk", "v")
    ]
    counts = count(
        model, slices, {d.name: d.units for d in dims}, block_of, weight_positions(model, shapes), products
    )
    alive = vit_moments.moments(model, found, ref.input_size, tokens, block_of)
    space = Space(ref.name, NAME, dims, blocks, counts, tuple(_skipped(model, found)), alive)
    cut = {"fused": vit_segments.attention_segments, "split": vit_split.attention_segments}[attention]
    timed = tuple(vit_segments.segments(model, found, slices, ref.input_size, tokens, block_of, cut))
    return PrunableNetwork(model, ref, space, slices, timed, {})


def remove(model: nn.Module, block: str) -> None:
    """Take a block, or one half of it, out of the residual stream: it adds nothing."""
    from .split_blocks import keep_half

    name, half = block, ""
    if block.count(".") == 2:
        name, _, half = block.rpartition(".")
    old = model.get_submodule(name)
    model.set_submodule(name, keep_half(old, {"attn": "mlp", "mlp": "attn"}[half]) if half else nn.Identity())


def narrow(model: nn.Module, choices: Mapping[str, int | None], removed: Collection[str]) -> None:
    """After the tensors are cut: say the new widths wherever timm's code reads them from an attribute."""
    from .masked_norms import NarrowPool
    from .narrow_attention import narrow_attention

    width = choices["embedding"]
    for part in parts(model):
        if isinstance(part, AttentionPart):
            heads, qk, v = (choices[f"{part.name}.{kind}"] for kind in ("heads", "qk", "v"))
            hidden = choices[f"{part.name}.mlp"] if is_parallel_scaling(part.core) else 0
            model.set_submodule(part.path, narrow_attention(part.core, width, heads, qk, v, hidden))
    model.embed_dim = width
    if model.attn_pool is not None:  # it gives its own width, which stays
        model.attn_pool = NarrowPool(model.attn_pool)
    else:
        model.num_features = model.head_hidden_size = width
    for info in model.feature_info:
        info["num_chs"] = width


def _check_parts(model: nn.Module) -> None:
    from timm.models import vision_transformer as timm_vit

    scaling = timm_vit.ParallelScalingBlock, timm_vit.DiffParallelScalingBlock
    known = timm_vit.Block, timm_vit.ResPostBlock, timm_vit.ParallelThingsBlock, *scaling
    if not isinstance(getattr(model.patch_embed, "proj", None), nn.Conv2d):
        raise Unsupported(
            "This transformer cannot be pruned: the stem before its blocks ends in no projection that could "
            "be made narrower, which is not known."
        )
    for i, block in enumerate(model.blocks):
        check_type(f"blocks.{i}", block, known)
        for part in block_parts(model, f"blocks.{i}"):
            if isinstance(part, MlpPart):
                continue
            if getattr(part.core, "gate", None) is not None:
                raise Unsupported(
                    "This transformer cannot be pruned: its attention has an output gate, which is not known."
                )


def _check_split(model: nn.Module, split_blocks: bool, attention: str) -> None:
    for i, block in enumerate(model.blocks):
        for part in block_parts(model, f"blocks.{i}"):
            if attention == "split" and isinstance(part, AttentionPart) and is_differential(part.core):
                raise Unsupported(
                    "The paper's split of attention in two tables is not for differential attention, whose "
                    "heads have two maps. Time it as it runs, fused."
                )
        if split_blocks and is_parallel_scaling(block):
            raise Unsupported(
                "This transformer's attention and MLP come out of one layer and share a norm: neither can be "
                "removed without the other. Remove them together, without --split-blocks."
            )


def _dims(model: nn.Module, found: Sequence[AttentionPart | MlpPart]) -> Iterator[tuple[str, str, int]]:
    yield "embedding", "embedding", model.embed_dim
    for part in found:
        for kind, units in part.dims().items():
            yield f"{part.name}.{kind}", kind, units


def _half(block: int, half: str, split_blocks: bool) -> str:
    return f"blocks.{block}.{half}" if split_blocks else f"blocks.{block}"


def _slices(
    model: nn.Module, found: Sequence[AttentionPart | MlpPart], block_of: Callable[[str], str | None]
) -> Iterator[Slice]:
    tensors = dict(model.named_parameters())

    def own(dim: str, module: str, axis: int, index: np.ndarray, role: str) -> Iterator[Slice]:
        """The units' share of a module's weight and, where they are its outputs, of its bias."""
        for leaf in ("weight", "bias", "gamma", "mlp_bias"):
            name = f"{module}.{leaf}"
            if name in tensors and (leaf != "bias" or axis == 0):
                yield Slice(dim, name, axis, index, block_of(name), role)

    every = np.arange(model.embed_dim)[:, None]
    for name in _EMBEDDINGS:
        if name in tensors:
            yield Slice("embedding", name, 2, every, None, "output")
    for module in ("patch_embed.proj", "patch_embed.norm", "norm_pre", "norm"):
        yield from own("embedding", module, 0, every, "output")
    if model.attn_pool is None:
        yield from own("embedding", "fc_norm", 0, every, "output")
        for module in ("head", "head_dist"):
            yield from own("embedding", module, 1, every, "input")
    else:
        for module in _pool_inputs(model.attn_pool):
            yield from own("embedding", f"attn_pool.{module}", 1, every, "input")

    for module in _once(m for p in found for m in (p.before, p.after, p.writes)):
        yield from own("embedding", module, 0, every, "output")
    for module in _once(m for p in found for m in p.reads):
        yield from own("embedding", module, 1, every, "input")
    for part in found:
        for kind, module, axis, index, role in part.owns():
            yield from own(f"{part.name}.{kind}", module, axis, index, role)


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(filter(None, names)))


def _pool_inputs(pool: nn.Module) -> tuple[str, ...]:
    from timm.layers import AttentionPoolLatent

    if type(pool) is AttentionPoolLatent and pool.pos_embed is None:
        return ("kv",)
    raise Unsupported(
        f"This transformer cannot be pruned: its pooling is a {type(pool).__name__}, which is not known."
    )


def _is_output(model: nn.Module) -> bool:
    """Whether the embedding itself is what the model returns."""
    return isinstance(model.head, nn.Identity) and model.attn_pool is None


def _skipped(model: nn.Module, found: Sequence[AttentionPart | MlpPart]) -> Iterator[Skipped]:
    if any(isinstance(part, AttentionPart) and part.maps > 1 for part in found):
        yield Skipped("lambda", "how much the second map of attention weighs is one number, kept as learned")
    if hasattr(model.patch_embed, "backbone"):
        yield Skipped(
            "patch_embed.backbone", "the convolutions before the patches are not known and stay whole"
        )
    if _is_output(model):
        yield Skipped("embedding", "without a classifier the embedding is the output; give the model classes")
    elif model.attn_pool is not None:
        yield Skipped("attn_pool", "the attention pool before the classifier keeps its widths")
    else:
        yield Skipped("head", "the outputs of the classifier are the classes")
