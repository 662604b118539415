"""Batch norms that deployment folds into the convolutions before them."""

from collections import Counter
from collections.abc import Collection

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
        and not {node.target, source.target} & shared(traced)  # last: it counts all steps
    )


def shared(traced: fx.GraphModule) -> frozenset[str]:
    """Layers that run more than once: folded for one of their places, they would be wrong at the others."""
    runs = Counter(str(n.target) for n in traced.graph.nodes if n.op == "call_module")
    return frozenset(name for name, times in runs.items() if times > 1)


def fold(module: fx.GraphModule, but: Collection[str] = ()) -> fx.GraphModule:
    """Batch norms of a piece taken over by the convolutions before them.

    Args:
        but: layers to leave as they are, since they run outside the piece as well.
    """
    for node in list(module.graph.nodes):
        if folds(module, node) and not {node.target, node.all_input_nodes[0].target} & set(but):
            source = node.all_input_nodes[0]
            conv, norm = (module.get_submodule(str(n.target)) for n in (source, node))
            module.set_submodule(str(source.target), fuse_conv_bn_eval(conv.eval(), norm.eval()))
            module.set_submodule(str(node.target), getattr(norm, "act", nn.Identity()))
    return module
