"""How many of the test images a network gets right, over all processes."""

from dataclasses import dataclass
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.data_loader import DataLoaderShard, prepare_data_loader
from torch import Tensor, nn
from torch.utils.data import DataLoader

from ..core.plan_accuracy import wilson
from ..datasets.batches import feed
from .distributed import accelerator
from .progress_meter import FORWARD, Work


def shared(loader: DataLoader, accelerate: Accelerator) -> DataLoader:
    """The batches of this process: every image is in one batch of one process, none is there twice."""
    if isinstance(loader, DataLoaderShard):
        return loader
    return prepare_data_loader(loader, accelerate.device, put_on_device=True, even_batches=False)


@dataclass(frozen=True)
class Evaluation:
    """What a network got right.

    Attributes:
        images: how many it saw.
        top1, top5: share of images whose class it says, and has among its first five answers.
        of_class: (right, seen) per class, by index.
    """

    images: int
    top1: float
    top5: float
    of_class: tuple[tuple[int, int], ...]

    def to_json(self) -> dict[str, Any]:
        """Shares, and per class the share and its 95 % interval; None for a class without images."""
        classes = [
            {"images": seen, "right": right / seen, "interval": wilson(right / seen, seen)} if seen else None
            for right, seen in self.of_class
        ]
        return {"images": self.images, "top1": self.top1, "top5": self.top5, "classes": classes}


def accuracy(model: nn.Module, loader: DataLoader, **how: Any) -> float:
    """Share of images whose class the model says; see `evaluation`."""
    return evaluation(model, loader, **how).top1


def evaluation(
    model: nn.Module,
    loader: DataLoader,
    *,
    accelerate: Accelerator | None = None,
    work: Work | None = None,
    text: str = "accuracy on the test images",
) -> Evaluation:
    """What the model gets right, in eval mode, over all processes.

    Every process must ask for it, with the same weights. Raises Cancelled after a batch, if asked to. The
    model stays on the device and can be trained on: nothing is moved or run in inference mode, whose tensors
    can have no gradient.

    Args:
        loader: as made by `mdp.datasets.loader.loader`, or `shared` already.
    """
    accelerate = accelerate or accelerator()
    # Without its wrapper: processes need not have the same number of batches.
    model = accelerate.unwrap_model(model).to(accelerate.device).eval()
    batches = shared(loader, accelerate)
    left = len(batches.dataset)
    first = torch.zeros(2, dtype=torch.int64, device=accelerate.device)  # right at first, among five
    of_class = None  # (classes, right and seen), once the number of classes is known
    with torch.no_grad(), accelerate.autocast():
        for images, labels in feed(batches):
            answers = model(images)
            if of_class is None:
                of_class = first.new_zeros(answers.shape[1], 2)
            five = answers.topk(min(5, answers.shape[1]), dim=1).indices == labels[:, None]
            hits = answers.argmax(1) == labels  # a tie is told as it always was
            first += torch.stack([hits.sum(), five.any(1).sum()])
            of_class.index_add_(0, labels, torch.stack([hits, torch.ones_like(hits)], 1).to(of_class.dtype))
            if work:  # the others are as far; the first process never has fewer images than they
                done = min(left, len(hits) * accelerate.num_processes)
                left -= done
                work.did(done, FORWARD, text)
    return _joined(first, of_class, accelerate)


def _joined(first: Tensor, of_class: Tensor | None, accelerate: Accelerator) -> Evaluation:
    """The counts of all processes; one that had no image does not know how many classes there are."""
    classes = torch.tensor(0 if of_class is None else len(of_class), device=first.device)
    if accelerate.num_processes > 1:
        classes = accelerate.gather(classes[None]).max()
    table = first.new_zeros(int(classes), 2)
    if of_class is not None:
        table += of_class
    right, five = accelerate.reduce(first, "sum").tolist()
    table = accelerate.reduce(table, "sum")
    seen = int(table[:, 1].sum())
    return Evaluation(seen, right / max(1, seen), five / max(1, seen), tuple(map(tuple, table.tolist())))
