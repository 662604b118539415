"""timm's VisionTransformer: vit, deit, deit3, dinov2-style, distilled, with registers or pooled.

Five dims a block, as in the method: the embedding (shared through the residual stream), heads, Q/K width and
V width per head, MLP width; a block is attention and MLP together.
"""

from collections.abc import Callable, Collection, Iterator, Mapping

import numpy as np
from torch import nn

from ..errors import Unsupported
from ..problem import Block
from ..space import Product, Skipped, Space, SpaceDim
from ..study import ModelRef
from .counts import count, run_shapes, weight_positions
from .found import Found
from .options import space_dim
from .slices import Slice

NAME = "vit"
TIMM_MODULES = ("vision_transformer", "deit")  # whose names coverage goes through

# What goes with the attention where a block is taken as two halves; the rest goes with the MLP.
_ATTENTION_HALF = ("norm1", "attn", "ls1")
# Modules of a block that work channel by channel on the residual stream.
_STREAM = ("norm1", "norm2", "ls1", "ls2")
_EMBEDDINGS = ("cls_token", "dist_token", "reg_token", "pos_embed")


def matches(model: nn.Module) -> bool:
    """Whether this family is the one to ask."""
    from timm.models.vision_transformer import VisionTransformer

    return isinstance(model, VisionTransformer)


def find(
    model: nn.Module,
    ref: ModelRef,
    bundles: Mapping[str, int] | None,
    halves: bool = False,
    attention: str = "fused",
) -> Found:
    """With `halves`, the attention and the MLP of a block are two blocks, `blocks.3.attn` and `blocks.3.mlp`.

    `attention` is how it is timed: "fused", as it runs, or "split", as in the paper (see vit_split).

    Raises Unsupported if a part of the model is one that this family does not know.
    """
    _check(model)
    from . import vit_pieces, vit_split

    parts = [
        part for i in range(len(model.blocks)) for part in (_half(i, "attn", halves), _half(i, "mlp", halves))
    ]
    blocks = tuple(Block(name) for name in dict.fromkeys(parts))

    def block_of(name: str) -> str | None:
        parts = name.split(".")
        if parts[0] != "blocks":
            return None
        return _half(int(parts[1]), "attn" if parts[2] in _ATTENTION_HALF else "mlp", halves)

    dims = tuple(space_dim(*dim, bundles) for dim in _dims(model))
    if _is_output(model):
        dims = (SpaceDim("embedding", "embedding", model.embed_dim, (model.embed_dim,)), *dims[1:])
    slices = tuple(_slices(model, block_of))
    shapes = run_shapes(model, ref.input_size)
    tokens = shapes["blocks.0.norm1"][0][0]
    products = [
        Product(_half(i, "attn", halves), float(tokens * tokens), (f"blocks.{i}.heads", f"blocks.{i}.{kind}"))
        for i in range(len(model.blocks))
        for kind in ("qk", "v")
    ]
    counts = count(
        model, slices, {d.name: d.units for d in dims}, block_of, weight_positions(model, shapes), products
    )
    space = Space(ref.name, NAME, dims, blocks, counts, tuple(_skipped(model)))
    cut = {"fused": vit_pieces.attention_pieces, "split": vit_split.attention_pieces}[attention]
    timed = tuple(vit_pieces.pieces(model, slices, ref.input_size, tokens, block_of, cut))
    return Found(model, ref, space, slices, timed, {})


def remove(model: nn.Module, block: str) -> None:
    """Take a block, or one half of it, out of the residual stream: it adds nothing."""
    from ..surgery.modules import AttentionHalf, MlpHalf

    name, half = block, ""
    if block.count(".") == 2:
        name, _, half = block.rpartition(".")
    old = model.get_submodule(name)
    rest = {"attn": MlpHalf, "mlp": AttentionHalf}.get(half)
    whole = hasattr(old, "attn") and hasattr(old, "mlp")
    model.set_submodule(name, rest(old) if rest and whole else nn.Identity())


def narrow(model: nn.Module, choices: Mapping[str, int | None], removed: Collection[str]) -> None:
    """After the tensors are cut: say the new widths wherever timm's code reads them from an attribute."""
    from ..surgery.modules import NarrowAttention, NarrowPool

    for i, block in enumerate(model.blocks):
        if not hasattr(block, "attn"):
            continue  # removed, with its MLP or without
        heads, qk, v = (choices[f"blocks.{i}.{kind}"] for kind in ("heads", "qk", "v"))
        attn = block.attn
        if qk == v == attn.head_dim:  # timm's own class says it: fewer heads of the same width
            attn.num_heads, attn.attn_dim = heads, heads * v
        else:
            block.attn = NarrowAttention(attn, heads, qk, v)
    width = choices["embedding"]
    model.embed_dim = width
    if model.attn_pool is not None:  # it gives its own width, which stays
        model.attn_pool = NarrowPool(model.attn_pool)
    else:
        model.num_features = model.head_hidden_size = width
    for info in model.feature_info:
        info["num_chs"] = width


def _check(model: nn.Module) -> None:
    from timm.layers.attention import Attention
    from timm.layers.mlp import GluMlp, Mlp, SwiGLU
    from timm.models.vision_transformer import Block as VitBlock
    from timm.models.vision_transformer import ResPostBlock

    for i, block in enumerate(model.blocks):
        if getattr(getattr(block, "attn", None), "gate", None) is not None:
            raise Unsupported(
                "This transformer cannot be pruned: its attention has an output gate, which is not known."
            )
        parts = {f"blocks.{i}": (block, (VitBlock, ResPostBlock))}
        if isinstance(block, (VitBlock, ResPostBlock)):
            parts[f"blocks.{i}.attn"] = (block.attn, (Attention,))
            parts[f"blocks.{i}.mlp"] = (block.mlp, (Mlp, GluMlp, SwiGLU))
        for name, (part, known) in parts.items():
            if type(part) not in known:
                classes = " or ".join(k.__name__ for k in known)
                raise Unsupported(
                    f"This transformer cannot be pruned: its {name} is a {type(part).__name__}, and only "
                    f"{classes} is known there. Choose a vit, deit or dinov2-style model."
                )


def _dims(model: nn.Module) -> Iterator[tuple[str, str, int]]:
    yield "embedding", "embedding", model.embed_dim
    for i, block in enumerate(model.blocks):
        yield f"blocks.{i}.heads", "heads", block.attn.num_heads
        yield f"blocks.{i}.qk", "qk", block.attn.head_dim
        yield f"blocks.{i}.v", "v", block.attn.head_dim
        yield f"blocks.{i}.mlp", "mlp", block.mlp.fc2.in_features


def _half(block: int, half: str, halves: bool) -> str:
    return f"blocks.{block}.{half}" if halves else f"blocks.{block}"


def _slices(model: nn.Module, block_of: Callable[[str], str | None]) -> Iterator[Slice]:
    tensors = dict(model.named_parameters())

    def own(dim: str, module: str, axis: int, index: np.ndarray, role: str) -> Iterator[Slice]:
        """The units' share of a module's weight and, where they are its outputs, of its bias."""
        for leaf in ("weight", "bias", "gamma"):
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

    for i, block in enumerate(model.blocks):
        name, attn, mlp = f"blocks.{i}", block.attn, block.mlp
        for module in _STREAM:
            yield from own("embedding", f"{name}.{module}", 0, every, "output")
        for module in ("attn.qkv", "mlp.fc1", "mlp.fc1_g", "mlp.fc1_x"):
            yield from own("embedding", f"{name}.{module}", 1, every, "input")
        for module in ("attn.proj", "mlp.fc2"):
            yield from own("embedding", f"{name}.{module}", 0, every, "output")

        # Rows of qkv: q, k and v, each head by head, each head component by component.
        rows = np.arange(3 * attn.attn_dim).reshape(3, attn.num_heads, attn.head_dim)
        of_head = rows.transpose(1, 0, 2).reshape(attn.num_heads, -1)
        qk, v = (part.transpose(2, 0, 1).reshape(attn.head_dim, -1) for part in (rows[:2], rows[2:]))
        values = rows[0]  # positions in the attention's output, (heads, head_dim)
        units = np.arange(attn.head_dim)[:, None]
        yield from own(f"{name}.heads", f"{name}.attn.qkv", 0, of_head, "output")
        yield from own(f"{name}.qk", f"{name}.attn.qkv", 0, qk, "output")
        yield from own(f"{name}.v", f"{name}.attn.qkv", 0, v, "output")
        for module in ("attn.q_norm", "attn.k_norm"):
            yield from own(f"{name}.qk", f"{name}.{module}", 0, units, "output")
        for module, axis, role in (("attn.norm", 0, "output"), ("attn.proj", 1, "input")):
            yield from own(f"{name}.heads", f"{name}.{module}", axis, values, role)
            yield from own(f"{name}.v", f"{name}.{module}", axis, values.T, role)

        hidden = np.arange(mlp.fc2.in_features)[:, None]
        # A gated MLP of one layer makes value and gate side by side; a unit owns one row of each.
        both = np.arange(mlp.fc1.out_features).reshape(-1, len(hidden)).T if hasattr(mlp, "fc1") else hidden
        for module, index in (("fc1", both), ("fc1_g", hidden), ("fc1_x", hidden), ("norm", hidden)):
            yield from own(f"{name}.mlp", f"{name}.mlp.{module}", 0, index, "output")
        yield from own(f"{name}.mlp", f"{name}.mlp.fc2", 1, hidden, "input")


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


def _skipped(model: nn.Module) -> Iterator[Skipped]:
    if _is_output(model):
        yield Skipped("embedding", "without a classifier the embedding is the output; give the model classes")
    if model.attn_pool is not None:
        yield Skipped("attn_pool", "the attention pool before the classifier keeps its widths")
    else:
        yield Skipped("head", "the outputs of the classifier are the classes")
