"""The training loop, on Hugging Face accelerate: the same code on a CPU, one GPU, or many GPUs and machines.

`python -m mdp train ...` runs it in one process, `accelerate launch -m mdp train ...` in many.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from ..datasets.feed import feed
from ..errors import MdpError
from ..progress import Reporter
from . import checkpoint
from .work import FORWARD, TRAINING, Work


@dataclass(frozen=True)
class Recipe:
    """How to train. The learning rate warms up linearly and then falls to zero along a cosine.

    Attributes:
        batch: images per step and process.
        rate: the highest learning rate.
        decay: weight decay; norms, biases and other vectors have none.
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
class History:
    """What a run did: one entry an epoch with `epoch`, `loss`, `accuracy` (test images), `seconds`."""

    epochs: list[dict[str, float]] = field(default_factory=list)

    @property
    def accuracy(self) -> float | None:
        return self.epochs[-1]["accuracy"] if self.epochs else None


def accelerator() -> Accelerator:
    """The device(s) at hand, or those that `accelerate launch` set up."""
    return Accelerator(step_scheduler_with_optimizer=False)


def train(
    model: nn.Module,
    loader: DataLoader,
    test: DataLoader,
    recipe: Recipe,
    report: Reporter,
    *,
    checkpoint_path: Path,
    teacher: nn.Module | None = None,
    accelerate: Accelerator | None = None,
    about: Mapping[str, Any] | None = None,
    work: Work | None = None,
) -> History:
    """Train `model` in place; returns its history. It comes back on the CPU, in eval mode.

    After every epoch `checkpoint_path` holds everything needed to go on; a run that finds one there resumes
    after its last finished epoch and sees the data that it would have seen.

    Args:
        loader: made by `mdp.datasets.loader.loader(..., train=True)`; its sampler orders each epoch.
        teacher: distilled from where `recipe.distill` is above 0; kept in eval mode.
        about: what else must be the same for a run to be resumed (data, plan), plain JSON.
        work: the progress that this run is a part of, with its share announced.

    Raises:
        Cancelled: on request; finished epochs are kept.
        MdpError: the loss is no longer finite, the recipe cannot be run, or the checkpoint is of another run.
    """
    if recipe.epochs < 1 or len(loader) < 1:
        raise MdpError("Nothing to train: give at least 1 epoch and one full batch of images.")
    accelerate = accelerate or accelerator()
    report = report if accelerate.is_main_process else Reporter()
    if work is None:
        work = Work(report)
        announce(work, loader, test, recipe)
    optimizer = _optimizer(model, recipe)
    state = {"recipe": asdict(recipe), "about": dict(about or {}), "history": []}
    if checkpoint_path.is_file():
        state = _resume(checkpoint_path, model, optimizer, state, report)
    history = History(state["history"])
    wrapped, optimizer, batches = accelerate.prepare(model, optimizer, loader)
    teacher = teacher.to(accelerate.device).eval() if teacher is not None and recipe.distill else None
    run = _Run(wrapped, teacher, optimizer, batches, recipe, accelerate, report, work)
    announce(work, loader, test, recipe, -len(history.epochs))  # what a run before this one has done
    for epoch in range(len(history.epochs), recipe.epochs):
        start = time.monotonic()
        loader.sampler.epoch = epoch
        loss = run.epoch(epoch)
        right = accuracy(wrapped, test, accelerate=accelerate, work=work)
        seconds = round(time.monotonic() - start, 1)
        history.epochs.append({"epoch": epoch + 1, "loss": loss, "accuracy": right, "seconds": seconds})
        if accelerate.is_main_process:
            checkpoint.save(checkpoint_path, accelerate.unwrap_model(wrapped), optimizer, state)
        report.metric(**history.epochs[-1])
    accelerate.wait_for_everyone()
    model.to("cpu").eval()
    return history


def announce(
    work: Work, loader: DataLoader, test: DataLoader, recipe: Recipe, epochs: int | None = None
) -> None:
    """Announce the work of a run, or of some epochs of it (negative: no longer to be done)."""
    epochs = recipe.epochs if epochs is None else epochs
    work.expect(epochs * len(loader) * recipe.batch, TRAINING)
    work.expect(epochs * len(test.dataset), FORWARD)


@dataclass(frozen=True)
class _Run:
    """What stays the same over the epochs of a run."""

    model: nn.Module
    teacher: nn.Module | None
    optimizer: Any
    batches: DataLoader
    recipe: Recipe
    accelerate: Accelerator
    report: Reporter
    work: Work

    @property
    def seen(self) -> int:
        """Images per step over all processes."""
        return self.recipe.batch * self.accelerate.num_processes

    def epoch(self, epoch: int) -> float:
        """One pass over the images; returns the mean loss of this process."""
        # Dropout and augmentation, too, depend on the epoch (and process) alone, not on what ran before.
        torch.manual_seed(hash((self.recipe.seed, epoch, self.accelerate.process_index)))
        self.model.train()
        steps, epochs, total = len(self.batches), self.recipe.epochs, 0.0
        for step, (images, labels) in enumerate(feed(self.batches)):
            share = schedule(epoch * steps + step, steps * epochs, self.recipe.warmup)
            for group in self.optimizer.param_groups:
                group["lr"] = self.recipe.rate * share
            total += self._step(images, labels)
            mean = total / (step + 1)
            if (step + 1) % max(1, steps // 20) == 0:
                self.report.metric(epoch=round(epoch + (step + 1) / steps, 3), loss=mean)
            self.work.did(self.seen, TRAINING, f"epoch {epoch + 1} of {epochs}, loss {mean:.3f}")
        return total / steps

    def _step(self, images: Tensor, labels: Tensor) -> float:
        loss = _loss(self.model, self.teacher, images, labels, self.recipe)
        self.accelerate.backward(loss)
        if self.recipe.clip:
            self.accelerate.clip_grad_norm_(self.model.parameters(), self.recipe.clip)
        self.optimizer.step()
        self.optimizer.zero_grad()
        value = loss.item()
        if not math.isfinite(value):
            raise MdpError("The loss is no longer a number: the learning rate is too high. Try a tenth.")
        return value


@torch.inference_mode()
def accuracy(
    model: nn.Module,
    loader: DataLoader,
    *,
    accelerate: Accelerator | None = None,
    work: Work | None = None,
    text: str = "accuracy on the test images",
) -> float:
    """Share of images whose class the model says, in eval mode, over all processes.

    Raises Cancelled after a batch, if that was asked for. The model stays on the device.
    """
    accelerate = accelerate or accelerator()
    model = model.to(accelerate.device)
    model.eval()
    right = seen = 0
    for images, labels in feed(accelerate.prepare_data_loader(loader)):
        hits = accelerate.gather_for_metrics(model(images).argmax(1) == labels)
        right, seen = right + int(hits.sum()), seen + len(hits)
        if work:
            work.did(len(hits), FORWARD, text)
    return right / max(1, seen)


def _resume(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, wanted: dict[str, Any], report: Reporter
) -> dict[str, Any]:
    """Load a run that was cut off, if it is the wanted one; returns its state."""
    state = checkpoint.read_state(path)
    if any(state.get(key) != wanted[key] for key in ("recipe", "about")):
        raise MdpError(
            f"{path} is of another run: its recipe, data or network differ. Go on with those, remove the "
            "file to start afresh, or choose another folder."
        )
    checkpoint.load(path, model, optimizer)
    report.message(f"Going on after epoch {len(state['history'])} of {wanted['recipe']['epochs']}.")
    for entry in state["history"]:
        report.metric(**entry)
    return state


def schedule(step: int, steps: int, warmup: float) -> float:
    """Share of the highest learning rate at `step` of `steps`: linear warm-up, then a cosine to zero."""
    rise = max(1, round(warmup * steps))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))


def _loss(
    model: nn.Module, teacher: nn.Module | None, images: Tensor, labels: Tensor, recipe: Recipe
) -> Tensor:
    answer = model(images)
    if isinstance(answer, tuple):  # a distilled ViT in training mode answers with both of its heads
        answer = sum(answer) / len(answer)
    loss = F.cross_entropy(answer.float(), labels, label_smoothing=recipe.smoothing)
    if teacher is None or not recipe.distill:
        return loss
    with torch.no_grad():
        target = F.log_softmax(teacher(images).float() / recipe.temperature, dim=1)
    ours = F.log_softmax(answer.float() / recipe.temperature, dim=1)
    # temperature² keeps the gradient's size independent of the temperature (Hinton et al. 2015, section 2).
    apart = F.kl_div(ours, target, reduction="batchmean", log_target=True) * recipe.temperature**2
    return (1 - recipe.distill) * loss + recipe.distill * apart


def _optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    parameters = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": recipe.decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=recipe.rate)
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=recipe.rate, momentum=0.9, nesterov=True)
    raise MdpError(f"There is no optimizer {recipe.optimizer!r}; use adamw or sgd.")
