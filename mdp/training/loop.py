"""The training loop, on Hugging Face accelerate: the same code on a CPU, one GPU, or many GPUs and machines.

`python -m mdp train ...` runs it in one process, `accelerate launch -m mdp train ...` in many. Mixed
precision and gradient accumulation are as accelerate is told: `--mixed_precision`,
`--gradient_accumulation_steps`.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from ..core.errors import MdpError
from ..core.progress import Reporter
from ..datasets.batches import feed
from . import checkpoint
from .distributed import accelerator, agree, average_statistics, sentences
from .evaluation import accuracy, shared
from .optimizers import optimizer_of
from .progress_meter import FORWARD, TRAINING, Work
from .resuming import diverged, finite, resume

# outputs, labels -> scalar
LossOf = Callable[[Any, Tensor], Tensor]


@dataclass(frozen=True)
class Recipe:
    """How to train. The learning rate warms up linearly and then falls to zero along a cosine.

    Attributes:
        batch: images per step and process.
        rate: the highest learning rate.
        decay: weight decay; norms, biases, other vectors, positions and class tokens have none.
        warmup: share of all steps.
        smoothing: label smoothing.
        distill: weight of the teacher's answer in the loss, 0 to 1, where there is a teacher.
        temperature: softens teacher and student alike (Hinton et al. 2015, arXiv 1503.02531).
    """

    epochs: int
    batch: int = 128
    optimizer: str = "adamw"
    rate: float = 1e-3
    decay: float = 0.05
    warmup: float = 0.1
    smoothing: float = 0.1
    distill: float = 0.5
    temperature: float = 2.0
    clip: float = 1.0
    seed: int = 0


@dataclass
class TrainingHistory:
    """What a run did: one entry an epoch with `epoch`, `loss`, `accuracy` (test images), `seconds`."""

    epochs: list[dict[str, float]] = field(default_factory=list)

    @property
    def accuracy(self) -> float | None:
        return self.epochs[-1]["accuracy"] if self.epochs else None


@sentences()
def train(
    model: nn.Module,
    loader: DataLoader,
    test: DataLoader,
    recipe: Recipe,
    report: Reporter,
    *,
    checkpoint_path: Path,
    teacher: nn.Module | None = None,
    loss: LossOf | None = None,
    accelerate: Accelerator | None = None,
    about: Mapping[str, Any] | None = None,
    work: Work | None = None,
) -> TrainingHistory:
    """Train `model` in place; returns its history. It comes back on the CPU, in eval mode.

    After every epoch `checkpoint_path` holds everything needed to go on; a run that finds one there resumes
    after its last finished epoch and sees the data that it would have seen.

    Args:
        loader: made by `mdp.datasets.loader.loader(..., train=True)`; its sampler orders each epoch.
        teacher: distilled from where `recipe.distill` is above 0; kept in eval mode.
        loss: `loss(outputs, labels)` -> scalar; by default cross-entropy with the recipe's smoothing.
        about: what else must be the same for a run to be resumed (data, plan), plain JSON.
        work: the progress that this run is a part of, with its share announced.

    Raises:
        Cancelled: on request; finished epochs are kept.
        MdpError: the loss is no longer finite, the recipe cannot be run, or the checkpoint is of another run.
    """
    accelerate = accelerate or accelerator()
    report = report if accelerate.is_main_process else Reporter()
    optimizer = optimizer_of(model, recipe)
    scale = {"processes": accelerate.num_processes, "accumulate": accelerate.gradient_accumulation_steps}
    state = {"recipe": asdict(recipe), "about": dict(about or {}), "scale": scale, "history": []}
    if recipe.epochs < 1 or len(loader) < accelerate.num_processes:
        raise MdpError("Nothing to train: give at least 1 epoch and a full batch of images for each process.")
    if work is None:
        work = Work(report)
        announce(work, loader, test, recipe, processes=accelerate.num_processes)
    if found := checkpoint_path.is_file():
        state = resume(checkpoint_path, model, optimizer, state, report)
    history = TrainingHistory(state["history"])
    agree(accelerate, (found, len(history.epochs)), f"Not every process finds the same {checkpoint_path}.")
    wrapped, optimizer, batches = accelerate.prepare(model, optimizer, loader)
    test = shared(test, accelerate)
    if teacher is not None:
        teacher = teacher.to(accelerate.device).eval().requires_grad_(False) if recipe.distill else None
    run = _Run(wrapped, teacher, loss, optimizer, batches, recipe, accelerate, report, work, checkpoint_path)
    done = len(history.epochs)  # what a run before this one has done
    announce(work, loader, test, recipe, -done, processes=accelerate.num_processes)
    for epoch in range(done, recipe.epochs):
        start = time.monotonic()
        loader.sampler.epoch = epoch
        mean_loss = run.epoch(epoch)
        average_statistics(model, accelerate)
        if not finite(model):
            raise diverged(epoch, checkpoint_path)
        right = accuracy(wrapped, test, accelerate=accelerate, work=work)
        seconds = round(time.monotonic() - start, 1)
        history.epochs.append({"epoch": epoch + 1, "loss": mean_loss, "accuracy": right, "seconds": seconds})
        if accelerate.is_main_process:
            checkpoint.save(checkpoint_path, model, optimizer, state)
        report.metric(**history.epochs[-1])
    accelerate.wait_for_everyone()
    # Without what mixed precision put around its forward: the network is saved and exported as it is.
    accelerate.unwrap_model(wrapped, keep_fp32_wrapper=False).to("cpu").eval()
    return history


def announce(
    work: Work,
    loader: DataLoader,
    test: DataLoader,
    recipe: Recipe,
    epochs: int | None = None,
    *,
    processes: int = 1,
) -> None:
    """Announce the work of a run, or of some epochs of it (negative: no longer to be done)."""
    epochs = recipe.epochs if epochs is None else epochs
    work.expect(epochs * (len(loader) // processes) * processes * recipe.batch, TRAINING)
    work.expect(epochs * len(test.dataset), FORWARD)


@dataclass(frozen=True)
class _Run:
    """What stays the same over the epochs of a run."""

    model: nn.Module
    teacher: nn.Module | None
    loss_of: LossOf | None
    optimizer: Any
    batches: DataLoader
    recipe: Recipe
    accelerate: Accelerator
    report: Reporter
    work: Work
    checkpoint: Path

    @property
    def seen(self) -> int:
        """Images per step over all processes."""
        return self.recipe.batch * self.accelerate.num_processes

    def epoch(self, epoch: int) -> float:
        """One pass over the images; returns the mean loss over all processes."""
        # Dropout and augmentation, too, depend on the epoch (and process) alone, not on what ran before.
        torch.manual_seed(hash((self.recipe.seed, epoch, self.accelerate.process_index)))
        self.model.train()
        steps, epochs, total = len(self.batches), self.recipe.epochs, 0.0
        together = self.accelerate.gradient_accumulation_steps
        updates = math.ceil(steps / together)
        for step, (images, labels) in enumerate(feed(self.batches)):
            share = schedule(epoch * updates + step // together, updates * epochs, self.recipe.warmup)
            for group in self.optimizer.param_groups:
                group["lr"] = self.recipe.rate * share
            # accelerate divides by `together`, also where the last update of an epoch has fewer batches.
            last = min(together, steps - step // together * together)
            loss = self._step(images, labels, together / last)
            if not math.isfinite(loss):
                raise diverged(epoch, self.checkpoint)
            total += loss
            mean = total / (step + 1)
            if (step + 1) % max(1, steps // 20) == 0:
                self.report.metric(epoch=round(epoch + (step + 1) / steps, 3), loss=mean)
            self.work.did(self.seen, TRAINING, f"epoch {epoch + 1} of {epochs}, loss {mean:.3f}")
        return total / steps

    def _step(self, images: Tensor, labels: Tensor, weight: float) -> float:
        """A batch forward and backward, and where enough have come together an update; the mean loss."""
        with self.accelerate.accumulate(self.model):
            with self.accelerate.autocast():  # the teacher answers in the student's precision
                loss = _loss(self.model, self.teacher, images, labels, self.recipe, self.loss_of)
            self.accelerate.backward(loss * weight)
            if self.recipe.clip and self.accelerate.sync_gradients:
                self.accelerate.clip_grad_norm_(self.model.parameters(), self.recipe.clip)
            self.optimizer.step()
            self.optimizer.zero_grad()
        # Over all processes, so that all of them see at the same step that it is no number.
        return self.accelerate.reduce(loss.detach(), "mean").item()


def schedule(step: int, steps: int, warmup: float) -> float:
    """Share of the highest learning rate at `step` of `steps`: linear warm-up, then a cosine to zero."""
    rise = max(1, round(warmup * steps))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))


def _loss(
    model: nn.Module,
    teacher: nn.Module | None,
    images: Tensor,
    labels: Tensor,
    recipe: Recipe,
    loss_of: LossOf | None = None,
) -> Tensor:
    answer = model(images)
    if isinstance(answer, tuple):  # a distilled ViT in training mode answers with both of its heads
        answer = sum(answer) / len(answer)
    if loss_of is not None:
        loss = loss_of(answer, labels)
    else:
        loss = F.cross_entropy(answer.float(), labels, label_smoothing=recipe.smoothing)
    if teacher is None or not recipe.distill:
        return loss
    with torch.no_grad():
        target = F.log_softmax(teacher(images).float() / recipe.temperature, dim=1)
    ours = F.log_softmax(answer.float() / recipe.temperature, dim=1)
    # temperature² keeps the gradient's size independent of the temperature (Hinton et al. 2015, section 2).
    apart = F.kl_div(ours, target, reduction="batchmean", log_target=True) * recipe.temperature**2
    return (1 - recipe.distill) * loss + recipe.distill * apart
