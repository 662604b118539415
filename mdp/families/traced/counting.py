"""Parameters and MACs of a traced network as sums of products of widths."""

from collections import Counter
from collections.abc import Mapping, Sequence

from ...core.space import Product
from ...networks.counts import count
from ...networks.slices import Slice
from .follow import Follower
from .layers import CONVOLUTIONS, TRANSPOSED
from .running import bare_weight, fed, is_tensor


def counts(
    follower: Follower, slices: Sequence[Slice], units: Mapping[str, int], block_of: Mapping[str, str]
) -> dict[str, tuple[Product, ...]]:
    """The `counts` of a Space: MACs are those of convolutions and linear layers, for one image."""
    return count(follower.model, slices, units, block_of.get, applications(follower), unused=unused(follower))


def unused(follower: Follower) -> frozenset[str]:
    """Parameters that no step of the graph uses: heads that run in training alone."""
    used = set()
    for node in follower.traced.graph.nodes:
        if node.op == "get_attr":
            used.add(str(node.target))
        elif node.op == "call_module":
            inside = follower.traced.get_submodule(str(node.target)).named_parameters()
            used |= {f"{node.target}.{name}" for name, _ in inside}
    names = follower.ledger.names
    return frozenset(n for n, _ in follower.model.named_parameters()) - {names.get(n, n) for n in used}


def applications(follower: Follower) -> dict[str, int]:
    """For the weight of every convolution and linear layer, how often one image applies it, over all its
    uses."""
    found: Counter[str] = Counter()
    names = follower.ledger.names
    whole = next(n for n in follower.traced.graph.nodes if n.op == "placeholder").meta["out"].shape[0]
    live = fed(follower.traced)
    for node in follower.traced.graph.nodes:
        batch = 1 if node not in live and not node.meta.get("batched") else whole
        bare = bare_weight(follower.traced, node)
        if bare:
            found[names[bare]] += node.meta["out"].numel() // node.meta["out"].shape[-1] // batch
        if node.op != "call_module" or not is_tensor(node):
            continue
        module = follower.traced.get_submodule(str(node.target))
        layer = names.get(f"{node.target}.weight", "")
        out = node.meta["out"]
        if isinstance(module, TRANSPOSED):
            given = node.all_input_nodes[0].meta["out"]
            found[layer] += given.numel() // module.in_channels // batch
        elif isinstance(module, CONVOLUTIONS):
            found[layer] += out.numel() // module.out_channels // batch
        elif hasattr(module, "out_features") and hasattr(module, "in_features"):
            found[layer] += out.numel() // module.out_features // batch
    return dict(found)
