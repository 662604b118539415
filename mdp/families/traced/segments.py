"""What to time in a traced network. Batch norms are folded into the convolutions before them, as deployed.

A piece that depends on many dims (a layer that reads a concatenation) would need a table of as many axes. It
is timed in parts, one for each dim that it reads: the layer on these channels alone.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from torch import fx, nn

from ...networks.segments import Segment, Workload
from ..graph_segments import describe
from .folding import fold, folds, shared
from .layers import TRANSPOSED
from .lengths import Length, Lengths
from .moves import PLAIN, RESHAPES, SPLITS
from .pieces import cut, is_layer
from .rebuild import rebuild_steps
from .running import bare_weight, fed, gives_several, is_tensor, name_of
from .values import Value, plain

if TYPE_CHECKING:
    from . import Anatomy

# Dims of one table. Eight widths each make 512 entries with three.
MOST_DIMS = 3
_FREE = (
    RESHAPES
    | PLAIN
    | SPLITS
    | {"getitem", "getattr", "size", "Dropout", "DropPath", "StochasticDepth", "dropout"}
)


def segments(anatomy: "Anatomy") -> Iterator[Segment]:
    """Pieces in the order of the forward."""
    follower = anatomy.follower
    labels = follower.ledger.labels
    lengths = Lengths(anatomy.groups, labels.roots(np.arange(len(labels))))
    block_of = {s: b.name for b in anatomy.branches for s in (*b.steps, b.addition)}
    names: dict[str, int] = {}
    live = fed(follower.traced)
    for steps in cut(follower, block_of):
        if all(name_of(follower.traced, s) in _FREE for s in steps):
            continue
        blocks = {block_of.get(s) for s in steps}
        piece = Piece(anatomy, lengths, steps, live)
        first = next((s for s in steps if is_layer(follower.traced, s)), steps[0])
        inside = f"{first.meta['path']}.{first.name}".strip(".")
        name = str(first.target) if first.op == "call_module" else inside
        names[name] = names.get(name, 0) + 1
        name = name if names[name] == 1 else f"{name} ({names[name]})"
        block = blocks.pop() if len(blocks) == 1 else None
        for part in piece.parts():
            own = name if len(part.dims) == len(piece.dims) else f"{name}: {', '.join(part.dims)}"
            yield Segment(own, block, part.dims, part.at)


class Piece:
    """Some steps, for any widths of the dims that they depend on.

    Attributes:
        dims: of its table.
        rest: whether the channels that always stay are in it.
    """

    def __init__(
        self, anatomy: "Anatomy", lengths: Lengths, steps: Sequence[fx.Node], live: Collection[fx.Node]
    ):
        self.anatomy, self.lengths = anatomy, lengths
        self.traced, self.follower = anatomy.follower.traced, anatomy.follower
        self.batch = next(n for n in self.traced.graph.nodes if n.op == "placeholder").meta["out"].shape[0]
        self.live = live
        self.steps = _with_fixed(self.traced, steps, live)
        inside = set(self.steps)
        outside = (n for s in self.steps for n in s.all_input_nodes if n not in inside)
        self.inputs = list(dict.fromkeys(n for n in outside if n.op != "get_attr"))
        self.results = [s for s in steps if any(u not in inside for u in s.users)]
        known = {n: self.follower.known(n) for n in (*self.inputs, *self.steps) if is_tensor(n)}
        for n in self.inputs:  # read for its sizes alone, which are written out where they are cut
            if is_tensor(n) and not any(is_tensor(u) or gives_several(u) for u in n.users if u in inside):
                known[n] = plain(n.meta["out"])
        self.shapes = {n: self._lengths(value) for n, value in known.items()}
        self.weights = {
            s: self._weight(s) for s in self.steps if is_layer(self.traced, s) and self._weight_name(s)
        }
        every = (length for ls in (*self.shapes.values(), *self.weights.values()) for length in ls)
        self.dims = tuple(dict.fromkeys(d for length in every for d in length.dims))

    def _lengths(self, value: Value) -> tuple[Length, ...]:
        return tuple(self.lengths.of(axis, size) for axis, size in zip(value.axes, value.shape, strict=True))

    def _weight(self, step: fx.Node) -> tuple[Length, ...]:
        ledger, own = self.follower.ledger, self._weight_name(step)
        name, shape = ledger.names[own], self.traced.get_parameter(own).shape
        owned = (ledger.owned.get((name, axis)) for axis in range(len(shape)))
        return tuple(self.lengths.of(o.labels if o else (), n) for o, n in zip(owned, shape, strict=True))

    def _weight_name(self, step: fx.Node) -> str:
        return f"{step.target}.weight" if step.op == "call_module" else bare_weight(self.traced, step)

    def parts(self) -> list["Piece"]:
        """Itself, or pieces of fewer dims that come to the same together."""
        if len(self.dims) <= MOST_DIMS or (len(self.dims) == MOST_DIMS + 1 and self._makes_heads()):
            return [self]
        made = _terms(length for r in self.results for length in self.shapes[r])
        made_dims = tuple(dict.fromkeys(d for term in made for d in term))
        every = _terms(length for ls in (*self.shapes.values(), *self.weights.values()) for length in ls)
        read = [term for term in every if not set(term) <= set(made_dims)]
        layered = any(self.weights.values()) and read
        if layered and len(made_dims) < MOST_DIMS and all(len(term) == 1 for term in (*made, *read)):
            groups = [(*term, *made_dims) for term in read]
        elif layered:
            groups = [tuple(dict.fromkeys((*i, *o))) for i in read for o in made]
        else:
            groups = every
        parts = [self._part(dims) for dims in groups]
        return [p for p in parts if all(n.terms for weight in p.weights.values() for n in weight)]

    def _makes_heads(self) -> bool:
        """Whether one layer makes heads of several kinds of components: few of its shapes differ."""
        lengths = [length for r in self.results for length in self.shapes[r]]
        return len(self.weights) == 1 and any(len(term) > 1 for term in _terms(lengths))

    def _part(self, dims: tuple[str, ...]) -> "Piece":
        new = object.__new__(Piece)
        new.__dict__.update(self.__dict__)
        new.dims = dims
        new.shapes = {n: _only(ls, dims) for n, ls in self.shapes.items()}
        new.weights = {n: _only(ls, dims) for n, ls in self.weights.items()}
        return new

    def at(self, *kept: int) -> Workload:
        """What to time where its dims keep so many units."""
        widths = dict(zip(self.dims, kept, strict=True))
        inputs = tuple(self._input(n, widths) for n in self.inputs if is_tensor(n))
        return Workload(self._key(widths, inputs), lambda: self._make(widths), inputs, self._macs(widths))

    def _input(self, node: fx.Node, widths: Mapping[str, int]) -> tuple[int, ...]:
        """The shape for one image; windows of an image have an axis of their own."""
        windows, shape = node.meta["batched"], list(self._shape(node, widths))
        del shape[node.meta["batch_axis"]]
        return (*((windows,) if windows > 1 else ()), *shape)

    def _shape(self, node: fx.Node, widths: Mapping[str, int]) -> tuple[int, ...]:
        return tuple(length.at(widths) for length in self.shapes[node])

    def _macs(self, widths: Mapping[str, int]) -> float:
        total = 0.0
        for step, lengths in self.weights.items():
            weight = [length.at(widths) for length in lengths]
            module = self.traced.get_submodule(str(step.target)) if step.op == "call_module" else None
            transposed = isinstance(module, TRANSPOSED)
            shape = self._shape(step.all_input_nodes[0] if transposed else step, widths)
            once = step not in self.live and not step.meta["batched"]  # for the whole batch
            images = 1 if once else self.batch
            total += float(np.prod(weight)) * float(np.prod(shape)) / max(1, weight[0]) / images
        return total

    def _key(self, widths: Mapping[str, int], inputs: Sequence[tuple[int, ...]]) -> str:
        """The steps with everything that their time depends on, and the shapes that go in."""
        if not hasattr(self, "_words"):
            self._words = [(s, self._word(s)) for s in self.steps if is_tensor(s) and s.op != "get_attr"]
        words = []
        for step, word in self._words:
            if step in self.weights:
                word += " " + "x".join(str(length.at(widths)) for length in self.weights[step])
            words.append(word)
        sizes = " ".join("x".join(map(str, shape)) for shape in inputs)
        return f"{' > '.join(w for w in words if w)} @{sizes}"

    def _word(self, step: fx.Node) -> str:
        name = name_of(self.traced, step)
        if step.op == "call_module":
            module = self.traced.get_submodule(str(step.target))
            if folds(self.traced, step):
                return f"+bn {describe(getattr(module, 'act', nn.Identity()))}".strip()
            word = describe(module)
            if str(step.target) in self.follower.opaque or not (word or name in _FREE):
                said = repr(module) + str([tuple(p.shape) for p in module.parameters()])
                word = f"{name} {hashlib.sha256(said.encode()).hexdigest()[:10]}"
            return word
        name = {"iadd": "add", "imul": "mul", "add_": "add", "mul_": "mul"}.get(name, name)
        if name in RESHAPES | PLAIN | SPLITS | {"getitem", "add", "mul", "sub", "cat"}:
            return name
        # By name where they are so given: of one pooling 2 is the stride, of another the padding.
        settings = [("", a) for a in step.args[1:]] + [(f"{n}=", a) for n, a in step.kwargs.items()]
        kinds = int | float | tuple | list | str
        words = [f"{n}{tuple(a) if isinstance(a, list) else a}" for n, a in settings if isinstance(a, kinds)]
        said = re.sub(r"[^\w.,()= -]", "", ",".join(words))
        return f"{name}({said})" if said else name

    def _make(self, widths: Mapping[str, int]) -> nn.Module:
        """A module that runs these steps at the chosen widths."""
        labels = self.follower.ledger.labels
        keep = np.ones(len(labels), dtype=bool)
        for group in self.anatomy.groups:
            keep[group.roots] = False
            keep[group.roots[: widths.get(group.name, 0)]] = True
        module = rebuild_steps(self.follower, keep[self.lengths.root], self.steps, self.inputs, self.results)
        return fold(module, but=shared(self.traced)).eval()


def _terms(lengths: Iterable[Length]) -> list[tuple[str, ...]]:
    """The dims whose widths are multiplied, of all these lengths, each combination once."""
    return list(dict.fromkeys(dims for length in lengths for _, dims in length.terms if dims))


def _only(lengths: Sequence[Length], dims: tuple[str, ...]) -> tuple[Length, ...]:
    """Lengths of a part: an axis that depends on dims has only what belongs to these; others stay."""
    return tuple(
        length
        if not length.dims
        else replace(length, terms=tuple(t for t in length.terms if set(t[1]) <= set(dims)))
        for length in lengths
    )


def _with_fixed(traced: fx.GraphModule, steps: Sequence[fx.Node], live: Collection[fx.Node]) -> list[fx.Node]:
    """The steps, in the order of the graph, with all before them that depends on no input, or on sizes
    alone."""
    inside = set(steps)
    found: set[fx.Node] = set()

    def add(node: fx.Node) -> None:
        found.add(node)
        for source in node.all_input_nodes:
            if source not in found and source not in inside and source not in live:
                add(source)

    for step in steps:
        add(step)
    return [n for n in traced.graph.nodes if n in found]
