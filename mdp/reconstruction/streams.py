"""Layers that write to a residual stream, where it can be read, and what removed blocks would have added."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ..families.resnet import Shortcut
from ..families.vit_parts import is_post_norm, parts


@dataclass(frozen=True)
class Read:
    """A value on a stream: what a module takes, or what it gives; `axis` is where its channels are."""

    module: str
    gives: bool
    axis: int


@dataclass(frozen=True)
class Write:
    """A layer whose outputs, through a norm or a scale, are added to a stream.

    Attributes:
        norm, scale: a batch norm, and a factor per channel, between the layer and the addition; "" for none.
        before: the other summand, known before the layer runs; None where there is none.
        after: the sum in the dense network.
        aim: the sum after all removed blocks that follow at once; `after` where none does.
    """

    layer: str
    norm: str
    scale: str
    before: Read | None
    after: Read
    aim: Read

    @property
    def reads(self) -> tuple[Read, ...]:
        """All that a repair has to see of the dense stream."""
        return tuple(r for r in ((self.before,) if self.before else ()) + self._ahead)

    @property
    def _ahead(self) -> tuple[Read, ...]:
        return () if self.aim == self.after else (self.after, self.aim)

    def factor(self, network: nn.Module) -> Tensor | float:
        """What one unit of the layer's output is on the stream, per channel."""
        factor: Tensor | float = 1.0
        if self.norm:
            norm = network.get_submodule(self.norm)
            factor = norm.weight.detach() / (norm.running_var + norm.eps).sqrt()
        if self.scale:
            factor = factor * network.get_parameter(self.scale).detach()
        return factor


def writes(dense: nn.Module, pruned: nn.Module) -> dict[str, Write]:
    """By layer, where the pruned network still has it and there is something to take on.

    The dense network may lack blocks itself: pruning in steps begins each step at what the last one left.
    """
    left = {name for name, _ in pruned.named_modules()}
    found = {}
    for stream in _streams(dense, left):
        for number, one in enumerate(stream):
            if one.layer not in left or (one.norm and one.norm not in left):
                continue
            gone = [later.layer in left for later in stream[number + 1 :]] + [True]
            one = replace(one, aim=stream[number + gone.index(True)].after)
            if one.before is not None and one.before.module not in left:
                one = replace(one, before=None)
            if one.reads:
                found[one.layer] = one
    return found


def _streams(dense: nn.Module, left: set[str]) -> Iterator[Sequence[Write]]:
    """The layers that write to one stream, in their order; `left` are the modules of the pruned network."""
    from timm.models.convnext import ConvNeXt
    from timm.models.efficientnet import EfficientNet
    from timm.models.resnet import ResNet
    from timm.models.vision_transformer import VisionTransformer

    if isinstance(dense, VisionTransformer):
        yield _of_transformer(dense)
    elif isinstance(dense, ResNet):
        yield from _of_resnet(dense, left)
    elif isinstance(dense, EfficientNet):
        for i, stage in enumerate(dense.blocks):
            yield list(_of_efficient_stage(f"blocks.{i}", stage))
    elif isinstance(dense, ConvNeXt):
        for i, stage in enumerate(dense.stages):
            yield list(_of_convnext_stage(f"stages.{i}", stage))


def _write(layer: str, before: Read | None, after: Read, norm: str = "", scale: str = "") -> Write:
    return Write(layer, norm, scale, before, after, after)


def _of_transformer(model: nn.Module) -> list[Write]:
    from timm.models.vision_transformer import Block

    every = list(parts(model))
    blocks = [model.get_submodule(".".join(part.name.split(".")[:2])) for part in every]
    if not all(type(b) is Block and not is_post_norm(b) for b in blocks) or not all(p.before for p in every):
        return []
    found = []
    for part, end in zip(every, [*(p.before for p in every[1:]), "norm"], strict=True):
        scale = f"{part.after}.gamma" if hasattr(part.get(part.after), "gamma") else ""
        found.append(_write(part.writes, Read(part.before, False, -1), Read(end, False, -1), scale=scale))
    return found


def _of_resnet(model: nn.Module, left: set[str]) -> Iterator[list[Write]]:
    """One stream a stage, of sums before their activation; the stem begins the first."""
    convs = [n for n, m in model.named_modules() if isinstance(m, nn.Conv2d) and n.startswith("conv1")]
    stem = _write(convs[-1], None, Read("bn1", True, 1), norm="bn1")
    plain = isinstance(getattr(model, "maxpool", None), nn.Identity)
    for i in range(1, 5):
        stream = [stem] if i == 1 and plain and _linear(model.bn1) else []
        stage = getattr(model, f"layer{i}", ())
        for j, block in enumerate(() if isinstance(stage, nn.Identity) else stage):
            stream += _of_resnet_block(f"layer{i}.{j}", block, left)
        yield stream


def _of_resnet_block(name: str, block: nn.Module, left: set[str]) -> Iterable[Write]:
    last = "3" if hasattr(block, "conv3") else "2"
    branch = f"{name}.se" if getattr(block, "se", None) is not None else f"{name}.bn{last}"
    conv, norm = f"{name}.conv{last}", f"{name}.bn{last}"
    total = Read(f"{name}.act{last}", False, 1)
    if isinstance(block, Shortcut):
        total = Read(f"{name}.activation", False, 1)
    elif not hasattr(block, f"conv{last}"):
        return []  # it was removed, and nothing is left that writes
    inside = {} if block.downsample is None else dict(block.downsample.named_children())
    projections = [n for n, m in inside.items() if isinstance(m, nn.Conv2d)]
    norms = [n for n, m in inside.items() if isinstance(m, nn.BatchNorm2d)]
    if block.downsample is None:
        # What a squeeze-and-excitation scales differs by image.
        return [_write(conv, None if branch != norm else Read(name, False, 1), total, norm=norm)]
    if not projections or not norms:
        return [_write(conv, None, total, norm=norm)]
    layer, bn = (f"{name}.downsample.{n[-1]}" for n in (projections, norms))
    if isinstance(block, Shortcut):
        return [_write(layer, None, total, norm=bn)]
    if conv in left:  # it runs before the projection, which takes on what it leaves
        return [_write(layer, Read(branch, True, 1), total, norm=bn)]
    return [_write(layer, None, Read(bn, True, 1), norm=bn), _write(conv, None, total, norm=norm)]


def _of_efficient_stage(name: str, stage: nn.Module) -> Iterator[Write]:
    for i, block in enumerate(stage):
        children = dict(block.named_children())
        convs = [n for n, m in children.items() if isinstance(m, nn.Conv2d)]
        norms = [n for n, m in children.items() if isinstance(m, nn.BatchNorm2d)]
        if not convs or not norms or not _linear(children[norms[-1]]):
            continue
        own = f"{name}.{i}"
        before = Read(own, False, 1) if getattr(block, "has_skip", False) else None
        yield _write(f"{own}.{convs[-1]}", before, Read(own, True, 1), norm=f"{own}.{norms[-1]}")


def _of_convnext_stage(name: str, stage: nn.Module) -> Iterator[Write]:
    convs = [n for n, m in stage.downsample.named_children() if isinstance(m, nn.Conv2d)]
    if convs:
        yield _write(f"{name}.downsample.{convs[-1]}", None, Read(f"{name}.downsample", True, 1))
    for i, block in enumerate(stage.blocks):
        own = f"{name}.blocks.{i}"
        if isinstance(block, nn.Identity):
            continue  # removed
        scale = f"{own}.gamma" if isinstance(block.gamma, nn.Parameter) else ""
        if isinstance(getattr(block, "shortcut", nn.Identity()), nn.Identity):
            yield _write(f"{own}.mlp.fc2", Read(own, False, 1), Read(own, True, 1), scale=scale)


def _linear(norm: nn.Module) -> bool:
    """Whether nothing bends what a norm of timm's puts out."""
    return isinstance(getattr(norm, "act", nn.Identity()), nn.Identity)


def as_layer_outputs(error: Tensor, factor: Tensor | float, smallest: float) -> Tensor:
    """An error on the stream (rows, channels) in units of the layer's own outputs; 0 where next to nothing
    of them comes through."""
    if isinstance(factor, float):
        return error / factor
    factor = factor.cpu()
    return torch.where(factor.abs() > smallest, error / factor, torch.zeros(()))
