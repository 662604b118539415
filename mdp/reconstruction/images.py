"""The images that a repair looks at: checked, and parted into those to learn from and those to judge on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..core.errors import MdpError, first_line
from ..core.progress import Reporter
from ..datasets.batches import feed

# With fewer, rows are too few to learn from and to judge by.
FEWEST = 16
# Held out to judge the whole network: 1 of so many.
HELD_OUT = 4


@dataclass(frozen=True)
class Images:
    """Normalised images (images, channels, height, width), and their classes (images,) where known."""

    images: Tensor
    labels: Tensor | None

    def __len__(self) -> int:
        return len(self.images)

    def take(self, which: Tensor) -> "Images":
        """Those at these indices."""
        return Images(self.images[which], None if self.labels is None else self.labels[which])


def parted(images: Images, seed: int) -> tuple[Images, Images]:
    """(to learn from, held out), at random."""
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    held = len(images) // HELD_OUT
    return images.take(order[held:]), images.take(order[:held])


def collect(
    batches: Iterable[Any], size: tuple[int, int, int] | None, most: int | None, report: Reporter
) -> Images:
    """The first `most` images of batches: (images, labels) pairs, or images alone.

    Args:
        size: (channels, height, width) of an image; None: all as the first.

    Raises:
        MdpError: there are none, too few, of another size, or with values that are no numbers.
    """
    if isinstance(batches, Tensor) or not isinstance(batches, Iterable):
        raise MdpError(f"Give batches to repair with, such as a DataLoader, not a {type(batches).__name__}.")
    said = hasattr(getattr(batches, "dataset", None), "prepare")
    parts, labels, count = [], [], 0
    for images, classes in feed(batches) if said else _plain(batches):
        size = size or tuple(images.shape[1:])
        _check(images, size)
        parts.append(images.detach().cpu().float())
        labels.append(classes)
        count += len(images)
        report.check()
        if most is not None and count >= most:
            break
    if count < FEWEST:
        raise MdpError(
            f"A repair learns from images, and {count or 'none'} {'was' if count == 1 else 'were'} given. "
            f"Give {FEWEST} or more; a few hundred are better."
        )
    known = all(isinstance(x, Tensor) and x.shape == (len(p),) for x, p in zip(labels, parts, strict=True))
    every = Images(torch.cat(parts), torch.cat([x.detach().cpu() for x in labels]) if known else None)
    return every.take(torch.arange(min(count, most or count)))


def _plain(batches: Iterable[Any]) -> Iterator[tuple[Tensor, Any]]:
    """Pairs out of what anybody's batches are; labels are None where there are none."""
    pairs = (b if isinstance(b, (tuple, list)) and len(b) > 1 else (b, None) for b in batches)
    whole = ((p[0][0] if isinstance(p[0], (tuple, list)) and p[0] else p[0], p[1]) for p in pairs)
    checked = ((_tensor(images), labels) for images, labels in whole)
    yield from feed(checked)


def _tensor(images: Any) -> Tensor:
    if not isinstance(images, Tensor):
        raise MdpError(f"A batch must hold its images as a tensor, not as a {type(images).__name__}.")
    return images


def _check(images: Tensor, size: tuple[int, int, int]) -> None:
    if images.ndim != 4 or tuple(images.shape[1:]) != tuple(size):
        got = " x ".join(map(str, images.shape[1:] if images.ndim == 4 else images.shape))
        raise MdpError(
            f"The network takes images of {' x '.join(map(str, size))} (channels, height, width), and "
            f"these are {got}. Resize them first."
        )
    if not images.isfinite().all():
        raise MdpError("Some of the images hold values that are no numbers. Look at how they are read.")


def moved(images: Tensor, device: Any) -> Tensor:
    """On the device. Raises MdpError where it has no room."""
    try:
        return images.to(device)
    except RuntimeError as error:
        raise MdpError(f"The images cannot be moved to {device}: {first_line(error)}.") from None
