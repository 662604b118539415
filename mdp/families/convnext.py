"""timm's ConvNeXt, V1 and V2.

The width of a stage is one dim, for its blocks add to one stream; each block's MLP is another. Every block
can be removed: nothing follows its addition, so that nothing stays of it.
"""

from collections.abc import Collection, Mapping

from torch import nn

from ..core.problem import Block
from ..core.study import ModelRef
from ..networks.prunable import PrunableNetwork
from .convnet import Anatomy, find_channels, stems

NAME = "convnext"
TIMM_MODULES = ("convnext",)  # whose names coverage goes through


def matches(model: nn.Module) -> bool:
    """Whether this family is the one to ask."""
    from timm.models.convnext import ConvNeXt

    return isinstance(model, ConvNeXt)


def find(model: nn.Module, ref: ModelRef, width_step: Mapping[str, int] | None) -> PrunableNetwork:
    """Raise Unsupported if the forward cannot be traced or nothing in it can be pruned."""
    stages = enumerate(model.stages)
    blocks = [f"stages.{i}.blocks.{j}" for i, stage in stages for j in range(len(stage.blocks))]
    anatomy = Anatomy(
        tuple(Block(name) for name in blocks),
        whole=dict.fromkeys(stems(model), "the first convolution is kept whole, as in the method"),
    )
    return find_channels(model, ref, width_step, NAME, anatomy)


def remove(model: nn.Module, block: str) -> None:
    """Leave of a block its shortcut alone."""
    model.set_submodule(block, nn.Identity())


def narrow(model: nn.Module, choices: Mapping[str, int | None], removed: Collection[str]) -> None:
    """After the tensors are cut: say the new widths wherever timm's code reads them from an attribute."""
    head = model.head
    hidden = getattr(head, "hidden_size", None)
    layer = head.pre_logits.fc if hidden else head.fc
    if isinstance(layer, nn.Identity):
        return  # without a classifier the last stage is the output, and keeps its width
    model.num_features = head.in_features = layer.weight.shape[1]
    if hidden:
        head.hidden_size = layer.weight.shape[0]
    model.head_hidden_size = head.num_features = head.fc.weight.shape[1]
