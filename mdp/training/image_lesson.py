"""Learning classes from a loader's images: mixed, distilled, and shared out over processes."""

import contextlib
from collections.abc import Iterator
from typing import Any

from accelerate import Accelerator
from torch import Tensor, nn
from torch.utils.data import DataLoader

from ..datasets.batches import feed
from .evaluation import accuracy, shared
from .lesson import Lesson
from .losses import LossOf, Tap, loss_of_batch, tapped
from .mixing import Mix, mixing
from .progress_meter import Work
from .recipe import Recipe


class ImageLesson(Lesson):
    """Classes of images.

    Args:
        loader: made by `mdp.datasets.loader.loader(..., train=True)`; its sampler orders each epoch.
        test: what accuracy is measured on.
        loss: `loss(outputs, labels)` -> scalar; by default cross-entropy with the recipe's smoothing.
        batch: images of a batch.
    """

    good = "accuracy"

    def __init__(
        self, loader: DataLoader, test: DataLoader, loss: LossOf | None, *, batch: int, processes: int
    ):
        self._loader, self._test, self._loss = loader, test, loss
        self.inputs = len(loader) // processes * processes * batch, len(test.dataset)  # type: ignore[arg-type]
        self._batches: DataLoader = loader
        self._accelerate: Accelerator
        self._recipe: Recipe
        self._mix: Mix
        self._teacher: nn.Module | None = None
        self._taps: tuple[Tap, Tap] | None = None

    @contextlib.contextmanager
    def opened(
        self, model: nn.Module, teacher: nn.Module | None, recipe: Recipe, accelerate: Accelerator
    ) -> Iterator[None]:
        self._recipe, self._accelerate = recipe, accelerate
        self._teacher = teacher if recipe.distill or recipe.features else None
        self._mix = mixing(model, recipe, self._loss)
        with tapped(model, self._teacher, recipe) as self._taps:
            self._batches = accelerate.prepare(self._loader)
            self._test = shared(self._test, accelerate)
            yield

    @property
    def steps(self) -> int:
        return len(self._batches)

    def batches(self, epoch: int) -> Iterator[Any]:
        self._loader.sampler.epoch = epoch  # type: ignore[attr-defined]
        return iter(feed(self._batches))

    def loss(self, model: nn.Module, batch: Any) -> Tensor:
        images, targets = self._mix(*batch)
        return loss_of_batch(model, self._teacher, images, targets, self._recipe, self._loss, self._taps)

    def judge(self, model: nn.Module, work: Work) -> dict[str, Any]:
        return {"accuracy": accuracy(model, self._test, accelerate=self._accelerate, work=work)}


def announce(work: Work, loader: DataLoader, test: DataLoader, recipe: Recipe, *, processes: int = 1) -> None:
    """Announce a run's work before the run."""
    ImageLesson(loader, test, None, batch=recipe.batch, processes=processes).announce(work, recipe.epochs)
