"""Whether a graph is its module's for inputs of other sizes, too: what a forward decides by sizes is decided
when it is traced (`while x.shape[-1] > 4`, `int(x.shape[2] * 0.5)`)."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import torch
from torch import fx, nn

from .batches import answer_of, of_batch, same

BY_SIZES = (
    "its forward decides by the sizes of its inputs: the pruned network decides as for the example, and "
    "computes something else for other sizes"
)
# So much longer: sizes that layers divide by stay whole numbers.
_LONGER = 32


def note_sizes(model: nn.Module, traced: fx.GraphModule, inputs: Sequence[torch.Tensor]) -> None:
    """Note in `meta["by sizes"]` whether the graph is another for other sizes that the module takes."""
    tried = _others(of_batch(inputs, 1)) if traced.meta["asks sizes"] else ()
    traced.meta["by sizes"] = any(_differ(model, traced, other) for other in tried)


def _others(inputs: Sequence[torch.Tensor]) -> Iterator[list[torch.Tensor]]:
    """The inputs longer, and shorter by one and more, since some ask for the rest of a division: images along
    all axes after their channels, tokens along one."""
    for first, last in ((2, None), (1, 2)):
        for change in (_longer, *(partial(_shorter, by=by) for by in (1, 2, 3))):
            yield [_along(t, range(t.ndim)[first:last], change) if t.ndim > 2 else t for t in inputs]


def _along(t: torch.Tensor, axes: Sequence[int], change: Callable) -> torch.Tensor:
    for axis in axes:
        t = change(t, axis)
    return t


def _longer(t: torch.Tensor, axis: int) -> torch.Tensor:
    return torch.cat([t, t.narrow(axis, 0, min(t.shape[axis], _LONGER))], axis)


def _shorter(t: torch.Tensor, axis: int, by: int) -> torch.Tensor:
    return t.narrow(axis, 0, max(1, t.shape[axis] - by))


def _differ(model: nn.Module, traced: fx.GraphModule, inputs: Sequence[torch.Tensor]) -> bool:
    expected = answer_of(model, [t.clone() for t in inputs])
    if isinstance(expected, Exception):
        return False
    actual = answer_of(partial(type(traced).forward, traced), [t.clone() for t in inputs])
    return (
        isinstance(actual, Exception) or len(actual) != len(expected) or not all(map(same, actual, expected))
    )
