"""What a forward does otherwise in training: found by a second graph, of the forward in training.

Where the two differ in a number alone (`F.dropout(x, 0.1, self.training)`), the pruned network has both and
follows `train()`. Where steps differ it keeps the way of evaluation, and that is said.
"""

import difflib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import fx, nn
from torch.utils import _pytree as pytree

OTHER_WAY = (
    "its forward goes another way in training (it asks self.training): the pruned network goes the way of "
    "evaluation, also in training"
)


@contextmanager
def questions(asked: Callable[[], None]) -> Iterator[None]:
    """Tell of every question whether a module is training."""

    class Training:
        def __get__(self, module: nn.Module, kind: type) -> bool:
            asked()
            if "training" not in vars(module):  # a scripted one, which knows by itself
                raise AttributeError("training")
            return vars(module)["training"]

        def __set__(self, module: nn.Module, value: bool) -> None:
            vars(module)["training"] = value

    nn.Module.training = Training()
    try:
        yield
    finally:
        del nn.Module.training


def may_differ(model: nn.Module, traced: fx.GraphModule) -> bool:
    """Whether the forward may be another in training: it asked, or a module does more than note it."""
    return traced.meta["asks training"] or any(type(m).train is not nn.Module.train for m in model.modules())


def either(training: bool, there: Any, here: Any) -> Any:
    """One of two settings of a step."""
    return there if training else here


def note_training(traced: fx.GraphModule, training: fx.GraphModule | None) -> None:
    """Note in `meta["in training"]` of a step its other settings: {(None, place) or (name, None): value}; in
    that of the graph, the modules whose steps are others there."""
    if training is None:
        traced.meta["in training"] = [""]
        return
    ours, theirs = list(traced.graph.nodes), list(training.graph.nodes)
    alike = _pairs(ours, theirs)
    back = set(alike.values())
    others = [n for n in ours if n not in alike] + [n for n in theirs if n not in back]
    for node, there in alike.items():
        found = _settings(node, there, alike)
        if found is None:
            others.append(node)
        elif found:
            node.meta["in training"] = found
    asking = set(map(_asking, others))
    traced.meta["in training"] = sorted(a for a in asking if not any(_is_in(a, b) for b in asking))


def follow_training(graph: fx.Graph, old: fx.Node, new: Any) -> None:
    """Let a step of the pruned network have the settings of training in training."""
    noted = old.meta.get("in training")
    if not noted or not isinstance(new, fx.Node) or new.target != old.target:
        return
    args, kwargs = list(new.args), dict(new.kwargs)
    with graph.inserting_before(new):
        training = graph.get_attr("training")
        for (name, place), value in noted.items():
            given: Any = args if name is None else kwargs
            key = place if name is None else name
            given[key] = graph.call_function(either, (training, value, given[key]))
    new.args, new.kwargs = tuple(args), kwargs


def _asking(node: fx.Node) -> str:
    """The module in whose forward a step stands."""
    path = str(node.meta["path"])
    return path.rpartition(".")[0] if node.op == "call_module" else path


def _is_in(path: str, outer: str) -> bool:
    """Whether a module is a part of another, "" being the network."""
    return path != outer and (not outer or path.startswith(f"{outer}."))


def _pairs(ours: list[fx.Node], theirs: list[fx.Node]) -> dict[fx.Node, fx.Node]:
    """The steps that are in both graphs."""
    a, b = ([(n.op, str(n.target), n.meta["path"]) for n in nodes] for nodes in (ours, theirs))
    if a == b:
        return dict(zip(ours, theirs, strict=True))
    found: dict[fx.Node, fx.Node] = {}
    for match in difflib.SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks():
        for i in range(match.size):
            found[ours[match.a + i]] = theirs[match.b + i]
    return found


def _settings(node: fx.Node, there: fx.Node, alike: dict[fx.Node, fx.Node]) -> dict | None:
    """What a step is given otherwise in training; None where that is more than a number."""
    found: dict[tuple[str | None, int | None], Any] = {}
    if len(node.args) != len(there.args) or node.kwargs.keys() != there.kwargs.keys():
        return None
    pairs = [((None, i), x, y) for i, (x, y) in enumerate(zip(node.args, there.args, strict=True))]
    pairs += [((name, None), x, there.kwargs[name]) for name, x in node.kwargs.items()]
    for place, x, y in pairs:
        if _same(x, y, alike):
            continue
        if not all(isinstance(value, bool | int | float) for value in (x, y)):
            return None
        found[place] = y
    return found


def _same(x: Any, y: Any, alike: dict[fx.Node, fx.Node]) -> bool:
    flat, other = pytree.tree_leaves(x), pytree.tree_leaves(y)
    return len(flat) == len(other) and all(
        alike.get(a) is b if isinstance(a, fx.Node) else type(a) is type(b) and repr(a) == repr(b)
        for a, b in zip(flat, other, strict=True)
    )
