"""The pruned network of a traced one: the steps that stay, with what stays of every layer and value."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import fx, nn

from .cutting import Cutter
from .follow import Follower
from .in_place import by_setting, written_over
from .in_training import follow_training
from .residuals import Branch
from .rewriting import copy_step


class TracedNetwork(fx.GraphModule):
    """A network as its graph of steps. Tensors have the names that they have in the dense network."""

    def __deepcopy__(self, memo: dict) -> nn.Module:
        new = super().__deepcopy__(memo)
        if hasattr(self, "architecture"):
            new.architecture = self.architecture
        return new


def rebuild(
    follower: Follower,
    keep: np.ndarray,
    branches: Iterable[Branch] = (),
    removed: Collection[str] = (),
    model: nn.Module | None = None,
) -> TracedNetwork:
    """The whole network.

    Args:
        keep: for every label, whether it stays; shape (labels,), bool.
        branches: the blocks that could go.
        removed: names of those that do.
        model: another module of the same layers, to take the tensors from.
    """
    traced = follower.traced
    cutter = Cutter(traced if model is None else model, follower.ledger, keep)
    gone = [b for b in branches if b.name in removed]
    skipped = frozenset().union(*(b.steps for b in gone))
    instead = {b.addition: b.rest for b in gone}
    graph, new = fx.Graph(), {}
    parts: dict[str, Any] = {}
    modest: set[str] = set()

    def renewed(argument: Any) -> Any:
        return fx.map_arg(argument, new.__getitem__)

    for node in traced.graph.nodes:
        if node in skipped:
            continue
        if node in instead:
            new[node] = new[instead[node]]
            over = [step for step in written_over(traced, node) if step not in skipped]
            modest |= {str(step.target) for step in over if by_setting(traced, step)}
            if not all(by_setting(traced, step) for step in over):
                new[node] = graph.call_method("clone", (new[node],))
            continue
        if node.op in ("placeholder", "output"):
            new[node] = graph.node_copy(node, new.__getitem__)
            continue
        if node.op == "call_module" and str(node.target) not in parts:
            parts[str(node.target)] = cutter.layer(str(node.target))
        if node.op == "get_attr":
            parts[str(node.target)] = cutter.tensor(str(node.target), traced)
        new[node] = copy_step(cutter, graph, node, follower.known, renewed)
        follow_training(graph, node, new[node])
    for name in modest & parts.keys():
        parts[name].inplace = False
    _drop_unused(graph)
    network = TracedNetwork(_tree(parts, graph), graph, class_name=type(follower.model).__name__)
    return network.train(follower.model.training)


def rebuild_steps(
    follower: Follower,
    keep: np.ndarray,
    steps: Sequence[fx.Node],
    inputs: Sequence[fx.Node],
    results: Sequence[fx.Node],
) -> TracedNetwork:
    """Some steps as a network of their own, with what stays by `keep`; one argument for each of `inputs`."""
    cutter = Cutter(follower.traced, follower.ledger, keep)
    graph, new, parts = fx.Graph(), {}, {}

    def renewed(argument: Any) -> Any:
        return fx.map_arg(argument, new.__getitem__)

    for i, node in enumerate(inputs):
        new[node] = graph.placeholder(f"x{i}")
        if node.meta["batched"] > 1:  # windows have an axis of their own beside the batch
            new[node] = graph.call_method("flatten", (new[node], 0, 1))
        if node.meta["batch_axis"]:
            new[node] = graph.call_method("movedim", (new[node], 0, node.meta["batch_axis"]))
        if not node.meta["out"].is_floating_point():
            new[node] = graph.call_function(_zeros, (new[node], node.meta["out"].dtype))
    inside = {*inputs, *steps}
    for node in follower.traced.graph.nodes:
        bare = node.op == "get_attr" and node not in inside and any(u in inside for u in node.users)
        if node in inputs or not (node in inside or bare):
            continue
        if node.op == "call_module":
            parts.setdefault(str(node.target), None)
            parts[str(node.target)] = parts[str(node.target)] or cutter.layer(str(node.target))
        elif node.op == "get_attr":
            parts[str(node.target)] = cutter.tensor(str(node.target))
        new[node] = copy_step(cutter, graph, node, follower.known, renewed)
    given = tuple(new[r] for r in results)
    graph.output(given[0] if len(given) == 1 else given)
    _drop_unused(graph)
    return TracedNetwork(_tree(parts, graph), graph, class_name="Piece")


def _zeros(x: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Whole numbers in the place of random ones: a timer feeds floats to everything."""
    return torch.zeros_like(x, dtype=dtype)


def _drop_unused(graph: fx.Graph) -> None:
    """Sizes that reshapes asked for and no longer do."""
    for node in reversed(list(graph.nodes)):
        if not node.users and (node.op == "get_attr" or node.op in ("call_function", "call_method")):
            name = getattr(node.target, "__name__", str(node.target))
            if node.op == "get_attr" or name in (
                "getattr",
                "getitem",
                "size",
                "floordiv",
                "mul",
                "sub",
                "add",
            ):
                graph.erase_node(node)


def _tree(parts: Mapping[str, Any], graph: fx.Graph) -> nn.Module:
    """A module that holds layers and tensors under their dotted names."""
    used = {str(n.target) for n in graph.nodes if n.op in ("call_module", "get_attr")}
    root = nn.Module()
    for name, part in sorted(parts.items(), key=lambda item: isinstance(item[1], torch.Tensor)):
        if name not in used:
            continue
        *path, leaf = name.split(".")
        at = root
        for step in path:
            if step not in at._modules:
                at.add_module(step, nn.Module())
            at = at._modules[step]
        if isinstance(part, nn.Parameter):
            at.register_parameter(leaf, part)
        elif isinstance(part, torch.Tensor):
            at.register_buffer(leaf, part)
        elif leaf in at._modules:  # a tensor inside it was asked for before it ran
            raise NotImplementedError(f"{name} is used as a whole and in part")
        else:
            at.add_module(leaf, part)
    return root


__all__ = ["TracedNetwork", "rebuild", "rebuild_steps"]
