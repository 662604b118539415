"""Steps that write their result over what they are given, as `nn.ReLU(inplace=True)` does."""

from torch import fx

from .moves import PLAIN, RESHAPES
from .running import is_tensor, name_of

# Their result is what they are given, or a view of it.
_ALIKE = PLAIN | RESHAPES | frozenset("Identity Dropout DropPath StochasticDepth getitem chunk split".split())


def written_over(traced: fx.GraphModule, node: fx.Node) -> list[fx.Node]:
    """The steps that write over what `node` gives. A sum is there to be written over; where its branch is
    gone, they would write over what others read, and what the gradient needs."""
    found, seen, values = [], {node}, [node]  # every step once: ways double with each sum of a long chain
    while values:
        value = values.pop()
        for user in value.users:
            written = _is_in_place(traced, user) and user.args[:1] in ((), (value,))
            if written:
                found.append(user)
            if user in seen or not (written or not is_tensor(user) or name_of(traced, user) in _ALIKE):
                continue
            seen.add(user)
            values.append(user)
    return found


def _is_in_place(traced: fx.GraphModule, node: fx.Node) -> bool:
    if node.op == "call_module":
        return bool(getattr(traced.get_submodule(str(node.target)), "inplace", False))
    if node.op not in ("call_function", "call_method"):
        return False
    name = name_of(traced, node)
    return (name.endswith("_") and not name.endswith("__")) or node.kwargs.get("inplace") is True


__all__ = ["written_over"]
