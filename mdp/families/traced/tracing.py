"""Any module's forward as a graph of steps, with what every step gives (torch.fx).

Looks into everything but torch's own layers and those of timm that are one step by nature. A submodule whose
forward no trace survives (control flow that looks at values) becomes one step that nothing is known of.
"""

from collections.abc import Callable, Sequence

import torch
from torch import fx, nn

from ...core.errors import Unsupported, first_line
from ...networks.in_memory import twin
from .einsums import spell_out_einsums
from .exporting import exported
from .in_training import may_differ, note_training
from .moves import JOINS
from .notes import Notes, note_batches
from .running import name_of
from .step_tracer import BY_NUMBERS, StepTracer


def trace(model: nn.Module, inputs: Sequence[torch.Tensor]) -> fx.GraphModule:
    """The graph of a model in eval mode. `meta["opaque"]` names the submodules that were not looked into.

    Every node has `meta["out"]`, see `Notes`, and `meta["path"]`: the module whose forward it stands in.

    Raises:
        Unsupported: the forward depends on data in a way that cannot be traced, or fails on these inputs.
    """
    try:
        traced = _steps(model, inputs)
    except Exception as error:  # whatever a stranger's forward raises; the reason goes to the reader
        sizes = " and ".join(" x ".join(map(str, t.shape)) for t in inputs)
        raise Unsupported(
            f"The forward of this {type(model).__name__} cannot be followed for inputs of {sizes}: "
            f"{_why(error)}."
        ) from error
    graph = traced.graph
    for node in graph.nodes:
        node.meta["live"] = node.op == "placeholder" or any(n.meta["live"] for n in node.all_input_nodes)
    try:
        note_batches(traced, inputs)
    except Exception as error:  # a loop over range(x.shape[0]) was unrolled for the batch of the trace
        raise Unsupported(
            f"The forward of this {type(model).__name__} has another graph for every size of the batch: what "
            f"was traced with a batch of two fails with three ({first_line(error)}). Work on all at once, "
            "without a loop over the batch."
        ) from error
    if any(n.meta.get("batched") and not n.meta["batch_axis"] for n in traced.meta["taken apart"]):
        raise Unsupported(
            f"The forward of this {type(model).__name__} goes through its batch one by one (a loop over a "
            "tensor, or f(*tensor)): every size of the batch has another graph. Work on all at once."
        )
    _forget_nothings(traced)
    return traced


def _steps(model: nn.Module, inputs: Sequence[torch.Tensor]) -> fx.GraphModule:
    """The graph, with what every step gives: by torch.fx, else by what torch.export stands on."""
    first: Exception | None = None
    found: list[tuple[fx.GraphModule, Callable]] = []
    for way in (_as_it_runs, _with_buffers, _exported):
        if way is _exported and any(BY_NUMBERS in why for t, _ in found for why in t.meta["opaque"].values()):
            break  # which no export survives either
        try:
            traced = _tidied(way(twin(model), inputs))
            with torch.no_grad():
                Notes(traced).run(*inputs)
        except Exception as error:  # whatever a stranger's forward raises
            first = first or error
            continue
        found.append((traced, way))
        if not traced.meta["opaque"]:
            break
    if not found:
        assert first is not None
        raise first
    traced, way = min(found, key=lambda one: len(one[0].meta["opaque"]))
    traced.meta["in training"] = []
    if may_differ(model, traced):
        note_training(traced, _in_training(model, inputs, way))
    return traced


def _in_training(model: nn.Module, inputs: Sequence[torch.Tensor], way: Callable) -> fx.GraphModule | None:
    """The graph of the forward in training, None where it cannot be traced there."""
    try:
        return _tidied(way(twin(model).train(), inputs))
    except Exception:  # a forward that wants targets in training
        return None


def _tidied(traced: fx.GraphModule) -> fx.GraphModule:
    _forget_checks(traced.graph)
    _place_first(traced.graph)
    spell_out_einsums(traced.graph)
    traced.recompile()
    for node in traced.graph.nodes:
        node.meta["path"] = _path(node)
    return traced


# What torch calls the first argument of its functions; of `where` and `searchsorted`, `input` is the second.
_FIRST = ("condition", "sorted_sequence", "input", "tensors", "tensor")


def _place_first(graph: fx.Graph) -> None:
    """Let the first argument of torch's functions stand in its place, also where it is given by name."""
    for node in graph.nodes:
        if node.op == "call_function" and not node.args and _is_torchs(node.target):
            name = next((n for n in _FIRST if n in node.kwargs), None)
            if name is not None:
                node.args = (node.kwargs[name],)
                node.kwargs = {n: value for n, value in node.kwargs.items() if n != name}


def _is_torchs(function: object) -> bool:
    return (getattr(function, "__module__", None) or "").partition(".")[0] == "torch"


def _as_it_runs(model: nn.Module, inputs: Sequence[torch.Tensor], buffers: bool = False) -> fx.GraphModule:
    tracer = StepTracer(inputs, buffers)
    graph = tracer.trace(model)
    tracer.forget()
    traced = fx.GraphModule(model, graph)
    traced.meta.update({"opaque": tracer.opaque, "taken apart": tracer.taken_apart, "idle": tracer.idle})
    traced.meta.update({"asks sizes": tracer.asks_sizes, "asks training": tracer.asks_training})
    return traced


def _with_buffers(model: nn.Module, inputs: Sequence[torch.Tensor]) -> fx.GraphModule:
    """What a forward computes of buffers and sizes at once can only be traced where buffers are steps too."""
    return _as_it_runs(model, inputs, buffers=True)


def _exported(model: nn.Module, inputs: Sequence[torch.Tensor]) -> fx.GraphModule:
    traced = exported(model, inputs)
    traced.meta.update({"opaque": {}, "taken apart": [], "asks sizes": True, "asks training": True})
    return traced


def _why(error: Exception) -> str:
    said = first_line(error)
    if "Known" in said or "Proxy" in said:  # our stand-ins: no word of the reader's
        return (
            "one of its steps takes nothing but real tensors (a scripted or compiled function, numpy). Write "
            "that step with torch's own functions"
        )
    return f"{said}. Take what depends on the data out of its forward"


def _forget_checks(graph: fx.Graph) -> None:
    """Take away what a forward asserts of its inputs, and what nobody reads."""
    for node in list(graph.nodes):
        if node.op == "call_function" and node.target is torch._assert and not node.users:
            graph.erase_node(node)
    graph.eliminate_dead_code(
        lambda node: node.op not in ("call_function", "call_method", "get_attr") or _acts(node)
    )


def _forget_nothings(traced: fx.GraphModule) -> None:
    """Take empty parts out of concatenations, such as what a rotation of all components leaves as it is: they
    hold no channels, and would keep whole what they stand beside."""
    for node in traced.graph.nodes:
        if name_of(traced, node) in JOINS and isinstance(node.args[0], list | tuple):
            held = [n for n in node.args[0] if not _is_nothing(n)]
            if held:
                node.args = (held, *node.args[1:])
    _forget_checks(traced.graph)
    traced.recompile()


def _is_nothing(node: fx.Node) -> bool:
    out = node.meta["out"]
    empty = [axis for axis, size in enumerate(out.shape) if not size]
    return bool(empty) and not (node.meta.get("batched") and node.meta["batch_axis"] in empty)


def _acts(node: fx.Node) -> bool:
    """Whether a step may do something even if nobody reads its result."""
    name = getattr(node.target, "__name__", str(node.target))
    return node.op != "get_attr" and (
        name.endswith("_")
        or node.kwargs.get("inplace") is True
        or name in ("setitem", "iadd", "imul", "isub", "itruediv", "__setitem__")
    )


def _path(node: fx.Node) -> str:
    if node.op == "call_module":
        return str(node.target)
    if "inside" in node.meta:
        return str(node.meta["inside"])
    stack = list(node.meta.get("nn_module_stack") or {})
    return stack[-1].partition("@")[0] if stack else ""
