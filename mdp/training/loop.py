"""The training loop, on Hugging Face accelerate: the same code on a CPU, one GPU, or many GPUs and machines.

`python -m mdp train ...` runs it in one process, `accelerate launch -m mdp train ...` in many.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from ..errors import MdpError
from ..progress import Reporter
from . import checkpoint


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
    folder: Path,
    teacher: nn.Module | None = None,
    accelerate: Accelerator | None = None,
) -> History:
    """Train `model` in place; returns its history. The weights end up where they were, on the CPU.

    After every epoch `folder/checkpoint.safetensors` holds everything needed to go on; a run that finds one
    of the same recipe there resumes after its last finished epoch and sees the data that it would have seen.

    Args:
        loader: made by `mdp.datasets.loader.loader(..., train=True)`; its sampler orders each epoch.
        teacher: distilled from where `recipe.distill` is above 0; kept in eval mode.

    Raises:
        Cancelled: on request; finished epochs are kept.
        MdpError: the loss is no longer finite, or the recipe cannot be run.
    """
    if recipe.epochs < 1 or len(loader) < 1:
        raise MdpError("Nothing to train: give at least 1 epoch and one full batch of images.")
    accelerate = accelerate or accelerator()
    report = report if accelerate.is_main_process else Reporter()
    sampler, path = loader.sampler, folder / "checkpoint.safetensors"
    optimizer = _optimizer(model, recipe)
    history, first = History(), 0
    if path.is_file():
        state = checkpoint.load(path, model, optimizer)
        if state["recipe"] != asdict(recipe):
            raise MdpError(
                f"{path} is a run with another recipe. Use that recipe to go on with it, or another folder."
            )
        history, first = History(state["history"]), state["epoch"]
        report.message(f"Going on after epoch {first} of {recipe.epochs}.")
    wrapped, optimizer, batches = accelerate.prepare(model, optimizer, loader)
    if teacher is not None:
        teacher = teacher.to(accelerate.device).eval()
    steps, total = len(batches), len(batches) * recipe.epochs
    clock = _Clock()
    for epoch in range(first, recipe.epochs):
        sampler.epoch = epoch
        # Dropout and augmentation, too, depend on the epoch alone (and the process), not on what ran before.
        torch.manual_seed(hash((recipe.seed, epoch, accelerate.process_index)))
        wrapped.train()
        running = 0.0
        for step, (images, labels) in enumerate(batches):
            done = epoch * steps + step
            for group in optimizer.param_groups:
                group["lr"] = recipe.rate * schedule(done, total, recipe.warmup)
            loss = _loss(wrapped, teacher, images, labels, recipe)
            accelerate.backward(loss)
            if recipe.clip:
                accelerate.clip_grad_norm_(wrapped.parameters(), recipe.clip)
            optimizer.step()
            optimizer.zero_grad()
            running += _finite(loss.item())
            if (step + 1) % max(1, steps // 20) == 0:
                report.metric(epoch=round(epoch + (step + 1) / steps, 3), loss=running / (step + 1))
            report.step(
                done + 1 - first * steps,
                total - first * steps,
                f"epoch {epoch + 1} of {recipe.epochs}, loss {running / (step + 1):.3f}",
            )
        right = accuracy(wrapped, test, accelerate=accelerate, check=report.check)
        history.epochs.append(
            {"epoch": epoch + 1, "loss": running / steps, "accuracy": right, "seconds": clock.lap()}
        )
        if accelerate.is_main_process:
            state = {"recipe": asdict(recipe), "epoch": epoch + 1, "history": history.epochs}
            checkpoint.save(path, accelerate.unwrap_model(wrapped), optimizer, state)
        report.metric(**history.epochs[-1])
    accelerate.wait_for_everyone()
    model.to("cpu").eval()
    return history


@torch.inference_mode()
def accuracy(
    model: nn.Module,
    loader: DataLoader,
    *,
    accelerate: Accelerator | None = None,
    check: Callable[[], None] = lambda: None,
) -> float:
    """Share of images whose class the model says, in eval mode. `check` may raise Cancelled after a batch."""
    accelerate = accelerate or accelerator()
    model = model.to(accelerate.device)
    model.eval()
    right = seen = 0
    for images, labels in accelerate.prepare_data_loader(loader):
        hits = accelerate.gather_for_metrics(model(images).argmax(1) == labels)
        right, seen = right + int(hits.sum()), seen + len(hits)
        check()
    return right / max(1, seen)


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


def _finite(loss: float) -> float:
    if not math.isfinite(loss):
        raise MdpError("The loss is no longer a number: the learning rate is too high. Try a tenth of it.")
    return loss


class _Clock:
    """Seconds since the last lap."""

    def __init__(self):
        import time

        self.now, self.last = time.monotonic, time.monotonic()

    def lap(self) -> float:
        last, self.last = self.last, self.now()
        return round(self.last - last, 1)
