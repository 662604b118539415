"""Run one step of a graph on other tensors than those that the trace saw."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import fx, nn


def name_of(traced: fx.GraphModule, node: fx.Node) -> str:
    """What a step does: `Conv2d`, `add`, `flatten`."""
    if node.op == "call_module":
        if str(node.target) in getattr(traced, "meta", {}).get("idle", ()):
            return "Identity"
        return type(traced.get_submodule(str(node.target))).__name__
    if node.op == "call_function":
        return getattr(node.target, "__name__", str(node.target))
    return str(node.target)


def is_tensor(node: fx.Node) -> bool:
    """Whether a step gives one tensor."""
    return isinstance(node.meta.get("out"), torch.Tensor)


def fed(traced: fx.GraphModule) -> set[fx.Node]:
    """Inputs, and what depends on the numbers in one, not on its sizes alone: tensors, lists of them, numbers
    read out of them."""
    found: set[fx.Node] = set()
    for node in traced.graph.nodes:
        sources = [n for n in node.all_input_nodes if n in found]
        numbers = str(node.target) in ("item", "tolist") or any(not _is_of_tensors(n) for n in sources)
        if node.op == "placeholder" or (sources and (_is_of_tensors(node) or numbers)):
            found.add(node)
    return found


def _is_of_tensors(node: fx.Node) -> bool:
    return is_tensor(node) or gives_several(node)


def gives_several(node: fx.Node) -> bool:
    """Whether a step gives several tensors."""
    out = node.meta["out"]
    return isinstance(out, tuple | list) and any(hasattr(t, "untyped_storage") for t in out)


def bare_weight(traced: fx.GraphModule, node: fx.Node) -> str:
    """The name of the weight of a linear layer that is a function of it; empty for any other step."""
    if node.op != "call_function" or name_of(traced, node) != "linear":
        return ""
    weight = node.args[1] if len(node.args) > 1 else node.kwargs["weight"]
    if weight.op != "get_attr":
        return ""
    path, _, leaf = str(weight.target).rpartition(".")
    own = getattr(traced.get_submodule(path), leaf)
    return str(weight.target) if isinstance(own, nn.Parameter) else ""


def tensors_in(node: fx.Node) -> list[fx.Node]:
    """The steps before this one whose tensors it works on."""
    return [n for n in node.all_input_nodes if is_tensor(n)]


def noted(node: fx.Node) -> Any:
    """What a step gave in the trace; a tensor of shape alone becomes one of random numbers."""
    out = node.meta["out"]
    if isinstance(out, torch.Tensor) and out.is_meta:
        return _random(out)
    return out


def run(traced: fx.GraphModule, node: fx.Node, given: Mapping[fx.Node, Any]) -> Any:
    """What a step makes of `given`, and of `noted` where that says nothing."""
    args, kwargs = fx.map_arg((node.args, node.kwargs), lambda n: given[n] if n in given else noted(n))
    with torch.no_grad():
        if node.op == "call_function":
            return node.target(*args, **kwargs)
        if node.op == "call_method":
            # Labels lie in memory in another way than numbers: what is a view of these need be none of them.
            method = {"view": "reshape", "view_as": "reshape_as"}.get(str(node.target), str(node.target))
            if method == "reshape" and "size" in kwargs:
                kwargs = {"shape": kwargs["size"]}
            return getattr(args[0], method)(*args[1:], **kwargs)
        return traced.get_submodule(str(node.target))(*args, **kwargs)


def _random(like: torch.Tensor) -> torch.Tensor:
    if like.is_floating_point() or like.is_complex():
        return torch.randn(like.shape, dtype=like.dtype, device="cpu")
    return torch.zeros(like.shape, dtype=like.dtype, device="cpu")
