"""Residual branches that can go: what is added to a value, and is used nowhere else."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import torch
from torch import fx, nn
from torchvision.ops import FrozenBatchNorm2d

from ..channels import is_uncentred_norm
from .layers import BATCH_NORMS, CONVOLUTIONS, INSTANCE_NORMS, TRANSPOSED
from .moves import is_move
from .running import is_tensor, name_of, run, tensors_in

_ADDITIONS = frozenset("add iadd add_".split())
_GATES = frozenset("mul imul mul_".split())
_LAYERS = (nn.Linear, *CONVOLUTIONS, *TRANSPOSED)
_SCALED = (BATCH_NORMS, INSTANCE_NORMS, nn.GroupNorm, nn.LayerNorm, FrozenBatchNorm2d)


@dataclass(frozen=True, eq=False)
class Branch:
    """A block of the space.

    Attributes:
        name: of the block.
        addition: the step that adds the branch.
        rest: what the addition gives without it.
        steps: of the branch.
        last: tensors that, at zero, make the branch add nothing.
        tensors: of the model, that nothing but the branch uses.
    """

    name: str
    addition: fx.Node
    rest: fx.Node
    steps: frozenset[fx.Node]
    last: tuple[str, ...]
    tensors: frozenset[str]


def branches(traced: fx.GraphModule, names: Mapping[str, str]) -> list[Branch]:
    """Branches in the order of the forward; of two, one within the other, the inner one.

    Args:
        names: of every parameter and buffer, the first name of the same tensor.
    """
    before = _ancestors(traced)
    uses = _uses(traced, names)
    found = []
    for node in traced.graph.nodes:
        if node.op not in ("call_function", "call_method") or name_of(traced, node) not in _ADDITIONS:
            continue
        sides = tensors_in(node)
        if len(sides) == 2 and all(s.meta["out"].shape == node.meta["out"].shape for s in sides):
            found += _removable(traced, node, sides, before, uses, names)
    taken: set[fx.Node] = set()
    inner = []
    for branch in sorted(found, key=lambda b: len(b.steps)):
        if not taken & (branch.steps | {branch.addition}):
            inner.append(branch)
            taken |= branch.steps
    order = {node: i for i, node in enumerate(traced.graph.nodes)}
    counted = {names.get(n, n) for n, _ in traced.named_parameters(remove_duplicate=False)}
    uses = {node: tensors & counted for node, tensors in uses.items()}
    return _named(traced, _not_all_gone(sorted(inner, key=lambda b: order[b.addition]), uses))


def _not_all_gone(found: list[Branch], uses: Mapping[fx.Node, frozenset[str]]) -> list[Branch]:
    """Without the last of those that alone use a parameter together (a norm, or a layer, for all of them): no
    count says that it goes when all have gone."""
    counted = Counter(t for tensors in uses.values() for t in tensors)
    inside: Counter[str] = Counter()
    stay = []
    for branch in found:
        own = Counter(t for s in branch.steps for t in uses[s])
        if all(t in branch.tensors or inside[t] + n < counted[t] for t, n in own.items()):
            inside += own
            stay.append(branch)
    return stay


def _ancestors(traced: fx.GraphModule) -> dict[fx.Node, frozenset[fx.Node]]:
    """For every step, itself and all that it is computed from."""
    before: dict[fx.Node, frozenset[fx.Node]] = {}
    for node in traced.graph.nodes:
        before[node] = frozenset([node]).union(*(before[n] for n in node.all_input_nodes))
    return before


def _uses(traced: fx.GraphModule, names: Mapping[str, str]) -> dict[fx.Node, frozenset[str]]:
    """For every step, the tensors of the model that it uses."""
    uses = {}
    for node in traced.graph.nodes:
        if node.op == "get_attr":
            uses[node] = frozenset({names.get(str(node.target), str(node.target))})
        elif node.op == "call_module":
            module = traced.get_submodule(str(node.target))
            inside = [n for n, _ in (*module.named_parameters(), *module.named_buffers())]
            uses[node] = frozenset(names.get(f"{node.target}.{n}", f"{node.target}.{n}") for n in inside)
        else:
            uses[node] = frozenset()
    return uses


def _removable(traced, node, sides, before, uses, names) -> list[Branch]:
    counted = Counter(t for tensors in uses.values() for t in tensors)
    for rest, end in (sides, sides[::-1]):
        steps, beside = before[end] - before[rest], before[rest] - before[end]
        if not steps or any(u not in steps and u is not node for s in steps for u in s.users):
            continue
        if any(s.op == "placeholder" for s in steps) or _changes_its_input(traced, steps):
            continue
        layers, others = _layers(traced, steps), _layers(traced, beside)
        if not layers or others > 1 or (others and layers < 2):
            continue
        inside = Counter(t for s in steps for t in uses[s])
        last = _last(traced, end, steps, names)
        if last is None or any(counted[t] != inside[t] for t in last):
            continue
        own = frozenset(t for t, n in inside.items() if counted[t] == n)
        return [Branch("", node, rest, frozenset(steps), tuple(last), own)]
    return []


def _layers(traced: fx.GraphModule, steps: Collection[fx.Node]) -> int:
    return sum(_is_layer(traced, s) for s in steps)


def _is_layer(traced: fx.GraphModule, step: fx.Node) -> bool:
    return step.op == "call_module" and isinstance(traced.get_submodule(str(step.target)), _LAYERS)


def _changes_its_input(traced: fx.GraphModule, steps: Collection[fx.Node]) -> bool:
    """Whether a step of the branch works in place on what comes from outside."""
    views = {s for s in steps if s.all_input_nodes and is_move(traced, s)}
    for step in steps:
        name = name_of(traced, step)
        module = traced.get_submodule(str(step.target)) if step.op == "call_module" else None
        in_place = (
            getattr(module, "inplace", False)
            or step.kwargs.get("inplace")
            or (step.op != "call_module" and (name.endswith("_") or name in ("iadd", "imul", "isub", "idiv")))
            or (step.op == "call_function" and any(a is True for a in step.args[1:]))
        )
        source = next(iter(step.all_input_nodes), None)
        while source in views:
            source = source.all_input_nodes[0]
        if in_place and source is not None and source not in steps:
            return True
    return False


def _last(
    traced: fx.GraphModule, node: fx.Node, steps: Collection[fx.Node], names: Mapping[str, str]
) -> list[str] | None:
    """Tensors that make a step of the branch give zero, if they are zero."""
    if node not in steps:
        return None
    if node.op == "get_attr":
        return [names[str(node.target)]] if str(node.target) in names else None
    sources, name = tensors_in(node), name_of(traced, node)
    if node.op == "call_module":
        module = traced.get_submodule(str(node.target))
        tensors = [n for n in ("weight", "bias", "gamma") if getattr(module, n, None) is not None]
        if tensors and (
            isinstance(module, (*_LAYERS, *_SCALED)) or "gamma" in tensors or is_uncentred_norm(module)
        ):
            act = getattr(module, "act", None)
            if act is not None and float(act(torch.zeros(1, device="cpu"))) != 0:
                return None
            return [names[f"{node.target}.{n}"] for n in tensors]
        if tensors:
            return None
    if name in _GATES:
        found = [_last(traced, s, steps, names) for s in sorted(sources, key=lambda s: s.op != "get_attr")]
        return next((f for f in found if f is not None), None)
    if name in _ADDITIONS or name in ("cat", "concat"):
        parts = [_last(traced, s, steps, names) for s in sources]
        return None if any(p is None for p in parts) or len(parts) < 2 else [t for p in parts for t in p]
    if len(sources) != 1 or not is_tensor(node) or not _keeps_zero(traced, node, sources[0]):
        return None
    return _last(traced, sources[0], steps, names)


def _keeps_zero(traced: fx.GraphModule, node: fx.Node, source: fx.Node) -> bool:
    zero = torch.zeros(source.meta["out"].shape, device="cpu")
    try:
        return not run(traced, node, {source: zero}).any()
    except Exception:  # whatever a stranger's step raises
        return False


def _named(traced: fx.GraphModule, found: list[Branch]) -> list[Branch]:
    """Each called as the module that it lies in; where that has several, as the part of it that it runs."""
    # In the order of the forward: a set of steps has another order on every trace, and names must not.
    layers = [step for step in traced.graph.nodes if _is_layer(traced, step)]
    within = [[s.meta["path"] for s in layers if s in b.steps] for b in found]
    spans = [_common(paths) for paths in within]
    crowded = Counter(spans)
    named: list[Branch] = []
    used: set[str] = set()
    for branch, span, paths in zip(found, spans, within, strict=True):
        name = span
        if crowded[span] > 1 or not span:
            start = f"{span}." if span else ""
            parts = Counter(p.removeprefix(start).partition(".")[0] for p in paths)
            name = start + parts.most_common(1)[0][0]
        if name in used or not name:
            name = f"{name}.{branch.addition.name}".strip(".")
        used.add(name)
        named.append(
            Branch(name, *(getattr(branch, f) for f in ("addition", "rest", "steps", "last", "tensors")))
        )
    return named


def _common(paths: list[str]) -> str:
    """The innermost module that all lie in, or are."""
    parts = [p.split(".") for p in paths]
    shared = []
    for level in zip(*parts, strict=False):
        if len(set(level)) > 1:
            break
        shared.append(level[0])
    return ".".join(shared)
