"""A model's forward as a graph of layers with the shape of every value (torch.fx), for the CNN families."""

import operator
from collections.abc import Sequence

import torch
from torch import fx, nn
from torch.fx.passes.shape_prop import ShapeProp

from ..core.errors import Unsupported, first_line


class LayerTracer(fx.Tracer):
    """Looks into containers only: a module none of whose children has parameters is one step."""

    def is_leaf_module(self, module: nn.Module, name: str) -> bool:
        """Whether the trace takes a module for one step: no module inside it has parameters."""
        return not any(True for child in module.children() for _ in child.parameters())


def trace(model: nn.Module, input_size: Sequence[int]) -> fx.GraphModule:
    """Trace a model in eval mode and note every value's shape under `node.meta["shape"]` (batch of one).

    `node.meta["path"]` is the module that a step belongs to: the layer itself, or whose forward it stands in.

    Raises:
        Unsupported: the forward depends on data in a way that cannot be traced, or fails on such an image.
    """
    training = model.training
    model.eval()
    try:
        traced = fx.GraphModule(model, LayerTracer().trace(model))
        with torch.no_grad():
            own = next(model.parameters(), torch.empty(0)).device
            ShapeProp(traced).propagate(torch.zeros(1, *input_size, device=own))
    except Exception as error:  # whatever a stranger's forward raises; the reason goes to the reader
        size = " x ".join(map(str, input_size))
        raise Unsupported(
            f"The forward of this {type(model).__name__} cannot be followed for an image of {size}: "
            f"{first_line(error)}."
        ) from error
    finally:
        model.train(training)
    for node in traced.graph.nodes:
        result = node.meta.get("tensor_meta")
        node.meta["shape"] = tuple(result.shape) if hasattr(result, "shape") else None
        stack = list(node.meta.get("nn_module_stack") or {})
        node.meta["path"] = str(node.target) if node.op == "call_module" else (stack[-1] if stack else "")
    return traced


def step_name(node: fx.Node) -> str:
    """What a step does, without `inplace`: `Conv2d`, `add`, `flatten`."""
    if node.op == "call_function":
        name = getattr(node.target, "__name__", str(node.target))
        return {"iadd": "add", "imul": "mul"}.get(name, name)
    return str(node.target)


def out_of_place(node: fx.Node):
    """The function of a step with `x += y` read as `x + y`, so that it may be repeated on the same input."""
    return {operator.iadd: operator.add, operator.imul: operator.mul}.get(node.target, node.target)
