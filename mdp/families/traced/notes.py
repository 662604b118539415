"""What every step of a graph gives: noted as shapes, with the axis that is the batch."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import fx
from torch.utils._pytree import tree_map_only

# Numbers that later steps index with are kept as they are; larger ones are only shapes.
_LARGEST_INDEX = 2**22


class Notes(fx.Interpreter):
    """Runs the graph and keeps under `node.meta["out"]` what each step gives: tensors as shapes, on torch's
    meta device, but for small ones of whole numbers."""

    def run_node(self, node: fx.Node) -> Any:
        result = super().run_node(node)
        node.meta["out"] = tree_map_only(torch.Tensor, _stand_in, result)
        return result


def _stand_in(tensor: torch.Tensor) -> torch.Tensor:
    whole = not tensor.is_floating_point() and not tensor.is_complex()
    if whole and tensor.numel() <= _LARGEST_INDEX:
        return tensor.detach().clone()
    return torch.empty(tensor.shape, dtype=tensor.dtype, device="meta")


def note_batches(traced: fx.GraphModule, inputs: Sequence[torch.Tensor]) -> None:
    """`node.meta["batch_axis"]`: the axis of a tensor that is the batch. `node.meta["batched"]`: how often it
    has the batch, 1, or the number of windows of an image; 0 where several axes are longer for it."""
    before = {node: node.meta["out"] for node in traced.graph.nodes}
    batch = inputs[0].shape[0]
    more = [torch.cat([t, t[:1]]) if t.ndim and t.shape[0] == batch else t for t in inputs]
    with torch.no_grad():
        Notes(traced).run(*more)
    for node, out in before.items():
        later = node.meta["out"]
        node.meta["out"] = out
        axis, each = _batch_axis(out, later, batch)
        node.meta.update(batched=each, batch_axis=axis)


def _batch_axis(out: Any, later: Any, batch: int) -> tuple[int, int]:
    """(axis, how often it has the batch), from what a step gives for a batch and for one more; (0, 0)."""
    if not isinstance(out, torch.Tensor) or out.ndim != later.ndim:
        return 0, 0
    longer = [axis for axis in range(out.ndim) if out.shape[axis] != later.shape[axis]]
    if len(longer) != 1:
        return 0, 0
    each = out.shape[longer[0]] // batch
    fits = (out.shape[longer[0]], later.shape[longer[0]]) == (each * batch, each * (batch + 1))
    return (longer[0], each) if fits and (each == 1 or longer[0] == 0) else (0, 0)
