"""Learning any task, on batches of anything: detectors, and networks that are to answer as the dense one.

Of a recipe a task takes optimiser, rates, decay, schedule, clipping, averaging, precision and seed; what it
says of images is for classes (image_lesson.py). One process.
"""

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from ..core.errors import MdpError
from ..core.model_ref import ModelRef
from ..tasks import Task, examples, run
from ..tasks.answers import quality, scalar
from .batches import count
from .lesson import Lesson
from .losses import LossOf
from .progress_meter import Work
from .recipe import Recipe


class TaskLesson(Lesson):
    """What a `Task` says.

    Args:
        batches, test: read anew in every epoch, as `mdp.tasks.examples` reads them.
        loss: `loss(outputs, targets)` -> scalar, in place of the task's.

    Raises:
        MdpError: nothing to train on.
    """

    good = "quality"

    def __init__(
        self, ref: ModelRef, batches: Iterable[Any], test: Iterable[Any], task: Task, loss: LossOf | None
    ):
        self._ref, self._given, self._test, self._task, self._loss = ref, batches, test, task, loss
        self._count = count(batches)
        self.inputs = self._count, 0
        self._teacher: nn.Module | None = None
        self._share, self._device = 0.0, torch.device("cpu")

    @contextlib.contextmanager
    def opened(
        self, model: nn.Module, teacher: nn.Module | None, recipe: Recipe, accelerate: Accelerator
    ) -> Iterator[None]:
        own = self._task.labelled or self._loss is not None
        if teacher is None and not own:
            raise MdpError(
                f"The task {self._task.name} learns from the dense network's answers. Give it: "
                "mdp.finetune(network, train, val, teacher=model)."
            )
        self._share = recipe.distill if own else 1.0
        self._teacher, self._device = teacher, accelerate.device
        yield

    @property
    def steps(self) -> int:
        return self._count

    def batches(self, epoch: int) -> Iterator[Any]:
        return self._fed(self._given)

    def loss(self, model: nn.Module, batch: Any) -> Tensor:
        inputs, targets = batch
        outputs, value = run(model, inputs), torch.zeros(())
        if self._share < 1 or self._teacher is None:
            value = (self._loss or self._task.loss)(outputs, targets)
        if self._teacher is not None and self._share:
            with torch.no_grad():
                told = run(self._teacher, inputs)
            apart = self._task.loss(outputs, targets, told)
            value = apart if self._share == 1 else (1 - self._share) * value + self._share * apart
        return scalar(value, self._task, "The loss", trains=True)

    def judge(self, model: nn.Module, work: Work) -> dict[str, Any]:
        found = self._task.measure(model, self._fed(self._test), self._teacher)
        return {"quality": quality(found, self._task), "measure": self._task.quality}

    def _fed(self, batches: Iterable[Any]) -> Iterator[Any]:
        return examples(self._ref, batches, self._device, labelled=self._task.labelled)
