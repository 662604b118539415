"""timm's ResNet: basic and bottleneck blocks, deep stems, wide and grouped (ResNeXt).

One dim per convolution's output channels; the layers of a stage whose outputs are added share one. Every
residual block can be removed. A block with a projection on its shortcut becomes that projection and the
activation after the addition: exactly what the dense network computes with the branch at zero.
"""

from collections.abc import Collection, Mapping

import torch
from torch import nn

from ..core.errors import Unsupported
from ..core.problem import Block
from ..core.study import ModelRef
from ..networks.prunable import PrunableNetwork
from .convnet import Anatomy, find_channels, stems

NAME = "resnet"
TIMM_MODULES = ("resnet",)  # whose names coverage goes through


def matches(model: nn.Module) -> bool:
    """Whether this family is the one to ask."""
    from timm.models.resnet import BasicBlock, Bottleneck, ResNet

    if not isinstance(model, ResNet):
        return False
    stages = (getattr(model, f"layer{i}", ()) for i in range(1, 5))
    stages = (stage for stage in stages if not isinstance(stage, nn.Identity))
    # In blocks of other kinds (Res2Net, ResNeSt, selective kernels) channels are followed through the graph.
    return all(type(block) in (BasicBlock, Bottleneck) for stage in stages for block in stage)


def find(model: nn.Module, ref: ModelRef, width_step: Mapping[str, int] | None) -> PrunableNetwork:
    """Raise Unsupported if the forward cannot be traced or nothing in it can be pruned."""
    blocks = _blocks(model)
    stays, apart = set(), set()
    for name, block in blocks.items():
        if block.downsample is not None:
            stays |= {f"{name}.downsample", f"{name}.{_last_activation(block)}"}
        if getattr(block, "se", None) is not None:
            apart.add(f"{name}.se")
    whole = dict.fromkeys(stems(model), "the first convolution is kept whole, as in the method")
    every, adds = tuple(Block(n) for n in blocks), frozenset({"add"})  # timm's blocks say `x += shortcut`
    anatomy = Anatomy(every, frozenset(stays), whole, frozenset(apart), adds)
    return find_channels(model, ref, width_step, NAME, anatomy)


def remove(model: nn.Module, block: str) -> None:
    """Leave of a block what its shortcut and the activation after the addition compute."""
    old = model.get_submodule(block)
    activation = getattr(old, _last_activation(old))
    if old.downsample is not None:
        rest = Shortcut(old.downsample, activation)
    elif isinstance(activation, nn.ReLU):  # what comes in is out of a ReLU, a second one changes nothing
        rest = nn.Identity()
    else:
        rest = activation
    model.set_submodule(block, rest)


def narrow(model: nn.Module, choices: Mapping[str, int | None], removed: Collection[str]) -> None:
    """After the tensors are cut: say the new widths wherever timm's code reads them from an attribute."""
    if isinstance(model.fc, nn.Linear):  # else the last stage is the output, and keeps its width
        model.num_features = model.head_hidden_size = model.fc.in_features


def _blocks(model: nn.Module) -> dict[str, nn.Module]:
    """Raise Unsupported where a stage is missing: timm builds such a network, and it does not run."""
    stages = {name: getattr(model, name, ()) for name in ("layer1", "layer2", "layer3", "layer4")}
    stages = {name: stage for name, stage in stages.items() if not isinstance(stage, nn.Identity)}
    if not all(len(stage) for stage in stages.values()):
        raise Unsupported("This ResNet has a stage without blocks. Give each of the four 1 block or more.")
    return {f"{name}.{i}": block for name, stage in stages.items() for i, block in enumerate(stage)}


def _last_activation(block: nn.Module) -> str:
    return "act3" if hasattr(block, "act3") else "act2"


class Shortcut(nn.Module):
    """What stays of a removed block with a projection; its tensors keep their names."""

    def __init__(self, downsample: nn.Module, activation: nn.Module):
        super().__init__()
        self.downsample, self.activation = downsample, activation

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.activation(self.downsample(x))
