"""Which channels belong together: found by following them through a traced model.

Every convolution and linear layer makes new channels; additions, depthwise and grouped convolutions tie
channels together. A group of channels that must be kept or pruned alike becomes one dim. Units lie one after
the other in every tensor: of a tensor with C channels, unit u of U owns C / U in a row.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from timm.layers import BlurPool2d, EvoNorm2dS0
from torch import fx, nn

from ..networks.trace import step_name

# Steps without weights that leave channels where they are: values change, their order does not.
_PASS = frozenset(
    "relu relu_ relu6 silu gelu sigmoid tanh hardswish hardsigmoid hardtanh dropout contiguous clone to"
    " float avg_pool2d max_pool2d adaptive_avg_pool2d adaptive_max_pool2d interpolate mean".split()
)
_PARAMETER_SHAPES = frozenset("view reshape unsqueeze".split())


@dataclass(eq=False)
class ChannelGroup:
    """Channels that live and die together.

    Attributes:
        units: how many can be told apart (fewer than there are channels where convolutions have groups).
        fixed: why they cannot be pruned; empty if they can.
        members: (tensor name, axis, role) of every tensor that has these channels along an axis.
        makers: layers that compute these channels from others.
        norms: normalisations of these channels.
    """

    units: int
    fixed: str = ""
    members: list[tuple[str, int, str]] = field(default_factory=list)
    makers: list[str] = field(default_factory=list)
    norms: list[str] = field(default_factory=list)
    joined: "ChannelGroup | None" = None

    def root(self) -> "ChannelGroup":
        """The group that this one was joined with in the end; itself if it was not."""
        return self if self.joined is None else self.joined.root()


@dataclass(frozen=True)
class Value:
    """Where the channels of a traced value are. `parameter` names a bare parameter, still without a group."""

    group: ChannelGroup | None
    channels: int = 0
    axis: int = 1
    parameter: str = ""


class Channels:
    """Follows channels through a trace. `groups` are the result; `of` says where a step's channels are."""

    def __init__(self, model: nn.Module, traced: fx.GraphModule):
        self.model, self.traced = model, traced
        self.groups: list[ChannelGroup] = []
        self.of: dict[fx.Node, Value] = {}
        for node in traced.graph.nodes:
            self._follow(node)
        self.groups = [g for g in self.groups if g.joined is None]

    def group(self, node: fx.Node) -> ChannelGroup | None:
        """The group of a step's output, None if it is no tensor with channels."""
        value = self.of.get(node)
        return value.group.root() if value and value.group else None

    def _follow(self, node: fx.Node) -> None:
        inputs = [self.of[n] for n in node.all_input_nodes if n in self.of]
        if node.op == "placeholder":
            self.of[node] = self._new(node.meta["shape"][1], fixed="these are the channels of the image")
        elif node.op == "get_attr":
            self.of[node] = Value(None, parameter=str(node.target))
        elif node.op == "output":
            for value in inputs:
                self._fix(value, "these are the classes, or features, that the network puts out")
        elif not inputs or not node.meta.get("tensor_meta"):
            pass  # a number or a size, not a value with channels
        elif node.meta["shape"] is None:  # several values at once: a split
            self.of[node] = self._unknown(node, inputs)
        elif node.op == "call_module" and len(inputs) > 1:  # say, a convolution mixed from experts
            self.of[node] = self._unknown(node, inputs)
        elif node.op == "call_module":
            self.of[node] = self._module(node, self.traced.get_submodule(node.target), inputs[0])
        else:
            self.of[node] = self._function(node, inputs)

    def _module(self, node: fx.Node, module: nn.Module, value: Value) -> Value:
        name, group = node.target, value.group.root()
        if isinstance(module, nn.Conv2d):
            return self._layer(name, module, value, module.out_channels, module.groups)
        if isinstance(module, nn.Linear) and value.axis == len(node.meta["shape"]) - 1:
            return self._layer(name, module, value, module.out_features, 1)
        parameters = dict(module.named_parameters())
        if not parameters:
            plain = all(isinstance(m, BlurPool2d) for m in module.modules() if m._buffers)
            return self._pass(node, value) if plain else self._unknown(node, [value])
        # Statistics over whole groups of channels: a group is kept or pruned as one.
        if isinstance(module, nn.GroupNorm):
            group.units = math.gcd(group.units, module.num_groups)
        elif isinstance(module, EvoNorm2dS0):
            group.units = math.gcd(group.units, module.groups)
        per_channel = all(p.numel() == value.channels for p in parameters.values())
        if per_channel and _works_by_channel(module):
            for leaf, parameter in parameters.items():
                axis = next(i for i, n in enumerate(parameter.shape) if n == value.channels)
                group.members.append((f"{name}.{leaf}", axis, "output"))
            group.norms.append(name)
            return value
        return self._unknown(node, [value])

    def _layer(self, name: str, layer: nn.Module, value: Value, out: int, groups: int) -> Value:
        value_out = self._new(out, axis=value.axis)
        made = value_out.group
        made.makers.append(name)
        made.members.append((f"{name}.weight", 0, "output"))
        if layer.bias is not None:
            made.members.append((f"{name}.bias", 0, "output"))
        if groups == 1:
            value.group.root().members.append((f"{name}.weight", 1, "input"))
        else:  # each group of outputs depends on its own inputs: they go together
            made.units = math.gcd(out, groups)
            self._join(value.group, made)
        return value_out

    def _function(self, node: fx.Node, inputs: Sequence[Value]) -> Value:
        step = step_name(node)
        if inputs[0].parameter and step in _PARAMETER_SHAPES:
            return inputs[0]
        if step in ("add", "sub", "mul", "div") and len(inputs) == 2:
            return self._elementwise(node, *inputs)
        if inputs[0].group is None:
            return self._unknown(node, inputs)
        if step in _PASS or (step in ("add", "mul", "sub", "div") and len(inputs) == 1):
            return self._pass(node, inputs[0])
        if step == "permute":
            order = [a for a in node.args[1:] for a in (a if isinstance(a, (tuple, list)) else (a,))]
            axis = [a % len(order) for a in order].index(inputs[0].axis)
            return replace(inputs[0], axis=axis)
        if step == "flatten":
            return self._pass(node, inputs[0])
        return self._unknown(node, inputs)

    def _elementwise(self, node: fx.Node, a: Value, b: Value) -> Value:
        if a.parameter and b.group:
            a, b = b, a
        if a.group and b.parameter:  # a scale or shift of one number per channel
            parameter = self.traced.get_parameter(b.parameter)
            axis = next((i for i, n in enumerate(parameter.shape) if n == parameter.numel()), None)
            if axis is None or parameter.numel() != a.channels:
                return self._unknown(node, [a])
            a.group.root().members.append((b.parameter, axis, "output"))
            return a
        if not (a.group and b.group and (a.axis, a.channels) == (b.axis, b.channels)):
            return self._unknown(node, [a, b])
        self._join(a.group, b.group)
        return a

    def _pass(self, node: fx.Node, value: Value) -> Value:
        after = node.meta["shape"]
        if value.axis >= len(after) or after[value.axis] != value.channels:
            return self._unknown(node, [value])
        return value

    def _unknown(self, node: fx.Node, inputs: Sequence[Value]) -> Value:
        path = node.meta["path"]
        what = type(self.model.get_submodule(path)).__name__
        what = what if node.op == "call_module" else f"the {step_name(node)} of {what}"
        reason = f"they pass through {what} ({path}), which is not known"
        for value in inputs:
            self._fix(value, reason)
        shape = node.meta["shape"] or ()
        return self._new(shape[1] if len(shape) > 1 else 1, fixed=reason)

    def _new(self, channels: int, axis: int = 1, fixed: str = "") -> Value:
        self.groups.append(ChannelGroup(channels, fixed))
        return Value(self.groups[-1], channels, axis)

    def _fix(self, value: Value, reason: str) -> None:
        if value.group is not None:
            group = value.group.root()
            group.fixed = group.fixed or reason

    def _join(self, a: ChannelGroup, b: ChannelGroup) -> None:
        a, b = a.root(), b.root()
        if a is not b:
            a.units = math.gcd(a.units, b.units)
            a.fixed = a.fixed or b.fixed
            for mine, theirs in ((a.members, b.members), (a.makers, b.makers), (a.norms, b.norms)):
                mine.extend(theirs)
            b.joined = a


def _works_by_channel(module: nn.Module) -> bool:
    """Norms and scales of one number per channel, whose statistics over channels (if any) can be masked."""
    from timm.layers import LayerScale, LayerScale2d
    from timm.layers.grn import GlobalResponseNorm

    statistics = (nn.modules.batchnorm._BatchNorm, nn.GroupNorm, nn.LayerNorm, GlobalResponseNorm)
    others = (EvoNorm2dS0, LayerScale, LayerScale2d)
    return isinstance(module, (*statistics, *others)) or is_uncentred_norm(module)


def is_uncentred_norm(module: nn.Module) -> bool:
    """Norms that divide by a spread over channels and subtract nothing."""
    from timm.layers.norm import RmsNorm, RmsNorm2d, RmsNorm2dFp32, RmsNormFp32

    kinds = (nn.RMSNorm, RmsNorm, RmsNormFp32, RmsNorm2d, RmsNorm2dFp32)
    return isinstance(module, kinds) or is_simple_norm(module)


def is_simple_norm(module: nn.Module) -> bool:
    """timm's SimpleNorm, which divides by the unbiased standard deviation."""
    from timm.layers.norm import SimpleNorm, SimpleNorm2d, SimpleNorm2dFp32, SimpleNormFp32

    return isinstance(module, (SimpleNorm, SimpleNormFp32, SimpleNorm2d, SimpleNorm2dFp32))
