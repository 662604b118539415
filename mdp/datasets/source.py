"""A data set as plain data: labels, and pixels in memory or files on disk. No torch."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from . import pixels


@dataclass(frozen=True, eq=False)
class Split:
    """Labelled images.

    Attributes:
        labels: shape (images,), int64, indices into the source's classes.
        pixels: shape (images, height, width), uint8, grey; None where the images are files.
        files: one path per image, where they are files.
    """

    labels: np.ndarray
    pixels: np.ndarray | None = None
    files: tuple[Path, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def image(self, i: int) -> Image.Image:
        """One image, decoded, in mode L or RGB (see `pixels`). Raises BadFile if its file cannot be read."""
        return pixels.read(self.files[i]) if self.pixels is None else Image.fromarray(self.pixels[i])

    def take(self, indices: np.ndarray) -> "Split":
        """The images at `indices`, in that order."""
        files = tuple(self.files[i] for i in indices) if self.files else ()
        return Split(self.labels[indices], None if self.pixels is None else self.pixels[indices], files)

    def sample(self, images: int, seed: int = 0) -> "Split":
        """`images` of them (all, if there are fewer), each class in proportion, in a seeded random order."""
        return self.take(stratified(self.labels, images, seed))


def joined(a: Split, b: Split) -> Split:
    """The images of both."""
    pixels = None if a.pixels is None else np.concatenate([a.pixels, b.pixels])
    return Split(np.concatenate([a.labels, b.labels]), pixels, a.files + b.files)


@dataclass(frozen=True, eq=False)
class Source:
    """A data set in use.

    Attributes:
        description: a sentence that says which, and how many images.
        notes: what was left out of what was found there, a sentence each.
    """

    name: str
    description: str
    classes: tuple[str, ...]
    train: Split
    test: Split
    notes: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The description and the notes, for a person."""
        return " ".join([self.description, *self.notes])


def stratified(labels: np.ndarray, images: int, seed: int) -> np.ndarray:
    """Indices of `images` entries with the classes in proportion, shuffled; all of them if there are fewer.

    Every class is shuffled and its members are spread evenly over [0, 1); the first `images` are taken.
    """
    random = np.random.default_rng(seed)
    place = np.empty(len(labels))
    for label in np.unique(labels):
        members = random.permutation(np.flatnonzero(labels == label))
        place[members] = (np.arange(len(members)) + random.random()) / len(members)
    return random.permutation(np.argsort(place, kind="stable")[:images])
