"""Batch norms that deployment folds into the convolutions before them."""

from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .layers import BATCH_NORMS, CONVOLUTIONS


def folds(traced: fx.GraphModule, node: fx.Node) -> bool:
    """Whether this step is a batch norm that deployment folds into the convolution before it."""
    if node.op != "call_module" or not isinstance(traced.get_submodule(str(node.target)), BATCH_NORMS):
        return False
    source = node.all_input_nodes[0]
    return (
        traced.get_submodule(str(node.target)).running_mean is not None
        and source.op == "call_module"
        and len(source.users) == 1
        and isinstance(traced.get_submodule(str(source.target)), CONVOLUTIONS)
    )


def fold(module: fx.GraphModule) -> fx.GraphModule:
    """Batch norms of a piece taken over by the convolutions before them."""
    for node in list(module.graph.nodes):
        if folds(module, node):
            source = node.all_input_nodes[0]
            conv, norm = (module.get_submodule(str(n.target)) for n in (source, node))
            module.set_submodule(str(source.target), fuse_conv_bn_eval(conv.eval(), norm.eval()))
            module.set_submodule(str(node.target), getattr(norm, "act", nn.Identity()))
    return module
