"""What a graph takes out of its module as numbers: positions picked by a buffer, a list or a bound.

They are written into the pruned network's steps and into no file of weights. Whoever makes the network again
from another module, with a shuffle drawn anew, would have another network: their hashes tell.
"""

import hashlib
from collections import defaultdict

from torch import fx, nn

from ...networks.libraries import FORWARDS, is_of
from .moves import SLICES
from .picks import REORDERS
from .running import is_tensor, name_of
from .shuffles import reorder

# Steps whose settings say which positions they take, and in which order.
_CHOOSING = SLICES | REORDERS


def note_fixed(model: nn.Module, traced: fx.GraphModule, picked: dict[fx.Node, str]) -> None:
    """Keep `traced.meta["fixed"]`: what picks -> hash of the positions that it picks.

    Args:
        picked: `reorder` step -> the buffer that held its positions, "" where none did.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for node in traced.graph.nodes:
        owner = type(model.get_submodule(str(node.meta["path"])))
        if is_of(owner, FORWARDS):
            continue
        if node.target is reorder and node in picked:
            found[picked[node] or _where(node)].append(repr(node.args[1:]))
        elif name_of(traced, node) in _CHOOSING and node.op != "call_module" and is_tensor(node):
            given = fx.map_arg((node.args[1:], node.kwargs), lambda n: None)
            found[_where(node)].append(repr(given))
    traced.meta["fixed"] = {
        what: hashlib.sha256("\n".join(said).encode()).hexdigest()[:16] for what, said in found.items()
    }


def _where(node: fx.Node) -> str:
    path = node.meta["path"]
    return f"the forward of {path}" if path else "its forward"


__all__ = ["note_fixed"]
