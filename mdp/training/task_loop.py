"""Training for any task, on batches of anything: detectors, and networks that are to answer as the dense one.

One process, on the device that trains. Classifiers have a loop of their own (loop.py) with all that recipes
know of images; of a recipe this one takes optimiser, rates, decay, schedule, clipping, averaging and seed.
"""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from timm.utils import ModelEmaV3
from torch import Tensor, nn

from ..core.errors import MdpError
from ..core.model_ref import ModelRef
from ..core.progress import Reporter
from ..tasks import Task, examples, run
from ..tasks.answers import quality, scalar
from . import checkpoint
from .optimizers import optimizer_of, schedule_of
from .recipe import Recipe, faults
from .regularize import in_training
from .resuming import diverged, finite, resume

LossOf = Callable[[Any, Any], Tensor]


def train_task(
    model: nn.Module,
    ref: ModelRef,
    batches: Iterable[Any],
    test: Iterable[Any],
    task: Task,
    recipe: Recipe,
    report: Reporter,
    *,
    checkpoint_path: Path,
    teacher: nn.Module | None = None,
    loss: LossOf | None = None,
    device: str = "cpu",
) -> list[dict[str, Any]]:
    """Train `model` in place; returns one entry an epoch: `epoch`, `loss`, `quality`, `measure` (the name of
    the quality), `seconds`. It comes back on the CPU, in eval mode.

    After every epoch `checkpoint_path` holds everything needed to go on.

    Args:
        batches, test: read anew in every epoch, as `mdp.tasks.examples` reads them.
        teacher: whose answers are learnt in the share `recipe.distill`, and alone where the task has no
            targets.
        loss: `loss(outputs, targets)` -> scalar, in place of the task's.

    Raises:
        Cancelled: on request; finished epochs are kept.
        MdpError: nothing to train on, a loss that is no longer finite, no teacher where the task needs one,
            or a checkpoint of another run.
    """
    if wrong := faults(recipe):
        raise MdpError(f"This recipe cannot be run: {wrong}.")
    if teacher is None and not task.labelled and loss is None:
        raise MdpError(
            f"The task {task.name} learns from the dense network's answers. Give it: "
            "mdp.finetune(network, train, val, teacher=model)."
        )
    steps = _count(batches)
    optimizer = optimizer_of(model, recipe)
    ema = ModelEmaV3(model, decay=recipe.ema, use_warmup=True) if recipe.ema else None
    said = {"recipe": asdict(recipe), "about": {"task": task.name}, "scale": {}, "history": []}
    if checkpoint_path.is_file():
        said = resume(checkpoint_path, model, optimizer, said, report, ema=ema and ema.module)
    history: list[dict[str, Any]] = said["history"]
    schedule = schedule_of(optimizer, recipe, steps * recipe.epochs)
    model.to(device)
    for state in optimizer.state.values():  # what was resumed came to the CPU
        state.update({k: v.to(device) for k, v in state.items() if isinstance(v, Tensor) and v.ndim})
    teacher = teacher.to(device).eval().requires_grad_(False) if teacher is not None else None
    if ema:
        ema.to(device)
    one = _Step(model, teacher, task, loss, recipe, optimizer, ema)
    try:
        with in_training(model, recipe):
            for epoch in range(len(history), recipe.epochs):
                begin, total = time.monotonic(), 0.0
                torch.manual_seed(hash((recipe.seed, epoch)))
                model.train()
                for step, (inputs, targets) in enumerate(_training(ref, batches, device, task)):
                    report.check()
                    update = epoch * steps + step
                    schedule.step_update(update)
                    value = one(inputs, targets, update)
                    if not math.isfinite(value):
                        raise diverged(epoch, checkpoint_path)
                    total += value
                    text = f"epoch {epoch + 1} of {recipe.epochs}, loss {total / (step + 1):.3f}"
                    report.step(min(update + 1, steps * recipe.epochs), steps * recipe.epochs, text)
                if not finite(model):
                    raise diverged(epoch, checkpoint_path)
                judged = ema.module if ema else model
                fed = examples(ref, test, device, labelled=task.labelled)
                found = quality(task.measure(judged, fed, teacher), task)
                seconds = round(time.monotonic() - begin, 1)
                entry = {"epoch": epoch + 1, "loss": total / steps, "quality": found, "seconds": seconds}
                history.append({**entry, "measure": task.quality})
                checkpoint.save(checkpoint_path, model, optimizer, said, ema=ema and ema.module)
                report.metric(**history[-1])
    finally:
        model.to("cpu").eval()
        if teacher is not None:
            teacher.to("cpu")
    if ema:
        model.load_state_dict(ema.module.state_dict())
    return history


class _Step:
    """One batch forward and backward, and an update; the loss comes back."""

    def __init__(
        self,
        model: nn.Module,
        teacher: nn.Module | None,
        task: Task,
        loss: LossOf | None,
        recipe: Recipe,
        optimizer: torch.optim.Optimizer,
        ema: ModelEmaV3 | None,
    ):
        self._model, self._teacher, self._task, self._loss = model, teacher, task, loss
        self._recipe, self._optimizer, self._ema = recipe, optimizer, ema

    def __call__(self, inputs: Any, targets: Any, update: int) -> float:
        loss = self._loss_of(run(self._model, inputs), inputs, targets)
        loss = scalar(loss, self._task, "The loss", trains=True)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if self._recipe.clip:
            nn.utils.clip_grad_norm_(self._model.parameters(), self._recipe.clip)
        self._optimizer.step()
        if self._ema:
            self._ema.update(self._model, update)
        return float(loss.detach())

    def _loss_of(self, outputs: Any, inputs: Any, targets: Any) -> Tensor:
        own = self._task.labelled or self._loss is not None
        share = self._recipe.distill if own else 1.0
        value = torch.zeros(())
        if share < 1 or self._teacher is None:
            value = (self._loss or self._task.loss)(outputs, targets)
        if self._teacher is None or not share:
            return value
        with torch.no_grad():
            told = run(self._teacher, inputs)
        apart = self._task.loss(outputs, targets, told)
        return apart if share == 1 else (1 - share) * value + share * apart


def _training(ref: ModelRef, batches: Iterable[Any], device: str, task: Task) -> Iterable[tuple[Any, Any]]:
    return examples(ref, batches, device, labelled=task.labelled)


def _count(batches: Iterable[Any]) -> int:
    """How many batches an epoch has. Raises MdpError for none, or for what can be read only once."""
    if isinstance(batches, Tensor) or not isinstance(batches, Iterable) or iter(batches) is batches:
        raise MdpError(
            f"Batches are read anew in every epoch, and a {type(batches).__name__} cannot be. Give a "
            "DataLoader, a list of batches, or an object whose __iter__ starts again."
        )
    count = len(batches) if hasattr(batches, "__len__") else sum(1 for _ in batches)
    if not count:
        raise MdpError("There are no batches to train on; give at least one.")
    return count
