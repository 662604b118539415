"""Layers that write to a transformer's residual stream, and where it can be read just before."""

from dataclasses import dataclass

from torch import Tensor, nn

from ..families.vit_parts import is_post_norm, parts


@dataclass(frozen=True)
class Write:
    """A layer whose outputs, times a scale, are added to a stream.

    Attributes:
        stream: the module whose input is the stream; `axis`: where its channels are.
        scale: a layer scale between the layer and the addition, "" for none.
    """

    layer: str
    stream: str
    axis: int
    scale: str = ""

    def factor(self, network: nn.Module) -> Tensor | float:
        """What one unit of the layer's output is on the stream, per channel."""
        if not self.scale:
            return 1.0
        return network.get_submodule(self.scale).gamma.detach()


def writes(dense: nn.Module, pruned: nn.Module) -> dict[str, Write]:
    """By layer, for timm's own transformer blocks, where the pruned network still has them."""
    from timm.models.vision_transformer import Block, VisionTransformer

    found: list[Write] = []
    if isinstance(dense, VisionTransformer):
        for part in parts(dense):
            block = dense.get_submodule(".".join(part.name.split(".")[:2]))
            if type(block) is Block and not is_post_norm(block) and part.before:
                scale = part.after if hasattr(part.get(part.after), "gamma") else ""
                found.append(Write(part.writes, part.before, -1, scale))
    left = {name for name, _ in pruned.named_modules()}
    return {w.layer: w for w in found if {w.layer, w.stream, w.scale} <= left}  # "" is the network itself
