"""Products written as `einsum`, put down as matrix products: attention is found in those."""

import re

from torch import fx


def spell_out_einsums(graph: fx.Graph) -> None:
    """Put permutations and one `matmul` in the place of every einsum of two values that sums over one axis
    and has one axis of each value for itself. Others stay."""
    for node in list(graph.nodes):
        if getattr(node.target, "__name__", "") != "einsum" or node.op != "call_function":
            continue
        orders = _orders(node.args[0]) if len(node.args) == 3 and isinstance(node.args[0], str) else None
        if orders is None:
            continue
        with graph.inserting_before(node):
            a, b = (_permuted(graph, n, order) for n, order in zip(node.args[1:], orders, strict=False))
            new = _permuted(graph, graph.call_method("matmul", (a, b)), orders[2])
        for made in _made(new, {node.args[1], node.args[2]}):
            made.meta.update({k: v for k, v in node.meta.items() if k not in made.meta})
        node.replace_all_uses_with(new)
        graph.erase_node(node)


def _orders(equation: str) -> tuple[list[int], list[int], list[int]] | None:
    """How to permute both values, and their product; None for another kind of sum.

    >>> _orders("bnhd, bmhd -> bhnm")
    ([0, 2, 1, 3], [0, 2, 3, 1], [0, 1, 2, 3])
    """
    found = re.fullmatch(r"([a-zA-Z]+),([a-zA-Z]+)->([a-zA-Z]+)", equation.replace(" ", ""))
    if found is None:
        return None
    a, b, out = found.groups()
    if any(len(set(letters)) < len(letters) for letters in (a, b, out)) or set(out) - set(a) - set(b):
        return None
    summed = [letter for letter in a if letter in b and letter not in out]
    left, right = ([c for c in one if c not in other] for one, other in ((a, b), (b, a)))
    if (len(summed), len(left), len(right)) != (1, 1, 1) or not set(left + right) <= set(out):
        return None
    shared = [letter for letter in out if letter in a and letter in b]
    product = [*shared, *left, *right]
    return (
        [a.index(letter) for letter in (*shared, *left, *summed)],
        [b.index(letter) for letter in (*shared, *summed, *right)],
        [product.index(letter) for letter in out],
    )


def _permuted(graph: fx.Graph, value: fx.Node, order: list[int]) -> fx.Node:
    return value if order == sorted(order) else graph.call_method("permute", (value, *order))


def _made(end: fx.Node, before: set[fx.Node]) -> list[fx.Node]:
    found, edge = [], [end]
    while edge:
        node = edge.pop()
        if node not in before and node not in found:
            found.append(node)
            edge += node.all_input_nodes
    return found
