"""Traces a forward step by step (torch.fx), and says of submodules that cannot be traced why.

A submodule whose forward no trace survives (control flow that looks at values) becomes one step.
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

from ...core.errors import first_line
from ..channels import is_uncentred_norm
from .in_training import questions
from .layers import forward_is_known
from .stand_ins import Known, answering

# One step each: what they do to channels is known, or nothing in eval mode.
_STEPS = (
    *(BlurPool2d, DropPath, EvoNorm2dS0, LayerScale, LayerScale2d, GlobalResponseNorm),
    *(FrozenBatchNorm2d, StochasticDepth),
    *(nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm),
)
BY_NUMBERS = "its control flow depends on the numbers in a tensor"
_CHANGES = "it writes into a tensor of its own, so that every call changes it"
_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


class StepTracer(fx.Tracer):
    """Notes in `opaque` the submodules that could not be looked into, with the reason.

    Args:
        inputs: an example, of which only sizes are ever looked at: a forward may branch on them.
        buffers: whether buffers are steps of the graph too, and not what they hold.
    """

    def __init__(self, inputs: Sequence[torch.Tensor], buffers: bool = False) -> None:
        super().__init__(autowrap_functions=tuple(get_notrace_functions()))
        self.opaque: dict[str, str] = {}
        self.idle: set[str] = set()  # modules that do nothing in evaluation
        self.asks_training = False
        self.asks_sizes = False  # a number computed from sizes was needed: what it decides is decided
        self.taken_apart: list[fx.Node] = []  # tensors that were gone through one by one
        self.proxy_buffer_attributes = buffers
        self._inputs, self._seen, self._running = list(inputs), {}, False
        self._resting = False  # a module is tried as it is in evaluation

    def trace(self, root: Any, concrete_args: Any = None) -> fx.Graph:
        """The graph of a module's forward. Raises TraceError for one that puts values into its buffers."""
        with answering(self, root), questions(self._note_question):
            graph = super().trace(root, concrete_args)
        if any(isinstance(t, fx.Proxy) for module in root.modules() for t in module._buffers.values()):
            raise fx.proxy.TraceError(_CHANGES)
        return graph

    def _note_question(self) -> None:
        """A forward that is traced, not one that runs, asks whether it is training."""
        self.asks_training = self.asks_training or not (self._running or self._resting)

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

    def create_proxy(self, kind: str, target: Any, args: tuple, *more: Any, **settings: Any) -> fx.Proxy:
        """A step of the graph. Raises TraceError for one that writes into a tensor of the module's own."""
        if kind == "call_method" and str(target).rstrip("_") != str(target) and target != "__getitem__":
            if isinstance(args[0], torch.Tensor):
                raise fx.proxy.TraceError(_CHANGES)
        return super().create_proxy(kind, target, args, *more, **settings)

    def proxy(self, node: fx.Node) -> fx.Proxy:
        """The stand-in for a step's result."""
        return Known(node, self)

    def to_bool(self, obj: fx.Proxy) -> bool:
        """Take the branch that the example's sizes take; numbers in tensors decide nothing."""
        return bool(self.size(obj.node))

    def iter(self, obj: fx.Proxy) -> Any:
        """One stand-in for each of several values, sizes among them, and for each part of a tensor."""
        return iter([obj[i] for i in range(self.length(obj.node))])

    def length(self, node: fx.Node) -> int:
        """How many values a step gives for the example, or how long the first axis of its tensor is."""
        found = self._example(node)
        if isinstance(found, torch.Tensor) and found.ndim:
            self.taken_apart.append(node)
        return len(found)

    def is_tensor(self, value: Any) -> bool:
        """Whether a value stands for a tensor."""
        return isinstance(value, fx.Proxy) and isinstance(self._example(value.node), torch.Tensor)

    def is_mask(self, value: Any) -> bool:
        """Whether a value stands for a tensor of yes and no."""
        return self.is_tensor(value) and self._example(value.node).dtype == torch.bool

    def size(self, node: fx.Node) -> Any:
        """A number computed from sizes. Raises TraceError if it depends on what is in a tensor."""
        found = self.seen(node)
        if isinstance(found, bool | int | float):
            self.asks_sizes = True
            return found
        raise fx.proxy.TraceError(BY_NUMBERS)

    def seen(self, node: fx.Node) -> Any:
        """What a step gives for the example, if that is no tensor."""
        found = self._example(node)
        if isinstance(found, torch.Tensor):
            raise fx.proxy.TraceError(BY_NUMBERS)
        return found

    def _example(self, node: fx.Node) -> Any:
        if node in self._seen:
            return self._seen[node]
        self._running = True  # modules run now, rather than being traced
        training = [module for module in self.root.modules() if module.training]
        self.root.eval()  # a graph of the forward in training needs sizes alone
        try:
            self._run_to(node)
        finally:
            self._running = False
            for module in training:
                module.training = True
        return self._seen[node]

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
        if self._is_idle(module, args, kwargs):
            self.idle.add(self.path_of_module(module))
            return self.create_proxy("call_module", self.path_of_module(module), args, kwargs)
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

    def _is_idle(self, module: nn.Module, args: tuple, kwargs: dict) -> bool:
        """Whether a module of somebody's own does nothing in evaluation, such as a drop of paths: one step,
        which does in training what it does there."""
        if self.is_leaf_module(module, "") or any(module.children()) or kwargs or len(args) != 1:
            return False
        if module._parameters or module._buffers or not isinstance(args[0], fx.Proxy):
            return False
        self._resting = True
        before, training = len(self.graph.nodes), module.training
        module.training = False
        try:
            idle = module.forward(*args) is args[0]
        except Exception:  # whatever a stranger's forward raises
            idle = False
        finally:
            module.training = training
            self._resting = False
        for node in reversed(list(self.graph.nodes)[before:]):
            self.graph.erase_node(node)
        return idle and len(self.graph.nodes) == before
