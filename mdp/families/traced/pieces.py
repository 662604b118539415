"""A graph cut into pieces to time: a layer and what works on its result alone.

Together the pieces run every step once. Between pieces only tensors pass whose first axis is the batch; what
depends on no input (a table of positions, brought into shape; a layer's answer to learned tokens) is part of
every piece that needs it.
"""

from collections.abc import Collection

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from torch import fx

from .follow import Follower
from .layers import CONVOLUTIONS, TRANSPOSED
from .moves import is_move
from .running import fed, is_tensor, name_of
from .steps import UNARY
from .values import Value

# What brings many dims together is timed for itself: a layer can then be timed for each that it reads.
_APART = frozenset("cat concat concatenate stack reorder".split())
_FUNCTIONS = frozenset("linear scaled_dot_product_attention matmul bmm einsum".split())


def cut(follower: Follower, block_of: dict[fx.Node, str]) -> list[list[fx.Node]]:
    """Steps of every piece, pieces in an order in which they can run."""
    traced = follower.traced
    live = fed(traced)
    steps = [n for n in traced.graph.nodes if n in live and n.op not in ("placeholder", "output")]
    number = {node: i for i, node in enumerate(steps)}
    pieces = _joined(follower, steps, number, block_of)
    waiting = _waiting(steps, number, pieces)
    if any(map(_joins, waiting)):  # a sum that went with one of its terms, which another of them waits for
        pieces = _joined(follower, steps, number, block_of, apart=waiting)
    return [[steps[i] for i in piece] for piece in _without_cycles(steps, number, pieces)]


def _joined(
    follower: Follower,
    steps: list[fx.Node],
    number: dict[fx.Node, int],
    block_of: dict[fx.Node, str],
    apart: Collection[fx.Node] = (),
) -> np.ndarray:
    """For every step, a number that those of its piece share; of several values, steps `apart` go with none
    that they need not go with."""
    home = list(range(len(steps)))

    def top(i: int) -> int:
        while home[i] != i:
            home[i] = home[home[i]]
            i = home[i]
        return i

    for node in steps:
        alone = node in apart and _joins(node)
        for source in (n for n in node.all_input_nodes if n in number):
            if not _can_pass(follower, source) or (not alone and _follows(follower, source, node, block_of)):
                home[top(number[node])] = top(number[source])
    return np.array([top(i) for i in range(len(steps))])


def _joins(node: fx.Node) -> bool:
    return len([n for n in node.all_input_nodes if is_tensor(n) and n.op != "get_attr"]) > 1


def _can_pass(follower: Follower, node: fx.Node) -> bool:
    """Whether a value can go from one piece to another: one tensor that has the batch, or its windows,
    along an axis that nothing else shares."""
    if not is_tensor(node) or not node.meta["batched"]:
        return False
    known, axis = follower.known(node), node.meta["batch_axis"]
    return (axis == 0 and node.meta["batched"] == 1) or (isinstance(known, Value) and not known.axes[axis])


def _follows(follower: Follower, source: fx.Node, node: fx.Node, block_of: dict[fx.Node, str]) -> bool:
    """Whether a step goes along with the one whose result it works on, as nobody else does."""
    traced = follower.traced
    if _of_heads(follower, source) and is_move(traced, node) and _of_layer(traced, source):
        return False  # what attention makes of a layer's result is timed for itself
    if is_layer(traced, node) or name_of(traced, node) in _APART or len(source.users) > 1:
        return False
    if name_of(traced, source) in _APART or block_of.get(source) != block_of.get(node):
        return False
    tensors = [n for n in node.all_input_nodes if is_tensor(n) and n.op != "get_attr"]
    if len(tensors) <= 1:
        return True
    # An addition goes with the layer whose result it adds, rather than with a shortcut that does nothing.
    return node.op != "call_module" and next(
        (n is source for n in tensors if len(n.users) == 1 and _of_layer(traced, n)), tensors[0] is source
    )


def _of_heads(follower: Follower, node: fx.Node) -> bool:
    known = follower.known(node)
    return isinstance(known, Value) and any(len(axis) > 1 for axis in known.axes)


def is_layer(traced: fx.GraphModule, node: fx.Node) -> bool:
    """Whether a step multiplies matrices."""
    if node.op == "call_module":
        module = traced.get_submodule(str(node.target))
        return isinstance(module, CONVOLUTIONS + TRANSPOSED) or hasattr(module, "in_features")
    return node.op == "call_function" and name_of(traced, node) in _FUNCTIONS


def _of_layer(traced: fx.GraphModule, node: fx.Node) -> bool:
    for _ in range(4):
        if is_layer(traced, node):
            return True
        sources = [n for n in node.all_input_nodes if is_tensor(n) and n.op != "get_attr"]
        if len(sources) != 1 or not (node.op == "call_module" or name_of(traced, node) in UNARY):
            return False
        node = sources[0]
    return False


def _waiting(steps: list[fx.Node], number: dict[fx.Node, int], home: np.ndarray) -> set[fx.Node]:
    """The steps of pieces that wait for each other."""
    found = set()
    for piece in _without_cycles(steps, number, home):
        if len({int(home[i]) for i in piece}) > 1:
            found.update(steps[i] for i in piece)
    return found


def _without_cycles(steps: list[fx.Node], number: dict[fx.Node, int], home: np.ndarray) -> list[list[int]]:
    """Pieces that wait for each other become one."""
    edges = [
        (home[number[s]], home[i])
        for i, node in enumerate(steps)
        for s in node.all_input_nodes
        if s in number
    ]
    if not steps:
        return []
    rows, columns = zip(*edges, strict=True) if edges else ((), ())
    graph = coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(steps), len(steps)))
    _, strong = connected_components(graph, directed=True, connection="strong")
    pieces: dict[int, list[int]] = {}
    for i in range(len(steps)):
        pieces.setdefault(int(strong[home[i]]), []).append(i)
    return list(pieces.values())
