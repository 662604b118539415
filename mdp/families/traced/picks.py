"""Steps that pick positions of the channels by number: flips, rolls, repeats, tables of indices.

Each is put down as one `reorder`, which is followed and cut position by position.
"""

import numpy as np
import torch
from torch import fx

from .running import is_tensor, name_of, run
from .shuffles import reorder
from .values import along, spread, varying

# By numbers that the step is given, in any order.
REORDERS = frozenset("flip roll index_select".split())
REPEATS = frozenset("repeat repeat_interleave tile".split())
# Of these a table of indices picks, and no bounds.
_TABLES = frozenset({"getitem"})
# Longer lists of positions are tables of something else.
_LONGEST = 2**16


def spell_out_picks(traced: fx.GraphModule) -> dict[fx.Node, str]:
    """Put `reorder` in the place of every step that only picks channels, whatever they hold.

    Returns:
        The new steps, with the name of the buffer that held the positions, empty where none did.
    """
    graph, picked = traced.graph, {}
    for node in list(graph.nodes):
        if not is_tensor(node) or node.op == "call_module":
            continue
        if name_of(traced, node) not in REORDERS | REPEATS | _TABLES:
            continue
        source = node.args[0] if node.args else None
        if not isinstance(source, fx.Node) or not is_tensor(source) or not source.meta["live"]:
            continue
        if name_of(traced, node) in _TABLES and not any(map(is_tensor, node.all_input_nodes[1:])):
            continue  # bounds of slices: known as they are
        found = _order(traced, source, node)
        if found is not None:
            with graph.inserting_before(node):
                new = graph.call_function(reorder, (source, *found))
            new.meta.update(node.meta)
            picked[new] = _buffer(node, source)
            node.replace_all_uses_with(new)
            graph.erase_node(node)
    graph.eliminate_dead_code(lambda node: node.op in ("placeholder", "output") or node.op != "get_attr")
    return picked


def _buffer(node: fx.Node, source: fx.Node) -> str:
    """The name of the tensor of the module's own that says what a step picks."""
    edge = [n for n in node.all_input_nodes if n is not source]
    while edge:
        at = edge.pop()
        if at.op == "get_attr" and not str(at.target).startswith("_tensor_constant"):
            return str(at.target)
        edge += at.all_input_nodes
    return ""


def _order(traced: fx.GraphModule, source: fx.Node, node: fx.Node) -> tuple[int, tuple[int, ...]] | None:
    """(axis, positions) if a step picks along the channels and leaves all other axes as they are."""
    before, after = tuple(source.meta["out"].shape), tuple(node.meta["out"].shape)
    if len(before) != len(after) or any(n.meta["live"] for n in node.all_input_nodes if n is not source):
        return None
    for axis in {1 if len(before) != 3 else 2, 1, len(before) - 1} - {0}:
        same = all(a == b for i, (a, b) in enumerate(zip(before, after, strict=True)) if i != axis)
        if not same or after[axis] > _LONGEST or before[axis] < 2:
            continue
        index = _moved(traced, source, node, axis)
        if index is None or varying(index) != (axis,):
            continue
        others = (i for i in range(1, len(before)) if i != axis and before[i] > 1)
        if len(index.shape) and np.array_equal(along(index, axis), np.arange(before[axis])):
            return None
        if all(_stays(_moved(traced, source, node, i), i, before[i]) for i in others):
            return axis, tuple(along(index, axis).tolist())
    return None


def _moved(traced: fx.GraphModule, source: fx.Node, node: fx.Node, axis: int) -> torch.Tensor | None:
    shape = tuple(source.meta["out"].shape)
    try:
        return run(traced, node, {source: spread(np.arange(shape[axis]), axis, shape)})
    except Exception:  # whatever a stranger's step raises on whole numbers
        return None


def _stays(index: torch.Tensor | None, axis: int, size: int) -> bool:
    return (
        index is not None
        and varying(index) == (axis,)
        and np.array_equal(along(index, axis), np.arange(size))
    )
