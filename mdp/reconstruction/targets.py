"""What the dense network's layers put out, at the places where the pruned ones are to follow."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ..core.errors import MdpError
from ..core.progress import Reporter
from ..tasks import run
from .layers import hooks
from .plan import Task
from .rows import output_axis, rows_at
from .streams import Read

CHUNK = 32  # images that a network runs at once where nothing needs all of them together


@dataclass
class Targets:
    """By layer, rows of its kept outputs, and where it writes to a stream what else is added to it.

    Attributes:
        outputs: what it puts out, (rows, kept outputs), one after the other for every time that it runs;
            nothing where the dense network runs it another number of times.
        streams: the summand that is known before it runs.
        ahead: what removed blocks that follow at once would have added.
        answers: what the whole network puts out, (images, classes) for a classifier.
    """

    outputs: dict[str, Tensor] = field(default_factory=dict)
    streams: dict[str, Tensor] = field(default_factory=dict)
    ahead: dict[str, Tensor] = field(default_factory=dict)
    answers: Tensor = field(default_factory=lambda: torch.empty(0))


def targets(dense: nn.Module, images: Tensor, todo: Sequence[Task], report: Reporter) -> Targets:
    """Run the dense network over the images and keep the rows that are asked for, on the CPU."""
    made: dict[str, list[list[Tensor]]] = {t.name: [[] for _ in t.runs] for t in todo}
    read: dict[Read, dict[str, list[Tensor]]] = {}
    answered: list[Any] = []
    begin, ran = 0, dict[str, int]()

    def rows(task: Task, at: Tensor, tensor: Tensor, axis: int) -> Tensor:
        found = rows_at(tensor, at[begin : begin + len(tensor)], axis)
        return found[:, task.kept.to(found.device)].float().cpu()

    by_layer, by_read = {t.name: t for t in todo}, reads_of(todo)

    def layer_ran(name: str, layer: nn.Module, args: tuple, out: Tensor) -> None:
        task, times = by_layer[name], ran.get(name, 0)
        ran[name] = times + 1
        if times < len(task.runs):
            made[name][times].append(rows(task, task.runs[times][0], out, output_axis(layer)))

    def passes(one: Read, tensor: Tensor) -> None:
        for task in by_read[one]:
            here = rows(task, task.at, tensor, one.axis)
            read.setdefault(one, {}).setdefault(task.name, []).append(here)

    with hooks() as hook, cancellable(dense, report):
        for name in by_layer:
            hook(dense.get_submodule(name).register_forward_hook, layer_ran, name)
        watch(dense, by_read, passes, hook)
        for begin in range(0, len(images), CHUNK):  # `rows` looks at it
            ran.clear()
            answered.append(run(dense, images[begin : begin + CHUNK]))
            report.step(min(begin + CHUNK, len(images)), len(images), "looking at the dense network")
    as_often = {t.name for t in todo if ran.get(t.name) == len(t.runs)}
    found = Targets({n: torch.cat([torch.cat(parts) for parts in made[n]]) for n in as_often})
    if all(isinstance(out, Tensor) for out in answered):
        found.answers = torch.cat([out.float().cpu() for out in answered])
    for write in (t.write for t in todo if t.write):
        name = write.layer
        if write.before:
            found.streams[name] = torch.cat(read[write.before][name])
        if write.aim != write.after:
            found.ahead[name] = torch.cat(read[write.aim][name]) - torch.cat(read[write.after][name])
    if any(not t.isfinite().all() for t in found.outputs.values()):
        raise MdpError(
            "The dense network puts out values that are no numbers on these images: nothing can be learnt "
            "from it. Look at its weights, and at how the images are normalised."
        )
    return found


def reads_of(todo: Sequence[Task]) -> dict[Read, list[Task]]:
    """Place on a stream -> the repairs that look at it."""
    found: dict[Read, list[Task]] = {}
    for task in todo:
        for one in task.write.reads if task.write else ():
            found.setdefault(one, []).append(task)
    return found


def watch(
    network: nn.Module, reads: Iterable[Read], passes: Callable[[Read, Tensor], None], hook: Callable
) -> None:
    """Call `passes` with what lies at each of these places whenever it is computed."""
    for one in reads:
        module = network.get_submodule(one.module)
        if one.gives:
            hook(module.register_forward_hook, lambda _n, _m, _a, out, one=one: passes(one, out), one.module)
        else:
            hook(module.register_forward_pre_hook, lambda _n, _m, a, one=one: passes(one, a[0]), one.module)


@contextlib.contextmanager
def cancellable(network: nn.Module, report: Reporter) -> Iterator[None]:
    """Without gradients, and with a look before every module at whether somebody asked to stop."""
    with hooks() as hook, torch.no_grad():
        for name, module in network.named_modules():
            hook(module.register_forward_pre_hook, lambda *_: report.check(), name)
        yield
