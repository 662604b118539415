"""Where torch.fx does not get through a forward, what torch.export stands on (dynamo) may.

It reads Python instead of running it, and so gets through scripted functions, numpy and much else. Its graph
has layers as functions of bare tensors; those of torch's own layers become the layers again.
"""

import contextlib
import io
import logging
import re
import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import fx, nn
from torch.utils import _pytree as pytree

from .layers import forward_is_known

# Functions that a layer of torch's is, when it runs.
_LAYERS = {
    **{f"conv{n}d": (f"Conv{n}d",) for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": (f"ConvTranspose{n}d",) for n in (1, 2, 3)},
    "linear": ("Linear",),
    "batch_norm": tuple(f"BatchNorm{n}d" for n in (1, 2, 3)),
    "instance_norm": tuple(f"InstanceNorm{n}d" for n in (1, 2, 3)),
    "layer_norm": ("LayerNorm",),
    "group_norm": ("GroupNorm",),
    "rms_norm": ("RMSNorm",),
    "prelu": ("PReLU",),
    "embedding": ("Embedding",),
}


def exported(model: nn.Module, inputs: Sequence[torch.Tensor]) -> fx.GraphModule:
    """The graph of a forward, for any size of the batch. Whatever torch raises is passed on."""
    graph = _export(model, inputs)
    names = {id(t): n for n, t in (*model.named_parameters(), *model.named_buffers())}
    own = fx.Graph()
    new: dict[fx.Node, Any] = {}
    more: dict[str, torch.Tensor] = {}
    for node in graph.graph.nodes:
        if node.op == "placeholder":
            new[node] = own.placeholder(re.sub(r"\W", "_", node.name).strip("_"))
        elif node.op == "get_attr":
            tensor = _attribute(graph, str(node.target))
            name = names.get(id(tensor)) or f"constant_{len(more)}"
            if id(tensor) not in names:
                more[name] = tensor
            new[node] = own.get_attr(name)
        elif node.op == "output":
            flat = [new[n] if isinstance(n, fx.Node) else n for n in node.args[0]]
            own.output(pytree.tree_unflatten(flat, graph._out_spec))
        else:
            new[node] = _step(model, own, node, new)
            new[node].meta["inside"] = _inside(model, node)
    for name, tensor in more.items():
        model.register_buffer(name, tensor, persistent=False)
    for node in reversed(list(own.nodes)):
        if node.op == "get_attr" and not node.users:
            own.erase_node(node)
    own.lint()
    return fx.GraphModule(model, own)


def _export(model: nn.Module, inputs: Sequence[torch.Tensor]) -> fx.GraphModule:
    from torch import _dynamo

    copies = [t.clone() for t in inputs]
    for tensor in copies:
        _dynamo.mark_dynamic(tensor, 0)
    level = logging.getLogger("torch._dynamo").level
    logging.getLogger("torch._dynamo").setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            _dynamo.reset()
            graph, _ = _dynamo.export(model, aten_graph=False, assume_static_by_default=True)(*copies)
    finally:
        logging.getLogger("torch._dynamo").setLevel(level)
        _dynamo.reset()
    return graph


def _step(model: nn.Module, own: fx.Graph, node: fx.Node, new: dict[fx.Node, Any]) -> fx.Node:
    args, kwargs = fx.map_arg((node.args, node.kwargs), new.__getitem__)
    name = getattr(node.target, "__name__", str(node.target))
    if node.target is torch.ops.aten.sym_size.int:
        return own.call_method("size", args)
    layer = _layer(model, name, args, kwargs)
    if layer:
        return own.call_module(layer, args[:1])
    return own.create_node(node.op, node.target, args, kwargs)


def _layer(model: nn.Module, name: str, args: Any, kwargs: Any) -> str:
    """The path of the layer of torch's that a function of bare tensors is; empty if it is none."""
    tensors = [a for a in (*args[1:], *kwargs.values()) if isinstance(a, fx.Node)]
    if not tensors or any(t.op != "get_attr" for t in tensors) or name not in _LAYERS:
        return ""
    owners = {str(t.target).rpartition(".")[0] for t in tensors}
    if len(owners) != 1 or owners == {""}:
        return ""
    path = owners.pop()
    module = model.get_submodule(path)
    kinds = tuple(getattr(nn, kind) for kind in _LAYERS[name])
    return path if isinstance(module, kinds) and forward_is_known(module) else ""


def _inside(model: nn.Module, node: fx.Node) -> str:
    """The module whose forward a step stands in, as far as the graph says it."""
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    words = re.findall(r"\w+", stack[-1][0]) if stack else []
    path = ".".join(w for w in words if w not in ("L", "self", "_modules"))
    try:
        model.get_submodule(path)
    except AttributeError:
        return ""
    return path


def _attribute(graph: fx.GraphModule, target: str) -> torch.Tensor:
    path, _, leaf = target.rpartition(".")
    return getattr(graph.get_submodule(path), leaf)
