"""Steps that write their result over what they are given, as `nn.ReLU(inplace=True)` does: found by running
each on tensors of shape alone, whose memory and version torch keeps."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import fx
from torch.utils._pytree import tree_leaves, tree_map_only

from .moves import PLAIN, RESHAPES
from .running import name_of, run

# Modules that, in evaluation at least, give what they are given, or a view of it.
_MODULES = PLAIN | RESHAPES | frozenset("DropPath StochasticDepth".split())
# Steps that give what they are given where it has that type already.
_CASTS = frozenset("to type type_as float double half bfloat16".split())


def written_over(traced: fx.GraphModule, node: fx.Node) -> list[fx.Node]:
    """The steps that write over what `node` gives. A sum is there to be written over; where its branch is
    gone, they would write over what others read, and what the gradient needs."""
    found, seen, values = [], {node}, [node]  # every step once: ways double with each sum of a long chain
    while values:
        value = values.pop()
        for user in value.users:
            written, shares = _does(traced, user, value)
            if written:
                found.append(user)
            if shares and user not in seen:
                seen.add(user)
                values.append(user)
    return found


def writes_over_casts(traced: fx.GraphModule) -> bool:
    """Whether something is written that is seen through `x.float()` or the like, too: where `x` has that
    type, the two are one."""
    casts = (n for n in traced.graph.nodes if n.op != "call_module" and name_of(traced, n) in _CASTS)
    return any(written_over(traced, n) for cast in casts for n in (cast, *cast.all_input_nodes[:1]))


def by_setting(traced: fx.GraphModule, step: fx.Node) -> bool:
    """Whether a step writes over what it is given because its module's `inplace` says so."""
    return step.op == "call_module" and str(step.target) not in traced.meta["opaque"]


def _does(traced: fx.GraphModule, user: fx.Node, value: fx.Node) -> tuple[bool, bool]:
    """Whether a step writes over a value, and whether what it gives lies where the value does."""
    if user.op == "output":
        return False, False
    name = name_of(traced, user)
    if user.op == "call_module":
        if not by_setting(traced, user):  # nobody can look into it
            return True, True
        written = bool(getattr(traced.get_submodule(str(user.target)), "inplace", False))
        return written, written or name in _MODULES or "Dropout" in name
    given = {n: tree_map_only(torch.Tensor, _empty, n.meta["out"]) for n in user.all_input_nodes}
    before = [t._version for t in _tensors(given[value])]
    try:
        result = run(traced, user, given)
    except Exception:  # whatever a stranger's step raises on tensors of shape alone
        return True, True
    written = before != [t._version for t in _tensors(given[value])]
    places = {t.untyped_storage()._cdata for t in _tensors(given[value])}
    shares = any(t.untyped_storage()._cdata in places for t in _tensors(result))
    return written, shares or name in _CASTS


def _empty(t: torch.Tensor) -> torch.Tensor:
    return torch.empty_like(t, device="meta")


def _tensors(values: Any) -> Iterator[torch.Tensor]:
    return (t for t in tree_leaves(values) if isinstance(t, torch.Tensor))


__all__ = ["by_setting", "writes_over_casts", "written_over"]
