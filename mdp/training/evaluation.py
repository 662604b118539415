"""How many of the test images a network gets right, over all processes."""

import torch
from accelerate import Accelerator
from accelerate.data_loader import DataLoaderShard, prepare_data_loader
from torch import nn
from torch.utils.data import DataLoader

from ..datasets.batches import feed
from .distributed import accelerator
from .progress_meter import FORWARD, Work


def shared(loader: DataLoader, accelerate: Accelerator) -> DataLoader:
    """The batches of this process: every image is in one batch of one process, none is there twice."""
    if isinstance(loader, DataLoaderShard):
        return loader
    return prepare_data_loader(loader, accelerate.device, put_on_device=True, even_batches=False)


def accuracy(
    model: nn.Module,
    loader: DataLoader,
    *,
    accelerate: Accelerator | None = None,
    work: Work | None = None,
    text: str = "accuracy on the test images",
) -> float:
    """Share of images whose class the model says, in eval mode, over all processes.

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
    right = torch.zeros(2, dtype=torch.int64, device=accelerate.device)  # right, seen
    with torch.no_grad(), accelerate.autocast():
        for images, labels in feed(batches):
            hits = model(images).argmax(1) == labels
            right += torch.stack([hits.sum(), torch.full_like(right[0], len(hits))])
            if work:  # the others are as far; the first process never has fewer images than they
                done = min(left, len(hits) * accelerate.num_processes)
                left -= done
                work.did(done, FORWARD, text)
    hits, seen = accelerate.reduce(right, "sum").tolist()
    return hits / max(1, seen)
