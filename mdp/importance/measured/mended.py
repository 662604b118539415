"""What is left of a loss once the network is repaired: most decisions lose less then, some not at all."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace

import torch
from torch import Tensor, nn

from ...core.errors import MdpError
from ...core.progress import Reporter
from ...reconstruction.layers import survey
from ...reconstruction.plan import Task, room, rows_for
from ...reconstruction.rows import draw, groups_of
from ...reconstruction.solved import Setting
from ...reconstruction.streams import writes
from ...reconstruction.sweep import sweep
from ...reconstruction.targets import Targets, targets
from .chain import Link, entered

# Multiply-adds of the dense network over the images, above which a repair for each decision takes too long.
WORK = 2e10
# With fewer images to learn from, a repair learns more noise than network.
FEWEST = 128
# A loss as cut below this, in nats, is not worth a repair.
SMALL = 1e-3
# What a repair would bring is told from this many times fewer rows than a repair takes.
FEWER_ROWS = 2


class Mender:
    """Repairs pruned networks on fixed images, in closed form, one sweep each. Deterministic.

    What the dense network puts out is looked at once; layers before the first that differs are left alone.

    Args:
        dense: the network that they are cut out of, on the images' device.
        images: to learn from, not those that the loss is measured on.
        links: where a forward can be entered.
        check: called between layers; raises to stop.
    """

    def __init__(self, dense: nn.Module, images: Tensor, links: Sequence[Link], check: Callable[[], None]):
        self._dense, self._images, self._links = dense, images, links
        self._report = Reporter(lambda: bool(check()))
        with torch.no_grad():
            found = survey(dense, images[:2])
            ways, memory = writes(dense, dense), room() / 4
            self._tasks: dict[str, Task] = {}
            for number, layer in enumerate(found.layers):
                if layer.more:  # a forward of its own for each would take too long, here
                    continue
                if rows := rows_for(layer, memory) // FEWER_ROWS:
                    every = torch.arange(len(dense.get_submodule(layer.name).weight))
                    at = draw(len(images), layer.places, rows, number)
                    self._tasks[layer.name] = Task(layer, every, at, ways.get(layer.name))
            try:
                self._wanted = targets(dense, images, list(self._tasks.values()), self._report)
            except MdpError:  # nothing to learn from: as cut, then
                self._tasks, self._wanted = {}, Targets()

    def begins_at(self, pruned: nn.Module) -> list[str]:
        """Tensors of the layers that take on what removed blocks added: they change, too."""
        return [f"{w.layer}.weight" for w in writes(self._dense, pruned).values() if w.aim != w.after]

    def __call__(
        self, pruned: nn.Module, kept: Mapping[str, Tensor], start: int = -1, given: Tensor | None = None
    ) -> nn.Module:
        """Repair it in place, as far as that goes.

        Args:
            kept: layer -> which of the dense layer's outputs stay, where not all do.
            start: the link behind which it begins to differ, -1 for none; `given`: what that puts out.
        """
        skipped = tuple(f"{link.name}." for link in self._links[: start + 1])
        ways, modules = writes(self._dense, pruned), dict(pruned.named_modules())
        todo = []
        for name, task in self._tasks.items():
            layer = modules.get(name)
            if layer is None or name.startswith(skipped):
                continue
            stay = kept.get(name, task.kept)
            if not isinstance(layer, nn.Conv2d | nn.Linear) or len(stay) != len(layer.weight):
                continue
            shape = replace(task.layer, inputs=layer.weight[0].numel(), groups=groups_of(layer))
            todo.append(Task(shape, stay, task.at, ways.get(name)))
        with torch.no_grad():
            wanted = self._of(todo)
            enter = nullcontext() if given is None else entered(pruned, self._links, start, given)
            with enter:
                sweep(pruned, self._images, todo, wanted, Setting(), self._report)
        return pruned

    def _of(self, todo: Sequence[Task]) -> Targets:
        """What these are to put out, of what the dense network's layers do."""
        every = self._wanted
        wanted = Targets({t.name: every.outputs[t.name][:, t.kept] for t in todo})
        for task in todo:
            if task.write and task.write.before and task.name in every.streams:
                wanted.streams[task.name] = every.streams[task.name][:, task.kept]
        ahead = [t for t in todo if t.write and t.write.aim != t.write.after]
        if ahead:
            wanted.ahead = targets(self._dense, self._images, ahead, self._report).ahead
        return wanted
