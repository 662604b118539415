"""What to time in a traced network: its steps, cut into segments of one layer and what follows it directly.

Every step of the trace is in exactly one segment, so that the segments together run the whole network. Batch
norms are folded into the convolutions before them, as they are when a network is deployed.
"""

import copy
import operator
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from timm.layers import DropPath
from torch import fx, nn

from ..networks.prunable import owner
from ..networks.resize import loosen, resize
from ..networks.segments import Segment, Workload
from ..networks.slices import Slice
from ..networks.trace import out_of_place, step_name
from .channels import ChannelGroup, Channels

if TYPE_CHECKING:
    from .convnet import Anatomy


_CALLS = ("call_function", "call_method", "call_module")


def graph_segments(
    traced: fx.GraphModule,
    channels: Channels,
    names: Mapping[ChannelGroup, str],
    slices: Sequence[Slice],
    anatomy: "Anatomy",
) -> Iterator[Segment]:
    """Pieces in the order of the forward. `names` are the dims that groups became."""
    units = {name: group.units for group, name in names.items()}
    for steps in _cut(traced, anatomy):
        if any(_does_something(traced, s) for s in steps):
            cutter = _Cutter(traced, channels, names, units, slices, steps)
            name = next((s.target for s in steps if _is_layer(traced, s)), steps[0].name)
            yield Segment(str(name), anatomy.block_of(steps[0].meta["path"]), cutter.dims, cutter.workload)


def _cut(traced: fx.GraphModule, anatomy: "Anatomy") -> list[list[fx.Node]]:
    """Steps grouped into segments: a layer starts one; what works on its result alone goes along."""
    segments: list[list[fx.Node]] = []
    home: dict[fx.Node, list[fx.Node]] = {}
    for node in traced.graph.nodes:
        if node.op in ("placeholder", "get_attr", "output") or not _is_tensor(node):
            continue
        if node.all_input_nodes and all(n.op == "get_attr" for n in node.all_input_nodes):
            continue  # a parameter brought into shape: part of the step that uses it
        apart = owner(node.meta["path"], anatomy.apart)
        block = anatomy.block_of(node.meta["path"])
        fitting = []
        for source in (n for n in node.all_input_nodes if n in home):
            first, last = home[source][0], home[source][-1]
            same = anatomy.block_of(first.meta["path"]) == block
            together = owner(first.meta["path"], anatomy.apart) == apart
            alone = last is source and len(source.users) == 1 and not _is_layer(traced, node)
            part = source.meta["shape"] is None  # one of the values that a split gives
            if same and together and (alone or part or apart is not None):
                fitting.append(home[source])
        # An addition goes with the layer whose result it adds, rather than with a shortcut that does nothing.
        segment = max(fitting, key=lambda steps: any(_is_layer(traced, s) for s in steps), default=[])
        if not segment:
            segments.append(segment)
        segment.extend(n for n in node.all_input_nodes if n not in home and _is_tensor(n) and n.op in _CALLS)
        segment.append(node)
        home[node] = segment
    return segments


class _Cutter:
    """Builds one segment for any widths of its dims."""

    def __init__(self, traced, channels, names, units, slices, steps):
        self.traced, self.channels, self.names, self.units = traced, channels, names, units
        self.steps = steps = _with_sizes(steps)
        inside = set(steps)
        self.inputs = list(
            dict.fromkeys(
                n for s in steps for n in s.all_input_nodes if n not in inside and n.op != "get_attr"
            )
        )
        self.results = [s for s in steps if _is_tensor(s) and any(u not in inside for u in s.users)]
        layers = {s.target for s in steps if s.op == "call_module"}
        layers |= {n.target for s in steps for n in s.all_input_nodes if n.op == "get_attr"}
        self.slices = [s for s in slices if s.tensor in layers or s.tensor.rpartition(".")[0] in layers]
        values = (names.get(channels.group(n)) for n in (*self.inputs, *steps))
        self.dims = tuple(dict.fromkeys(v for v in values if v is not None))

    def workload(self, *kept: int) -> Workload:
        """What to time where its dims keep so many units."""
        widths = dict(zip(self.dims, kept, strict=True))
        shapes = tuple(self._shape(n, widths) for n in self.inputs)
        return Workload(self._key(widths), lambda: self._make(widths), shapes, self._macs(widths))

    def _shape(self, node: fx.Node, widths: Mapping[str, int]) -> tuple[int, ...]:
        """Shape of a value without the batch axis, its channels cut to the chosen width."""
        shape, value = list(node.meta["shape"]), self.channels.of.get(node)
        name = self.names.get(self.channels.group(node))
        if name is not None:
            shape[value.axis] = shape[value.axis] * widths[name] // self.units[name]
        return tuple(shape[1:])

    def _tensor_shape(self, tensor: str, widths: Mapping[str, int]) -> tuple[int, ...]:
        shape = list(self.traced.get_parameter(tensor).shape)
        for s in self.slices:
            if s.tensor == tensor:
                shape[s.axis] = shape[s.axis] * widths[s.dim] // self.units[s.dim]
        return tuple(shape)

    def _macs(self, widths: Mapping[str, int]) -> float:
        total = 0.0
        for step in self.steps:
            if _is_layer(self.traced, step):
                weight = self._tensor_shape(f"{step.target}.weight", widths)
                total += float(np.prod(weight)) * float(np.prod(self._shape(step, widths))) / weight[0]
        return total

    def _key(self, widths: Mapping[str, int]) -> str:
        """The steps with everything that their time depends on, and the shapes that go in."""
        position = {n: f"i{i}" for i, n in enumerate(self.inputs)}
        words = []
        for step in filter(_is_tensor, self.steps):
            if folds(self.traced, step):
                word = _after_fold(self.traced, step)
            elif step.op == "call_module":
                word = describe(self.traced.get_submodule(step.target))
            else:
                word = step_name(step)
            if _is_layer(self.traced, step):
                word += " " + "x".join(map(str, self._tensor_shape(f"{step.target}.weight", widths)))
            words.append(word)
        sizes = ["x".join(map(str, self._shape(n, widths))) for n in position]
        return f"{' > '.join(w for w in words if w)} @{' '.join(sizes)}"

    def _make(self, widths: Mapping[str, int]) -> nn.Module:
        """A module that runs these steps at the chosen widths, with random weights."""
        root, graph, new = nn.Module(), fx.Graph(), {}
        for i, node in enumerate(self.inputs):
            new[node] = graph.placeholder(f"x{i}")
        for i, step in enumerate(self.steps):
            for n in step.all_input_nodes:
                if n.op == "get_attr" and n not in new:
                    name = f"p{len(new)}"
                    root.register_parameter(
                        name, nn.Parameter(torch.ones(self._tensor_shape(n.target, widths)))
                    )
                    new[n] = graph.get_attr(name)
            if step.op == "call_module":
                setattr(root, f"m{i}", self._layer(step, widths))
                new[step] = graph.call_module(f"m{i}", tuple(fx.map_arg(step.args, new.__getitem__)))
            else:
                new[step] = graph.node_copy(step, new.__getitem__)
                new[step].target = out_of_place(step)
        results = tuple(new[r] for r in self.results)
        graph.output(results[0] if len(results) == 1 else results)
        return fx.GraphModule(root, graph).eval()

    def _layer(self, step: fx.Node, widths: Mapping[str, int]) -> nn.Module:
        module = self.traced.get_submodule(step.target)
        if folds(self.traced, step):
            return getattr(module, "act", nn.Identity())
        shapes = {n: self._tensor_shape(f"{step.target}.{n}", widths) for n, _ in module.named_parameters()}
        # Weights are made anew, so that copying them would be for nothing; the rest is small.
        new = copy.copy(module) if shapes else copy.deepcopy(module)
        new._parameters, new._buffers = dict(module._parameters), dict(module._buffers)
        tensors = {n: torch.randn(shape) * 0.05 for n, shape in shapes.items()}
        for n, buffer in module.named_buffers():
            if buffer.ndim == 1 and "weight" in shapes:
                tensors[n] = torch.ones(shapes["weight"][:1])
        resize(new, tensors)
        loosen(new)
        if isinstance(new, nn.Conv2d) and new.bias is None and _fold_follows(self.traced, step):
            new.bias = nn.Parameter(torch.zeros(new.out_channels))
        return new


def _is_tensor(node: fx.Node) -> bool:
    return bool(node.meta.get("tensor_meta"))


def _with_sizes(steps: Sequence[fx.Node]) -> list[fx.Node]:
    """The steps with everything before them that only computes numbers, such as `x.shape[0]`."""
    found: dict[fx.Node, None] = {}

    def add(node: fx.Node) -> None:
        for source in node.all_input_nodes:
            if source.op in _CALLS and not _is_tensor(source):
                add(source)
        found[node] = None

    for step in steps:
        add(step)
    return list(found)


def _is_layer(traced: fx.GraphModule, node: fx.Node) -> bool:
    return node.op == "call_module" and isinstance(traced.get_submodule(node.target), (nn.Conv2d, nn.Linear))


def folds(traced: fx.GraphModule, node: fx.Node) -> bool:
    """Whether this step is a batch norm that deployment folds into the convolution before it."""
    if node.op != "call_module" or not isinstance(
        traced.get_submodule(node.target), nn.modules.batchnorm._BatchNorm
    ):
        return False
    source = node.all_input_nodes[0]
    return (
        source.op == "call_module"
        and len(source.users) == 1
        and isinstance(traced.get_submodule(source.target), nn.Conv2d)
    )


def _fold_follows(traced: fx.GraphModule, node: fx.Node) -> bool:
    return len(node.users) == 1 and folds(traced, next(iter(node.users)))


def _after_fold(traced: fx.GraphModule, node: fx.Node) -> str:
    act = getattr(traced.get_submodule(node.target), "act", nn.Identity())
    return f"+bn {describe(act)}".strip()


def describe(module: nn.Module) -> str:
    """Class and settings of a module, without its widths: they are in the shapes."""
    if isinstance(module, (nn.Identity, nn.Dropout, DropPath)):  # nothing in eval mode
        return ""
    name = type(module).__name__
    if isinstance(module, nn.modules.conv._ConvNd):  # groups follow from the shapes of weight and input
        pairs = [("s", module.stride), ("p", module.padding), ("d", module.dilation)]
        if module.transposed:
            pairs.append(("o", module.output_padding))
        words = [f"{letter}{_size(value)}" for letter, value in pairs if letter != "d" or set(value) != {1}]
        words += [module.padding_mode] if module.padding_mode != "zeros" else []  # a step more
        return " ".join([name, *words, *(["+bias"] if module.bias is not None else [])])
    if list(module.children()):
        own = [name] if module._parameters else []
        return "+".join([*own, *filter(None, map(describe, module.children()))])
    settings = "" if list(module.parameters()) else re.sub(r"(, )?inplace(=\w+)?", "", module.extra_repr())
    return f"{name}({settings})" if settings else name


def _size(value: int | str | tuple[int, ...]) -> str:
    values = value if isinstance(value, tuple) else (value,)
    return "x".join(map(str, dict.fromkeys(values) if len(set(values)) == 1 else values))


def _does_something(traced: fx.GraphModule, node: fx.Node) -> bool:
    if node.op == "call_module":
        return bool(describe(traced.get_submodule(node.target)))
    return node.target not in (operator.getitem, torch.flatten)
