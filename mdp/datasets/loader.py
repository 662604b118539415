"""Batches of a data set for one model: resized, normalised as the model wants, augmented for training."""

import os
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as transforms

from ..errors import MdpError
from ..models import DataConfig, data_config
from ..study import ModelRef
from .source import Source, Split

# Augmentation shifts images by up to this share of their side (2 pixels of 28).
SHIFT = 0.08


class Shuffle(Sampler[int]):
    """A seeded order that changes with `epoch`, so that a resumed run sees what an unbroken one would see."""

    def __init__(self, images: int, seed: int):
        self.images, self.seed, self.epoch = images, seed, 0

    def __len__(self) -> int:
        return self.images

    def __iter__(self) -> Iterator[int]:
        return iter(np.random.default_rng((self.seed, self.epoch)).permutation(self.images).tolist())


class Prepared:
    """A split as a map-style data set of images of the model's size, fetched a batch at a time."""

    def __init__(self, split: Split, config: DataConfig, labels: np.ndarray):
        self.split, self.config, self.labels = split, config, labels

    def __len__(self) -> int:
        return len(self.split)

    def __getitems__(self, indices: list[int]) -> tuple[Tensor, Tensor]:
        """A whole batch at once: (uint8 (batch, channels, height, width), int64 (batch,))."""
        channels, *size = self.config.input_size
        pixels, labels = self.split.pixels, torch.from_numpy(self.labels[indices])
        if pixels is not None and pixels.shape[1:] == tuple(size):
            return torch.from_numpy(pixels[indices])[:, None].expand(-1, channels, -1, -1), labels
        return torch.stack([self.image(i) for i in indices]), labels

    def image(self, i: int) -> Tensor:
        """Image `i`, cut to the size that the model wants: (channels, height, width), uint8."""
        channels, height, width = self.config.input_size
        image = self.split.image(i).convert("L" if channels == 1 else "RGB")
        # Scale the short side to size / crop_pct and cut out the centre, as timm evaluates.
        short = round(min(height, width) / self.config.crop_pct)
        mode = InterpolationMode(self.config.interpolation)
        image = transforms.center_crop(transforms.resize(image, short, mode), [height, width])
        return transforms.pil_to_tensor(image)


class Collate:
    """Augments a batch (flip, shift) if asked, and normalises it. Random numbers are torch's."""

    def __init__(self, config: DataConfig, augment: bool):
        self.augment = augment
        self.mean = torch.tensor(config.mean).view(-1, 1, 1)
        self.std = torch.tensor(config.std).view(-1, 1, 1)

    def __call__(self, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        images, labels = batch
        if self.augment:
            images = flip_and_shift(images)
        return images.float().div_(255).sub_(self.mean).div_(self.std), labels


def flip_and_shift(images: Tensor) -> Tensor:
    """Mirror half of the images and shift each by up to SHIFT of its side; what comes in is black.

    images: (batch, channels, height, width), uint8; returns the same.
    """
    batch, _, height, width = images.shape
    pad = max(1, round(SHIFT * min(height, width)))
    padded = torch.nn.functional.pad(images, (pad, pad, pad, pad))
    dy, dx = torch.randint(0, 2 * pad + 1, (2, batch, 1))
    rows = dy + torch.arange(height)  # (batch, height)
    columns = dx + torch.arange(width)  # (batch, width)
    mirrored = torch.rand(batch, 1) < 0.5
    columns = torch.where(mirrored, columns.flip(1), columns)
    index = torch.arange(batch).view(-1, 1, 1)
    # Advanced indices around a slice put the channels last: (batch, height, width, channels).
    return padded[index, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2).contiguous()


def loader(
    split: Split,
    source: Source,
    ref: ModelRef,
    batch: int,
    *,
    train: bool = False,
    seed: int = 0,
    workers: int | None = None,
) -> DataLoader:
    """Batches of (images float32 (batch, channels, height, width), labels int64 (batch,)) for `ref`.

    Images on disk are decoded by `workers` processes (default: one per core, at most 8).
    With `train` the images are shuffled anew each epoch (set `.sampler.epoch`) and augmented, and a last
    batch that is not full is left out.

    Raises:
        MdpError: the batch is not positive, or the classes of the data are not those of the model.
    """
    if batch < 1:
        raise MdpError(f"A batch of {batch} images cannot be used; give 1 or more.")
    config = data_config(ref)
    data = Prepared(split, config, model_labels(split, source, ref))
    sampler = Shuffle(len(data), seed) if train else None
    if workers is None:
        workers = min(8, os.cpu_count() or 1) if split.files else 0
    return DataLoader(
        data,
        batch_size=min(batch, max(1, len(data))),
        sampler=sampler,
        drop_last=train,
        collate_fn=Collate(config, augment=train),
        num_workers=workers,
    )


def model_labels(split: Split, source: Source, ref: ModelRef) -> np.ndarray:
    """The labels as the model's classes.

    ImageNet's folders are told by their names, so that a few of the classes are enough: all of them WordNet
    identifiers (n01440764) or all of them indices (0 to 999).

    Raises:
        MdpError: the classes of the data are not those of the model.
    """
    if ref.classes == 1000 and len(source.classes) <= 1000:
        from timm.data import ImageNetInfo

        wordnet = {name: i for i, name in enumerate(ImageNetInfo().label_names())}
        if all(name.isdecimal() and int(name) < 1000 for name in source.classes):
            return np.array([int(name) for name in source.classes])[split.labels]
        if all(name in wordnet for name in source.classes):
            return np.array([wordnet[name] for name in source.classes])[split.labels]
    if len(source.classes) != ref.classes:
        raise MdpError(
            f"The data has {len(source.classes)} classes and {ref.name} has {ref.classes}: its labels mean "
            f"nothing to this network. Use images of the same classes, or a network with that many. For "
            "an ImageNet network, name the folders by WordNet identifier (n01440764) or index (0 to 999)."
        )
    return split.labels
