"""Example inputs of other batch sizes, and whether a network takes them: a baked batch size shows."""

from collections.abc import Callable, Sequence

import torch
from torch import fx, nn
from torch.utils._pytree import tree_leaves

from ...core.errors import Unsupported, first_line

# Of the largest answer: a graph runs the very steps of its module.
_CLOSE = 1e-4


def of_batch(inputs: Sequence[torch.Tensor], batch: int) -> tuple[torch.Tensor, ...]:
    """The same inputs, repeated or shortened to another batch."""
    own = inputs[0].shape[0]
    index = torch.arange(batch, device="cpu") % own
    return tuple(t.index_select(0, index.to(t.device)) if t.ndim and t.shape[0] == own else t for t in inputs)


def refuse_baked(model: nn.Module, inputs: Sequence[torch.Tensor]) -> None:
    """Raises Unsupported for a network that does not take two inputs at once, or mixes them."""
    what = f"This {type(model).__name__}"
    one, two = (answer_of(model, of_batch(inputs, batch)) for batch in (1, 2))
    if isinstance(one, Exception) or isinstance(two, Exception):
        raise Unsupported(_refused(what, one, two, inputs[0].shape[0], answer_of(model, inputs)))
    if not one:
        raise Unsupported(f"{what} gives no tensor: there is nothing to compare. Let its forward return one.")
    if len(one) != len(two) or not all(
        a.ndim and a.shape[1:] == b.shape[1:] and a.shape[0] * 2 == b.shape[0]
        for a, b in zip(one, two, strict=True)
    ):
        raise Unsupported(
            f"{what} gives something else for two inputs than for each: its first axis is no batch. Only "
            "networks that work on every input of a batch by itself can be pruned."
        )


def _refused(what: str, one: object, two: object, given: int, own: object) -> str:
    """Why a network that answers some batches of these examples with an error cannot be pruned."""
    if isinstance(one, Exception) and isinstance(two, Exception) and isinstance(own, Exception):
        return f"{what} does not take such inputs: {first_line(one)}."
    wrong = two if isinstance(two, Exception) else one
    if not isinstance(one, Exception):
        takes = "takes a batch of one alone"
    else:
        takes = f"takes a batch of {given} alone" if wrong is two else "does not take a batch of one"
    assert isinstance(wrong, Exception)
    return (
        f"{what} {takes} ({first_line(wrong)}): its forward has the size of the batch written into it. Let a "
        "reshape find it, with -1 or x.shape[0]."
    )


def answer_of(model: Callable, inputs: Sequence[torch.Tensor]) -> "list[torch.Tensor] | Exception":
    """The tensors that a network answers with, or what went wrong."""
    try:
        with torch.no_grad():
            return _tensors(model(*inputs))
    except Exception as error:  # whatever a stranger's forward raises
        return error


def refuse_other(model: nn.Module, traced: fx.GraphModule, inputs: Sequence[torch.Tensor]) -> None:
    """Raises Unsupported if the graph, on a batch of three, does not compute what the module computes."""
    inputs = of_batch(inputs, 3)
    what = f"This {type(model).__name__} cannot be followed"
    try:
        with torch.no_grad():
            # The graph first: a forward that keeps its answer in a buffer would tell it what to say.
            actual, expected = _tensors(traced(*_copies(inputs))), _tensors(model(*_copies(inputs)))
    except Exception as error:  # whatever a stranger's forward raises
        raise Unsupported(
            f"{what}: what was traced with a batch of two fails with three ({first_line(error)})."
        ) from error
    if _keeps_state(traced):  # an answer that depends on those before it
        with torch.no_grad():
            actual = actual if all(map(same, _tensors(model(*_copies(inputs))), expected)) else []
    if len(expected) != len(actual) or not all(map(same, actual, expected)):
        raise Unsupported(
            f"{what}: its graph computes something else than its forward. A forward that changes from "
            "call to call, with what is in the tensors or with the size of the batch, or that writes into a "
            "part of a tensor and uses the whole, has no graph."
        )


def _keeps_state(traced: fx.GraphModule) -> bool:
    """Whether a step writes into a tensor of the network's own."""
    for node in traced.graph.nodes:
        name = getattr(node.target, "__name__", str(node.target))
        target = node.args[0] if node.args else None
        if isinstance(target, fx.Node) and target.op == "get_attr" and (name == "put" or name.endswith("_")):
            return True
    return False


def same(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Equal up to rounding."""
    if a.shape != b.shape:
        return False
    if not b.numel() or not (b.is_floating_point() or b.is_complex()):
        return torch.equal(a, b)
    return bool((a - b).abs().max() <= _CLOSE * b.abs().max().clamp_min(1e-12))


def _copies(inputs: Sequence[torch.Tensor]) -> tuple[torch.Tensor, ...]:
    return tuple(t.clone() for t in inputs)


def _tensors(result: object) -> list[torch.Tensor]:
    return [t for t in tree_leaves(_plain(result)) if isinstance(t, torch.Tensor)]


def _plain(result: object) -> object:
    """A dataclass, or a Hugging Face output, as what is in it."""
    return dict(vars(result)) if hasattr(result, "__dataclass_fields__") else result
