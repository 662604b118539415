"""`rotated(model, images)`: the same transformer, its units sorted by how little their loss is felt."""

import copy

import numpy as np
import torch
from timm.layers import Attention
from timm.models.vision_transformer import Block, VisionTransformer
from torch import Tensor, nn

from ...core.errors import MdpError
from ...core.progress import Reporter
from ...core.space import Space
from ...families.vit_parts import AttentionPart, MlpPart, parts
from ..targets import CHUNK
from .bases import pair_bases, stream_basis, value_basis
from .moments import Moments, moments

# Outputs may differ by so much of the largest: float32 in another order.
ROUNDING = 1e-3
_TOKENS = ("cls_token", "dist_token", "reg_token", "pos_embed")


def fits(model: nn.Module) -> str:
    """Why a network cannot be rotated, "" if it can."""
    if not isinstance(model, VisionTransformer) or not len(model.blocks):
        return "only timm's vision transformers can be"
    if not all(type(b) is Block and type(b.attn) is Attention for b in model.blocks):
        return "its blocks are of a kind whose basis cannot be changed"
    if not all(isinstance(n, nn.LayerNorm) and n.weight is not None for n in _named(model, _norms(model))):
        return "its norms are no layer norms"
    if not isinstance(model.head, nn.Linear):
        return "it has no classifier, and gives out the stream itself"
    if not all(isinstance(m, nn.Identity) for m in (model.norm_pre, model.patch_embed.norm)):
        return "it has a norm before its first block"
    return ""


def rotated(model: nn.Module, images: Tensor, step: int = 1, report: Reporter | None = None) -> nn.Module:
    """A copy that computes the same, in which the first units of a dim carry most: embedding, q and k, v.

    The affine part of each norm goes into the layers that read it; a layer scale into the layer before it.

    Args:
        images: normalised, (images, channels, height, width); a few hundred, no labels needed.
        step: units between two widths of the embedding that can be chosen.

    Raises:
        MdpError: the network cannot be rotated; the copy would not compute the same.
    """
    report = report or Reporter()
    if reason := fits(model):
        raise MdpError(f"This network cannot be rotated: {reason}.")
    training = model.training
    model = copy.deepcopy(model).eval().requires_grad_(False)
    new = copy.deepcopy(model)
    readers = _norms(model)
    attentions = [p for p in parts(model) if isinstance(p, AttentionPart)]
    seen = moments(model, images, readers, attentions, report)
    for name, layers in readers.items():
        _fold_norm(new.get_submodule(name), [new.get_submodule(layer) for layer in layers])
    for part in parts(new):
        _fold_scale(part, new)
        if isinstance(part, AttentionPart):
            _turn_heads(part, new, seen)
    _turn_stream(new, readers, stream_basis(seen.stream, step))
    _check_same(model, new, images[:CHUNK])
    return new.train(training).requires_grad_(True)


def step_of(space: Space) -> int:
    """Units between the two widest embeddings that can be chosen; 1 where there is no choice."""
    options = next((d.options for d in space.dims if d.kind == "embedding"), ())
    return options[-1] - options[-2] if len(options) > 1 else 1


def _named(model: nn.Module, names) -> list[nn.Module]:
    return [model.get_submodule(name) for name in names]


def _norms(model: nn.Module) -> dict[str, tuple[str, ...]]:
    """Norm that reads the stream -> the linear layers that read the norm."""
    found = {part.before: part.reads for part in parts(model)}
    last = "norm" if isinstance(model.norm, nn.LayerNorm) else "fc_norm"
    heads = tuple(n for n in ("head", "head_dist") if isinstance(getattr(model, n, None), nn.Linear))
    return {**found, last: heads}


def _fold_norm(norm: nn.LayerNorm, layers: list[nn.Module]) -> None:
    weight, bias = norm.weight.double(), 0.0 if norm.bias is None else norm.bias.double()
    if any(layer.bias is None for layer in layers) and norm.bias is not None and bool(norm.bias.any()):
        raise MdpError("This network cannot be rotated: a layer without bias reads a norm that has one.")
    for layer in layers:
        old = layer.weight.double()
        if norm.bias is not None and layer.bias is not None:
            layer.bias.copy_(layer.bias.double() + old @ bias)
        layer.weight.copy_(old * weight)
    norm.weight.fill_(1.0)
    if norm.bias is not None:
        norm.bias.zero_()


def _fold_scale(part: AttentionPart | MlpPart, model: nn.Module) -> None:
    scale, layer = part.get(part.after), model.get_submodule(part.writes)
    if hasattr(scale, "gamma"):
        layer.weight.mul_(scale.gamma[:, None])
        if layer.bias is not None:
            layer.bias.mul_(scale.gamma)
        scale.gamma.fill_(1.0)


def _turn_heads(part: AttentionPart, model: nn.Module, seen: Moments) -> None:
    core, made, writes = part.core, model.get_submodule(part.reads[0]), model.get_submodule(part.writes)
    q, k, v = part.rows()
    plain = isinstance(core.q_norm, nn.Identity) and isinstance(core.k_norm, nn.Identity)
    for head in range(part.heads):
        columns = np.arange(head * part.v, (head + 1) * part.v)
        if plain:
            a, b = pair_bases(seen.queries[part.name][head], seen.keys[part.name][head])
            _turn_rows(made, q[head, 0], a)
            _turn_rows(made, k[head, 0], b)
        if isinstance(getattr(core, "norm", nn.Identity()), nn.Identity):
            written = writes.weight[:, columns].double()
            a = value_basis(seen.values[part.name][head], written)
            _turn_rows(made, v[head], a)
            writes.weight[:, columns] = (written @ torch.linalg.inv(a)).to(writes.weight)


def _turn_rows(layer: nn.Linear, rows: np.ndarray, basis: Tensor) -> None:
    layer.weight[rows] = (basis @ layer.weight[rows].double()).to(layer.weight)
    if layer.bias is not None:
        layer.bias[rows] = (basis @ layer.bias[rows].double()).to(layer.bias)


def _turn_stream(model: nn.Module, readers: dict[str, tuple[str, ...]], basis: Tensor) -> None:
    for layers in readers.values():
        for layer in _named(model, layers):
            layer.weight.copy_(layer.weight.double() @ basis.mT)
    first = model.patch_embed.proj
    for layer in [first, *_named(model, [part.writes for part in parts(model)])]:
        layer.weight.copy_((basis @ layer.weight.double().flatten(1)).view_as(layer.weight))
        if layer.bias is not None:
            layer.bias.copy_(basis @ layer.bias.double())
    for name in _TOKENS:
        tokens = getattr(model, name, None)
        if tokens is not None:
            tokens.copy_(tokens.double() @ basis.mT)


def _check_same(model: nn.Module, new: nn.Module, images: Tensor) -> None:
    with torch.no_grad():
        was, now = model(images), new(images)
    if not float((was - now).abs().max()) <= ROUNDING * float(was.abs().max()):
        raise MdpError("This network cannot be rotated: with its units turned it would not compute the same.")
