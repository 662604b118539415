"""A network as it is deployed: in eval mode, batch norms folded into the convolutions before them."""

import copy

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ..families.traced import TracedNetwork
from ..families.traced.folding import fold
from ..networks.trace import LayerTracer

_BatchNorm = nn.modules.batchnorm._BatchNorm


def deploy(model: nn.Module) -> nn.Module:
    """A copy in eval mode without the batch norms that a convolution can take over; tables price this.

    The result computes the same up to rounding. Models without batch norms are copied as they are.
    """
    model = copy.deepcopy(model).eval()
    if not any(isinstance(m, _BatchNorm) for m in model.modules()):
        return model
    if isinstance(model, TracedNetwork):
        return fold(model)
    modules = dict(model.named_modules())
    for node in LayerTracer().trace(model).nodes:
        norm = modules.get(node.target) if node.op == "call_module" else None
        if not isinstance(norm, _BatchNorm):
            continue
        source = node.all_input_nodes[0]
        conv = modules.get(source.target) if source.op == "call_module" else None
        if isinstance(conv, nn.Conv2d) and len(source.users) == 1:
            model.set_submodule(source.target, fuse_conv_bn_eval(conv, norm))
            # timm's BatchNormAct2d carries the activation that follows
            model.set_submodule(node.target, getattr(norm, "act", nn.Identity()))
    return model
