"""Any module's forward as a graph of steps, with what every step gives (torch.fx).

Looks into everything but torch's own layers and those of timm that are one step by nature. A submodule whose
forward no trace survives (control flow that looks at values) becomes one step that nothing is known of.
"""

import copy
import inspect
from collections.abc import Sequence
from typing import Any

import torch
from timm.layers import BlurPool2d, DropPath, EvoNorm2dS0, LayerScale, LayerScale2d
from timm.layers.grn import GlobalResponseNorm
from timm.models._features_fx import get_notrace_functions, is_notrace_module
from torch import fx, nn
from torchvision.ops import FrozenBatchNorm2d, StochasticDepth

from ...core.errors import Unsupported, first_line
from ..channels import is_uncentred_norm
from .einsums import spell_out_einsums
from .layers import forward_is_known
from .notes import Notes, note_batches

# One step each: what they do to channels is known, or nothing in eval mode.
_STEPS = (
    *(BlurPool2d, DropPath, EvoNorm2dS0, LayerScale, LayerScale2d, GlobalResponseNorm),
    *(FrozenBatchNorm2d, StochasticDepth),
    *(nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm),
)
_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


class _Sizes:
    """Where Python itself needs a size, it gets that of the example."""

    def __index__(self) -> int:
        return self.tracer.size(self.node)

    def __int__(self) -> int:
        return int(self.tracer.size(self.node))

    def __float__(self) -> float:
        return float(self.tracer.size(self.node))

    def __len__(self) -> int:
        return len(self.tracer.seen(self.node))


class _Known(_Sizes, fx.Proxy):
    """Stands for a value in the trace."""

    def __getattr__(self, name: str) -> fx.Proxy:
        return _KnownAttribute(self, name)


class _KnownAttribute(_Sizes, fx.proxy.Attribute):
    """Stands for an attribute of a value, such as its shape."""


class StepTracer(fx.Tracer):
    """Notes in `opaque` the submodules that could not be looked into, with the reason.

    Args:
        inputs: an example, of which only sizes are ever looked at: a forward may branch on them.
    """

    def __init__(self, inputs: Sequence[torch.Tensor]) -> None:
        super().__init__(autowrap_functions=tuple(get_notrace_functions()))
        self.opaque: dict[str, str] = {}
        self._inputs, self._seen, self._running = list(inputs), {}, False

    def create_args_for_root(
        self, root_fn: Any, is_module: bool, concrete_args: Any = None
    ) -> tuple[Any, list[Any]]:
        """One stand-in for each input; all other arguments of the forward stay at their defaults."""
        known = [
            p.name
            for p in inspect.signature(self.root.forward).parameters.values()
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
        names = [*known, *(f"input_{i}" for i in range(len(self._inputs)))][: len(self._inputs)]
        return root_fn, [self.root, *(self.create_proxy("placeholder", n, (), {}) for n in names)]

    def create_arg(self, a: Any) -> Any:
        """A dataclass, such as Hugging Face's outputs, stays one, though it may be a dictionary too."""
        if hasattr(type(a), "__dataclass_fields__") and isinstance(a, dict):
            said = {name: self.create_arg(value) for name, value in a.items()}
            return self.create_node("call_function", type(a), (), said)
        return super().create_arg(a)

    def proxy(self, node: fx.Node) -> fx.Proxy:
        """The stand-in for a step's result."""
        return _Known(node, self)

    def to_bool(self, obj: fx.Proxy) -> bool:
        """Take the branch that the example's sizes take; numbers in tensors decide nothing."""
        return bool(self.size(obj.node))

    def iter(self, obj: fx.Proxy) -> Any:
        """One stand-in for each of several values, sizes among them."""
        try:
            count = len(self.seen(obj.node))
        except (fx.proxy.TraceError, TypeError):
            return super().iter(obj)
        return iter([obj[i] for i in range(count)])

    def size(self, node: fx.Node) -> Any:
        """A number computed from sizes. Raises TraceError if it depends on what is in a tensor."""
        found = self.seen(node)
        if isinstance(found, bool | int | float):
            return found
        raise fx.proxy.TraceError("its control flow depends on the numbers in a tensor")

    def seen(self, node: fx.Node) -> Any:
        """What a step gives for the example."""
        self._running = True  # modules run now, rather than being traced
        try:
            self._run_to(node)
        finally:
            self._running = False
        found = self._seen[node]
        if isinstance(found, torch.Tensor):
            raise fx.proxy.TraceError("its control flow depends on the numbers in a tensor")
        return found

    def _run_to(self, node: fx.Node) -> None:
        with torch.no_grad():
            for step in self.graph.nodes:
                if step in self._seen or step.op == "output":
                    continue
                if step.op == "placeholder":
                    self._seen[step] = self._inputs[len([n for n in self._seen if n.op == "placeholder"])]
                else:
                    self._seen[step] = self._give(step)
                if step is node:
                    break

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict) -> Any:
        """A module's attribute: of a module that runs, itself."""
        if self._running:
            return attr_val
        return super().getattr(attr, attr_val, parameter_proxy_cache)

    def forget(self) -> None:
        """Let go of the example and of what was computed of it."""
        self._inputs, self._seen = [], {}

    def _give(self, step: fx.Node) -> Any:
        args, kwargs = fx.map_arg((step.args, step.kwargs), self._seen.__getitem__)
        if step.op == "get_attr":
            path, _, leaf = str(step.target).rpartition(".")
            return getattr(self.root.get_submodule(path), leaf)
        if step.op == "call_module":
            return self.root.get_submodule(str(step.target))(*args, **kwargs)
        if step.op == "call_method":
            return getattr(args[0], str(step.target))(*args[1:], **kwargs)
        return step.target(*args, **kwargs)

    def is_leaf_module(self, module: nn.Module, name: str) -> bool:
        """Whether the trace takes a module for one step."""
        if isinstance(module, _CONTAINERS):
            return False
        if (
            module.__module__.startswith("torch.nn")
            or isinstance(module, _STEPS)
            or is_uncentred_norm(module)
        ):
            return True
        if isinstance(module, (nn.modules.conv._ConvNd, nn.Linear)) and forward_is_known(module):
            return True
        return is_notrace_module(module) and not list(module.children())

    def call_module(self, module: nn.Module, forward: Any, args: tuple, kwargs: dict) -> Any:
        """Trace a submodule; if that fails, take it for one step."""
        if self._running:
            return forward(*args, **kwargs)
        before, stack, scope = len(self.graph.nodes), copy.copy(self.module_stack), copy.copy(self.scope)
        try:
            return super().call_module(module, forward, args, kwargs)
        except Exception as error:  # whatever a stranger's forward raises
            if module is self.root:
                raise
            for node in reversed(list(self.graph.nodes)[before:]):
                self.graph.erase_node(node)
            self.module_stack, self.scope = stack, scope
            path = self.path_of_module(module)
            self.opaque[path] = first_line(error)
            return self.create_proxy("call_module", path, args, kwargs)


def trace(model: nn.Module, inputs: Sequence[torch.Tensor]) -> fx.GraphModule:
    """The graph of a model in eval mode. `meta["opaque"]` names the submodules that were not looked into.

    Every node has `meta["out"]`, see `Notes`, and `meta["path"]`: the module whose forward it stands in.

    Raises:
        Unsupported: the forward depends on data in a way that cannot be traced, or fails on these inputs.
    """
    tracer, model = StepTracer(inputs), structure(model)
    try:
        graph = tracer.trace(model)
        tracer.forget()
        _forget_checks(graph)
        spell_out_einsums(graph)
        traced = fx.GraphModule(model, graph)
        with torch.no_grad():
            Notes(traced).run(*inputs)
    except Exception as error:  # whatever a stranger's forward raises; the reason goes to the reader
        sizes = " and ".join(" x ".join(map(str, t.shape)) for t in inputs)
        raise Unsupported(
            f"The forward of this {type(model).__name__} cannot be followed for inputs of {sizes}: "
            f"{first_line(error)}. Take what depends on the data out of its forward."
        ) from error
    for node in graph.nodes:
        node.meta["path"] = _path(node)
        node.meta["live"] = node.op == "placeholder" or any(n.meta["live"] for n in node.all_input_nodes)
    note_batches(traced, inputs)
    traced.meta["opaque"] = tracer.opaque
    return traced


def structure(model: nn.Module) -> nn.Module:
    """A copy that shares all tensors: what a forward notes in its module is noted there."""
    return copy.deepcopy(model, {id(t): t for t in (*model.parameters(), *model.buffers())})


def _forget_checks(graph: fx.Graph) -> None:
    """Take away what a forward asserts of its inputs, and what nobody reads."""
    for node in list(graph.nodes):
        if node.op == "call_function" and node.target is torch._assert and not node.users:
            graph.erase_node(node)
    graph.eliminate_dead_code(
        lambda node: node.op not in ("call_function", "call_method", "get_attr") or _acts(node)
    )


def _acts(node: fx.Node) -> bool:
    """Whether a step may do something even if nobody reads its result."""
    name = getattr(node.target, "__name__", str(node.target))
    return node.op != "get_attr" and (
        name.endswith("_") or name in ("setitem", "iadd", "imul", "isub", "itruediv", "__setitem__")
    )


def _path(node: fx.Node) -> str:
    if node.op == "call_module":
        return str(node.target)
    stack = list(node.meta.get("nn_module_stack") or {})
    return stack[-1].partition("@")[0] if stack else ""
