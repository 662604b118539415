"""timm's EfficientNet and MobileNetV3 classes: MobileNetV1 to V4, MNASNet, EfficientNet, -Lite, V2, LCNet.

Expansion and depthwise convolution of an inverted residual are one dim, with the squeeze-excite gate between
them; the projections that a stage adds up are another. Blocks with a skip can be removed: nothing follows
their addition, so that nothing stays of them.
"""

from collections.abc import Collection, Mapping

from torch import nn

from ..core.problem import Block
from ..core.study import ModelRef
from ..networks.prunable import PrunableNetwork
from .convnet import Anatomy, find_channels, stems

NAME = "efficientnet"
TIMM_MODULES = ("efficientnet", "mobilenetv3")  # whose names coverage goes through


def matches(model: nn.Module) -> bool:
    """Whether this family is the one to ask."""
    from timm.models.efficientnet import EfficientNet
    from timm.models.mobilenetv3 import MobileNetV3

    return isinstance(model, (EfficientNet, MobileNetV3))


def find(model: nn.Module, ref: ModelRef, width_step: Mapping[str, int] | None) -> PrunableNetwork:
    """Raise Unsupported if the forward cannot be traced or nothing in it can be pruned."""
    blocks = {
        f"blocks.{i}.{j}": block for i, stage in enumerate(model.blocks) for j, block in enumerate(stage)
    }
    apart = {f"{name}.se" for name, block in blocks.items() if hasattr(block, "se")}
    anatomy = Anatomy(
        tuple(Block(name, bool(getattr(block, "has_skip", False))) for name, block in blocks.items()),
        whole=dict.fromkeys(stems(model), "the first convolution is kept whole, as in the method"),
        apart=frozenset(apart),
    )
    return find_channels(model, ref, width_step, NAME, anatomy)


def remove(model: nn.Module, block: str) -> None:
    """Leave of a block its skip alone."""
    model.set_submodule(block, nn.Identity())


def narrow(model: nn.Module, choices: Mapping[str, int | None], removed: Collection[str]) -> None:
    """After the tensors are cut: say the new widths wherever timm's code reads them from an attribute."""
    head = model.conv_head
    if isinstance(head, nn.Conv2d):
        model.head_hidden_size = head.out_channels
        # MobileNetV3 counts its features before this last convolution, EfficientNet after it.
        before = type(model).__name__ == "MobileNetV3"
        model.num_features = head.in_channels if before else head.out_channels
    elif isinstance(model.classifier, nn.Linear):
        model.num_features = model.head_hidden_size = model.classifier.in_features
