"""What of a VisionTransformer is in memory at once, step by step, as PyTorch runs it module by module.

The images are there all the time. So is what the blocks were called with, what the block was, and what the
attention or the MLP was; beside these lies what it is at. Attention runs fused: its matrix is never there.
"""

from collections.abc import Callable, Iterator, Sequence

from timm.layers.mlp import GluMlp, SwiGLU
from torch import nn

from ..core.activations import less_covered
from ..core.space import Moment
from .liveness import works_in_place
from .vit_parts import AttentionPart, MlpPart, is_parallel_scaling

# (elements, dims), as in Moment.
Part = tuple[float, tuple[str, ...]]


def moments(
    model: nn.Module,
    parts: Sequence[AttentionPart | MlpPart],
    input_size: Sequence[int],
    tokens: int,
    block_of: Callable[[str], str | None],
) -> tuple[Moment, ...]:
    """The moments of a Space; () where a block's parts run side by side, and for hybrids."""
    side_by_side = (is_parallel_scaling(b) or hasattr(b, "attns") for b in model.blocks)
    if any(side_by_side) or hasattr(model.patch_embed, "backbone"):
        return ()
    image = (float(input_size[0] * input_size[1] * input_size[2]), ())
    found = [Moment(None, (image, *live)) for live in _ends(model, tokens)]
    for part in parts:
        steps = _attention(part, tokens) if isinstance(part, AttentionPart) else _mlp(part, tokens)
        # What all blocks were called with is what the first was.
        held = [image] if part.name == "blocks.0" else [image, (float(tokens), ("embedding",))]
        found += [Moment(block_of(part.writes), (*held, *live)) for live in steps]
    return less_covered(found)


def _ends(model: nn.Module, tokens: int) -> Iterator[tuple[Part, ...]]:
    """Patches, with tokens, with positions; the last norm; what pools it."""
    e = ("embedding",)
    yield (float(model.patch_embed.num_patches), e), (2.0 * tokens, e)
    if model.attn_pool is not None:
        yield (2.0 * tokens * model.embed_dim, ()), (2.0 * tokens, e)


def _attention(part: AttentionPart, tokens: int) -> Iterator[tuple[Part, ...]]:
    heads, qk, v = (f"{part.name}.{kind}" for kind in ("heads", "qk", "v"))
    n, maps = float(tokens), part.maps
    stream = (n, ("embedding",))
    given = [stream] if _nothing(part.get(part.before)) else [stream, stream]  # the block's, the attention's
    queries, out = (2 * maps * n, (heads, qk)), (n, (heads, v))
    made = [*given, queries, out]  # q, k and v lie in one piece, and stay until attention returns
    norms = any(not _nothing(getattr(part.core, name)) for name in ("q_norm", "k_norm"))
    # A head of two maps has two outputs, and their difference.
    yield (*made, *([queries] if norms else []), *([out] * (2 * maps - 1)))
    if not _nothing(getattr(part.core, "norm", nn.Identity())):
        yield (*made, out, out)
    yield (*made, out, stream)
    yield (stream, stream, stream)  # the branch, scaled or normed, and the sum


def _mlp(part: MlpPart, tokens: int) -> Iterator[tuple[Part, ...]]:
    n, mlp = float(tokens), part.mlp
    stream, hidden = (n, ("embedding",)), (n, (f"{part.name}.mlp",))
    # What the block was called with, what attention made of that, and what the MLP is called with.
    given = [stream, stream] if _nothing(part.get(part.before)) else [stream, stream, stream]
    kept: list[Part] = []
    if isinstance(mlp, SwiGLU):  # gate, value, the gate's activation, the product; the gate stays
        yield (*given, hidden, hidden, hidden, hidden)
        kept = [hidden]
    elif isinstance(mlp, GluMlp):  # gate and value lie in one piece, which stays
        yield (*given, hidden, hidden, hidden, hidden)
        kept = [hidden, hidden]
    else:
        yield (*given, hidden, *([] if works_in_place(mlp.act) else [hidden]))
    if not _nothing(getattr(mlp, "norm", nn.Identity())):
        yield (*given, *kept, hidden, hidden)
    yield (*given, *kept, hidden, stream)
    yield (stream, stream, stream, stream)


def _nothing(module: nn.Module) -> bool:
    return isinstance(module, nn.Identity)
