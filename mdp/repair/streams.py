"""Layers that write to a residual stream, and where that stream can be read just before."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..families.vit_parts import is_post_norm, parts


@dataclass(frozen=True)
class Write:
    """A layer whose outputs, times a scale, are added to a stream.

    Attributes:
        stream: the module whose input is the stream; `axis`: where its channels are.
        scale: a batch norm or layer scale between the layer and the addition, "" for none.
    """

    layer: str
    stream: str
    axis: int
    scale: str = ""

    def factor(self, network: nn.Module) -> Tensor | float:
        """What one unit of the layer's output is on the stream, per channel."""
        if not self.scale:
            return 1.0
        module = network.get_submodule(self.scale)
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            weight = torch.ones_like(module.running_var) if module.weight is None else module.weight.detach()
            return weight / (module.running_var + module.eps).sqrt()
        return module.gamma.detach()


def writes(dense: nn.Module, pruned: nn.Module) -> dict[str, Write]:
    """By layer, where timm's own blocks are known in the dense network and still in the pruned one."""
    from timm.models.vision_transformer import Block, VisionTransformer

    found: list[Write] = []
    if isinstance(dense, VisionTransformer):
        for part in parts(dense):
            block = dense.get_submodule(".".join(part.name.split(".")[:2]))
            if type(block) is Block and not is_post_norm(block) and part.before:
                scale = part.after if hasattr(part.get(part.after), "gamma") else ""
                found.append(Write(part.writes, part.before, -1, scale))
    for name, block in dense.named_modules():
        layers = _inverted(block)
        if layers:
            found.append(Write(f"{name}.{layers[0]}", name, 1, f"{name}.{layers[1]}"))
    left = {name for name, _ in pruned.named_modules()}
    return {w.layer: w for w in found if {w.layer, w.stream, w.scale} <= left}  # "" is the network itself


def _inverted(block: nn.Module) -> tuple[str, str] | None:
    """The last convolution and norm of one of timm's mobile blocks with a skip and nothing after it."""
    if not getattr(block, "has_skip", False):
        return None
    for layer, norm in (("conv_pwl", "bn3"), ("conv_pwl", "bn2"), ("conv_pw", "bn2")):
        after = getattr(block, norm, None)
        if hasattr(block, layer) and isinstance(after, nn.modules.batchnorm._BatchNorm):
            return (layer, norm) if isinstance(getattr(after, "act", nn.Identity()), nn.Identity) else None
    return None
