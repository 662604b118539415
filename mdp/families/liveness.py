"""What is in memory at once while a graph of steps runs, as PyTorch runs it module by module.

A value is there from the step that makes it to its last reader; what a module was called with stays until the
call returns, and the images stay to the end. A step that only looks at a value in another way, or works in
place, makes none of its own; nor do batch norms that deployment folds into the convolution before them. Of
what kernels need for themselves, the indices of a max pool and padded copies are counted, and nothing else.
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from torch import fx, nn

from ..core.activations import less_covered
from ..core.space import Moment

# (elements for one input, dims): their sum is how much a value holds.
Parts = Sequence[tuple[float, tuple[str, ...]]]

_VIEWS = frozenset(
    "view reshape flatten unflatten Flatten Unflatten squeeze unsqueeze chunk split unbind getitem narrow"
    " expand expand_as view_as reshape_as Identity Dropout Dropout2d DropPath StochasticDepth dropout detach"
    " contiguous to float type_as getattr".split()
)
# These change the order in memory, so that a later change of shape copies.
_TURNS = frozenset("permute transpose movedim moveaxis swapaxes swapdims t".split())
_SHAPES = frozenset("view reshape flatten contiguous Flatten".split())
_IN_PLACE = frozenset("iadd imul isub add_ mul_ relu_".split())


@dataclass
class _Stored:
    """One piece of memory: the step that makes it, the last that reads it, and which blocks do."""

    size: Parts
    born: int
    block: str | None
    last: int
    readers: set[str | None]


def moments(
    traced: fx.GraphModule,
    name_of: Callable[[fx.Node], str],
    size_of: Callable[[fx.Node], Parts],
    block_of: Callable[[fx.Node], str | None],
    folds: Callable[[fx.Node], bool],
    removable: Collection[str],
    in_place: Collection[str] = (),
) -> tuple[Moment, ...]:
    """What is in memory at once at each step of a graph, less what another moment covers.

    Args:
        size_of: how much the result of a step holds; nothing for one that is no tensor.
        block_of: the block that a step vanishes with.
        removable: what a block that can go holds, and nobody else reads, is there only while it is kept.
        in_place: names of steps that work on their first input, though the trace does not say so.
    """
    nodes = [n for n in traced.graph.nodes if n.op not in ("get_attr", "output")]
    ends = {call: at for at, node in enumerate(nodes) for call in _calls(node)}
    stored: dict[fx.Node, _Stored] = {}
    turned: set[fx.Node] = set()
    beside: dict[fx.Node, Parts] = {}
    for at, node in enumerate(nodes):
        sources = [n for n in node.all_input_nodes if n in stored]
        for source in sources:
            given = (ends[call] for call in _calls(node) - _calls(source))
            stored[source].last = max(stored[source].last, at, *given)
            stored[source].readers.add(block_of(node))
        if sources:
            beside[node] = _for_itself(traced, node, name_of(node), size_of)
        name, size = name_of(node), size_of(node)
        if not size:
            if sources and name in _VIEWS:
                stored[node] = stored[sources[0]]
            continue
        copies = name in _SHAPES and bool(sources) and sources[0] in turned
        if sources and not copies and (name in in_place or _shares(traced, node, name, folds)):
            stored[node] = stored[sources[0]]
            if name in _TURNS or sources[0] in turned:
                turned.add(node)
        else:
            last = len(nodes) if node.op == "placeholder" else at
            stored[node] = _Stored(size, at, block_of(node), last, set())
    for node in traced.graph.nodes:
        if node.op == "output":
            for source in (n for n in node.all_input_nodes if n in stored):
                stored[source].last = len(nodes)
                stored[source].readers.add(None)
    every = list({id(s): s for s in stored.values()}.values())
    found: list[Moment] = []
    for at, node in enumerate(nodes):
        if node in stored:
            own = _Stored(beside.get(node, ()), at, block_of(node), at, {None})
            found += _at(at, block_of(node), [*every, own], removable)
    return less_covered(found)


def _calls(node: fx.Node) -> frozenset[str]:
    """The modules whose calls a step is in, by path."""
    return frozenset(node.meta.get("nn_module_stack") or ())


def _for_itself(
    traced: fx.GraphModule, node: fx.Node, name: str, size_of: Callable[[fx.Node], Parts]
) -> Parts:
    """What a step holds beside its result while it runs: indices, of 8 bytes each, or its input padded."""
    if name.lower().startswith(("maxpool", "max_pool")):
        return [(2 * factor, dims) for factor, dims in size_of(node)]
    module = traced.get_submodule(str(node.target)) if node.op == "call_module" else None
    source = node.all_input_nodes[0]
    if type(module).__name__ not in ("Conv2dSame", "MaxPool2dSame", "AvgPool2dSame"):
        return ()
    shape = _shape(source)
    sides = zip(shape[-2:], _pair(module.kernel_size), _pair(module.stride), strict=False)
    spread = _pair(getattr(module, "dilation", 1))
    padded = [
        max(n, (math.ceil(n / step) - 1) * step + (kernel - 1) * apart + 1)
        for (n, kernel, step), apart in zip(sides, spread, strict=True)
    ]
    grown = math.prod(padded) / math.prod(shape[-2:])
    return [(grown * factor, dims) for factor, dims in size_of(source)] if grown > 1 else ()


def _shape(node: fx.Node) -> tuple[int, ...]:
    return tuple(node.meta["shape"] if "shape" in node.meta else node.meta["out"].shape)


def _pair(value: int | Sequence[int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[-1])


def _shares(traced: fx.GraphModule, node: fx.Node, name: str, folds: Callable[[fx.Node], bool]) -> bool:
    """Whether a step's result lies where its first input does."""
    if name in _VIEWS | _TURNS | _IN_PLACE or node.kwargs.get("inplace"):
        return True
    if node.op != "call_module":
        return False
    module = traced.get_submodule(str(node.target))
    if folds(node):
        module = getattr(module, "act", nn.Identity())
    return works_in_place(module)


def works_in_place(module: nn.Module) -> bool:
    """Whether a module gives back the memory that it was given, in evaluation."""
    children = list(module.children())
    if type(module).__name__ in _VIEWS or bool(getattr(module, "inplace", False)):
        return True
    return isinstance(module, nn.Sequential) and all(map(works_in_place, children))


def _at(at: int, block: str | None, every: Iterable[_Stored], removable: Collection[str]) -> Iterable[Moment]:
    """The moments of one step. One that is always there has another for each block of which nobody else reads
    what is alive: where the block goes, so does that."""
    live = [s for s in every if s.born <= at <= s.last]
    own: Mapping[bool, list[_Stored]] = {True: [], False: []}
    for s in live:
        own[block is None and s.block in removable and s.readers <= {s.block}].append(s)
    yield Moment(block, _joined(own[False]))
    for name in dict.fromkeys(s.block for s in own[True]):
        yield Moment(name, _joined(live))


def _joined(stored: Iterable[_Stored]) -> tuple[tuple[float, tuple[str, ...]], ...]:
    sums: dict[tuple[str, ...], float] = {}
    for s in stored:
        for factor, dims in s.size:
            key = tuple(sorted(dims))
            sums[key] = sums.get(key, 0.0) + factor
    return tuple((factor, dims) for dims, factor in sums.items())
