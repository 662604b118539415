"""The training loop, on Hugging Face accelerate: the same code on a CPU, one GPU, or many GPUs and machines.

`python -m mdp train ...` runs it in one process, `accelerate launch -m mdp train ...` in many. Mixed
precision and gradient accumulation are as accelerate is told: `--mixed_precision`,
`--gradient_accumulation_steps`. What is learnt, from which batches, is a `Lesson`'s.
"""

import contextlib
import math
import random
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from timm.scheduler.scheduler import Scheduler
from timm.utils import ModelEmaV3
from torch import nn
from torch.utils.data import DataLoader

from ..core.errors import MdpError
from ..core.model_ref import ModelRef
from ..core.places import refuse_place
from ..core.progress import Reporter
from ..networks import gradients
from ..tasks import Task
from . import checkpoint
from .distributed import accelerator, agree, average_statistics, sentences
from .image_lesson import ImageLesson
from .lesson import Lesson
from .losses import LossOf
from .optimizers import optimizer_of, schedule_of
from .progress_meter import TRAINING, Work
from .recipe import Recipe, refuse_faulty
from .regularize import in_training
from .resuming import diverged, finite, resume
from .task_lesson import TaskLesson


@dataclass
class TrainingHistory:
    """What a run did: one entry an epoch with `epoch`, `loss`, the lesson's (`accuracy`), `seconds`."""

    epochs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def accuracy(self) -> float | None:
        return self.epochs[-1]["accuracy"] if self.epochs else None


def train(
    model: nn.Module,
    loader: DataLoader,
    test: DataLoader,
    recipe: Recipe,
    report: Reporter,
    *,
    loss: LossOf | None = None,
    accelerate: Accelerator | None = None,
    **how: Any,
) -> TrainingHistory:
    """Train `model` in place on images of classes; see `learn` for the rest.

    Args:
        loader: made by `mdp.datasets.loader.loader(..., train=True)`; its sampler orders each epoch.
        test: what accuracy is measured on.
        loss: `loss(outputs, labels)` -> scalar; by default cross-entropy with the recipe's smoothing.
    """
    accelerate = accelerate or accelerator(recipe.precision)
    if len(loader) < accelerate.num_processes:
        raise MdpError(NOTHING)
    lesson = ImageLesson(loader, test, loss, batch=recipe.batch, processes=accelerate.num_processes)
    return learn(model, lesson, recipe, report, accelerate=accelerate, **how)


def train_task(
    model: nn.Module,
    ref: ModelRef,
    batches: Iterable[Any],
    test: Iterable[Any],
    task: Task,
    recipe: Recipe,
    report: Reporter,
    *,
    loss: LossOf | None = None,
    **how: Any,
) -> TrainingHistory:
    """Train `model` in place for any task; entries have `quality` and `measure`, its name. See `TaskLesson`
    and `learn`."""
    lesson = TaskLesson(ref, batches, test, task, loss)
    return learn(model, lesson, recipe, report, about={"task": task.name}, **how)


@sentences()
def learn(
    model: nn.Module,
    lesson: Lesson,
    recipe: Recipe,
    report: Reporter,
    *,
    checkpoint_path: Path,
    teacher: nn.Module | None = None,
    accelerate: Accelerator | None = None,
    about: Mapping[str, Any] | None = None,
    work: Work | None = None,
) -> TrainingHistory:
    """Train `model` in place; returns its history. It comes back on the CPU, in eval mode.

    After every epoch `checkpoint_path` holds everything needed to go on; a run that finds one there resumes
    after its last finished epoch and sees the data that it would have seen.

    Args:
        teacher: distilled from in the share `recipe.distill`; kept in eval mode.
        about: what else must be the same for a run to be resumed (data, plan), plain JSON.
        work: the progress that this run is a part of, with its share announced.

    Raises:
        Cancelled: on request; finished epochs are kept.
        MdpError: the loss is no longer finite, the recipe cannot be run, the checkpoint is of another run, or
            no file can be written in its place.
    """
    refuse_faulty(recipe)
    if recipe.epochs < 1:
        raise MdpError(NOTHING)
    refuse_place(checkpoint_path, best_beside(checkpoint_path))
    accelerate = accelerate or accelerator(recipe.precision)
    report = report if accelerate.is_main_process else Reporter()
    optimizer = optimizer_of(model, recipe)
    scale = {"processes": accelerate.num_processes, "accumulate": accelerate.gradient_accumulation_steps}
    state = {"recipe": asdict(recipe), "about": dict(about or {}), "scale": scale, "history": []}
    if work is None:
        work = Work(report)
        lesson.announce(work, recipe.epochs)
    # Before there is a checkpoint to read, and without what wraps the network below.
    ema = ModelEmaV3(model, decay=recipe.ema, use_warmup=True) if recipe.ema else None
    if found := checkpoint_path.is_file():
        state = resume(
            checkpoint_path, model, optimizer, state, lesson.good, report,
            ema=ema and ema.module, scaler=accelerate.scaler,
        )  # fmt: skip
    history = TrainingHistory(state["history"])
    agree(accelerate, (found, len(history.epochs)), f"Not every process finds the same {checkpoint_path}.")
    done = len(history.epochs)  # what a run before this one has done
    lesson.announce(work, -done)
    if teacher is not None:
        teacher = teacher.to(accelerate.device).eval().requires_grad_(False)
    with contextlib.ExitStack() as stack:
        stack.enter_context(in_training(model, recipe))
        stack.enter_context(lesson.opened(model, teacher, recipe, accelerate))
        wrapped, optimizer = accelerate.prepare(model, optimizer)
        if ema:
            ema.to(accelerate.device)
        updates = math.ceil(lesson.steps / accelerate.gradient_accumulation_steps)
        run = _Run(
            wrapped, lesson, optimizer, schedule_of(optimizer, recipe, updates * recipe.epochs), ema, recipe,
            accelerate, report, work, checkpoint_path,
        )  # fmt: skip
        for epoch in range(done, recipe.epochs):
            start = time.monotonic()
            mean_loss = run.epoch(epoch)
            average_statistics(model, accelerate)
            if not finite(model):
                raise diverged(epoch, checkpoint_path)
            judged = lesson.judge(ema.module if ema else wrapped, work)
            seconds = round(time.monotonic() - start, 1)
            entry = {"epoch": epoch + 1, "loss": mean_loss, **judged, "seconds": seconds}
            history.epochs.append(entry)
            if accelerate.is_main_process:
                kept = ema and ema.module
                good = lesson.good
                # Before the checkpoint: a run that is killed in between makes this epoch again, and its best.
                if entry[good] >= max(e[good] for e in history.epochs):
                    checkpoint.save_weights(best_beside(checkpoint_path), kept or model)
                checkpoint.save(checkpoint_path, model, optimizer, state, ema=kept, scaler=accelerate.scaler)
            report.metric(**entry)
        accelerate.wait_for_everyone()
    # Without what mixed precision put around its forward: the network is saved and exported as it is.
    accelerate.unwrap_model(wrapped, keep_fp32_wrapper=False).to("cpu").eval()
    if ema:
        model.load_state_dict(ema.module.state_dict())
    return history


BEST = "best.safetensors"
NOTHING = "Nothing to train: give at least 1 epoch and a full batch of images for each process."


def best_beside(path: Path) -> Path:
    """Where the weights of the best epoch so far are, beside the checkpoint of the last one."""
    return path.with_name(BEST)


@dataclass(frozen=True)
class _Run:
    """What stays the same over the epochs of a run."""

    model: nn.Module
    lesson: Lesson
    optimizer: Any
    schedule: Scheduler
    ema: ModelEmaV3 | None
    recipe: Recipe
    accelerate: Accelerator
    report: Reporter
    work: Work
    checkpoint: Path

    def epoch(self, epoch: int) -> float:
        """One pass over the batches; returns the mean loss over all processes."""
        _seed(self.recipe.seed, epoch, self.accelerate.process_index)
        self.model.train()
        steps, epochs, total = self.lesson.steps, self.recipe.epochs, 0.0
        together = self.accelerate.gradient_accumulation_steps
        updates = math.ceil(steps / together)
        seen = self.lesson.inputs[0] / steps
        for step, batch in enumerate(self.lesson.batches(epoch)):
            self.report.check()
            update = epoch * updates + step // together
            self.schedule.step_update(update)
            # accelerate divides by `together`, also where the last update of an epoch has fewer batches.
            last = min(together, steps - step // together * together)
            loss = self._step(batch, together / last, update)
            if not math.isfinite(loss):
                raise diverged(epoch, self.checkpoint, f"step {step + 1} of {steps}")
            total += loss
            mean = total / (step + 1)
            if (step + 1) % max(1, steps // 20) == 0:
                self.report.metric(epoch=round(epoch + (step + 1) / steps, 3), loss=mean)
            self.work.did(seen, TRAINING, f"epoch {epoch + 1} of {epochs}, loss {mean:.3f}")
        return total / steps

    def _step(self, batch: Any, weight: float, update: int) -> float:
        """A batch forward and backward, and where enough have come together an update; the mean loss."""
        with self.accelerate.accumulate(self.model), gradients.of_network(self.model):
            with self.accelerate.autocast():  # the teacher answers in the student's precision
                loss = self.lesson.loss(self.model, batch)
            self.accelerate.backward(loss * weight)
            if self.recipe.clip and self.accelerate.sync_gradients:
                self.accelerate.clip_grad_norm_(self.model.parameters(), self.recipe.clip)
            self.optimizer.step()
            self.optimizer.zero_grad()
            if self.ema and self.accelerate.sync_gradients:
                self.ema.update(self.accelerate.unwrap_model(self.model), update)
        # Over all processes, so that all of them see at the same step that it is no number.
        return self.accelerate.reduce(loss.detach(), "mean").item()


def _seed(*numbers: int) -> None:
    """Dropout, mixing and augmentation depend on the epoch (and process) alone, not on what ran before."""
    torch.manual_seed(hash(numbers))
    random.seed(hash(numbers))
    np.random.seed(hash(numbers) % 2**32)  # timm's mixup draws from numpy's own
