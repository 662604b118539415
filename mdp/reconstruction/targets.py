"""What the dense network's layers put out, at the places where the pruned ones are to follow."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from ..core.errors import MdpError
from ..core.progress import Reporter
from ..tasks import run
from .layers import hooks
from .plan import Task
from .rows import output_axis, rows_at

CHUNK = 32  # images that a network runs at once where nothing needs all of them together


@dataclass
class Targets:
    """By layer: its outputs (rows, kept outputs), and the stream before it where it writes to one."""

    outputs: dict[str, Tensor] = field(default_factory=dict)
    streams: dict[str, Tensor] = field(default_factory=dict)


def targets(dense: nn.Module, images: Tensor, todo: Sequence[Task], report: Reporter) -> Targets:
    """Run the dense network over the images and keep the rows that are asked for, on the CPU."""
    made: dict[str, list[Tensor]] = {}
    streams: dict[str, list[Tensor]] = {}
    begin = 0

    def keep(store: dict, task: Task, tensor: Tensor, axis: int) -> None:
        rows = rows_at(tensor, task.at[begin : begin + len(tensor)], axis)
        store.setdefault(task.name, []).append(rows[:, task.kept.to(rows.device)].float().cpu())

    by_layer, by_stream = {t.name: t for t in todo}, {}
    for task in todo:
        if task.write:
            by_stream.setdefault(task.write.stream, []).append(task)

    def layer_ran(name: str, layer: nn.Module, args: tuple, out: Tensor) -> None:
        keep(made, by_layer[name], out, output_axis(layer))

    def stream_passes(name: str, module: nn.Module, args: tuple) -> None:
        for task in by_stream[name]:
            keep(streams, task, args[0], task.write.axis)

    with hooks() as hook, cancellable(dense, report):
        for name in by_layer:
            hook(dense.get_submodule(name).register_forward_hook, layer_ran, name)
        for name in by_stream:
            hook(dense.get_submodule(name).register_forward_pre_hook, stream_passes, name)
        for begin in range(0, len(images), CHUNK):  # `keep` looks at it
            run(dense, images[begin : begin + CHUNK])
            report.step(min(begin + CHUNK, len(images)), len(images), "looking at the dense network")
    found = Targets(*({name: torch.cat(parts) for name, parts in one.items()} for one in (made, streams)))
    if any(not t.isfinite().all() for t in found.outputs.values()):
        raise MdpError(
            "The dense network puts out values that are no numbers on these images: nothing can be learnt "
            "from it. Look at its weights, and at how the images are normalised."
        )
    return found


@contextlib.contextmanager
def cancellable(network: nn.Module, report: Reporter) -> Iterator[None]:
    """Without gradients, and with a look before every module at whether somebody asked to stop."""
    with hooks() as hook, torch.no_grad():
        for name, module in network.named_modules():
            hook(module.register_forward_pre_hook, lambda *_: report.check(), name)
        yield
