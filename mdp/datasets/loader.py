"""Batches of a data set for one model, cut to its size, as bytes; `feed` makes them what the model takes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Sampler, get_worker_info
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as transforms

from ..core.errors import BadFile, MdpError
from ..core.study import ModelRef
from ..networks.models import DataConfig, data_config
from .augment import Augment, PictureTransform
from .batches import PATIENCE
from .labels import check_fit
from .normalize import Prepare
from .source import Source, Split
from .unreadable import Unread, stand_in
from .workers import Crew, crew_for


class Shuffle(Sampler[int]):
    """A seeded order that changes with `epoch`, so that a resumed run sees what an unbroken one would see."""

    def __init__(self, images: int, seed: int):
        self.images, self.seed, self.epoch = images, seed, 0

    def __len__(self) -> int:
        return self.images

    def __iter__(self) -> Iterator[int]:
        return iter(np.random.default_rng((self.seed, self.epoch)).permutation(self.images).tolist())


class NumberedShuffle(Shuffle):
    """The same order, as `epoch * images + i`: processes that read images learn the epoch from it."""

    def __iter__(self) -> Iterator[int]:
        return (self.epoch * self.images + i for i in super().__iter__())


class ImageBatches:
    """A split as a map-style data set of images of the model's size, fetched a batch at a time.

    Attributes:
        prepare: what `mdp.datasets.batches.feed` does with a batch behind the workers.
        threads: images decoded at once by one process.
        unread: notes images that cannot be read, while others stand in for them; without it they raise.
    """

    def __init__(
        self,
        split: Split,
        config: DataConfig,
        labels: np.ndarray,
        *,
        augment: Augment | None = None,
        threads: int = 1,
        unread: Unread | None = None,
    ):
        self.split, self.config, self.labels = split, config, labels
        self.prepare, self.threads, self.unread = Prepare(config, augment), threads, unread
        self.vary = PictureTransform(augment, config) if augment and augment.of_pictures else None

    def __len__(self) -> int:
        return len(self.split)

    def __getitems__(self, indices: list[int]) -> tuple[Tensor, Tensor]:
        """A whole batch at once: (uint8 (batch, channels, height, width), int64 (batch,)).

        Index `epoch * images + i` is image i as that epoch varies it.
        """
        channels, *size = self.config.input_size
        epochs, places = np.divmod(np.array(indices, dtype=np.int64), len(self))
        pixels, labels = self.split.pixels, torch.from_numpy(self.labels[places])
        if self.vary is not None:  # it draws from generators that all threads share
            images = map(self.varied, epochs.tolist(), places.tolist())
            return torch.stack(list(images)), labels
        if pixels is not None and pixels.shape[1:] == tuple(size):
            return torch.from_numpy(pixels[places])[:, None].repeat(1, channels, 1, 1), labels
        if self.threads == 1:
            return torch.stack([self.image(i) for i in places.tolist()]), labels
        with ThreadPoolExecutor(self.threads) as pool:  # Pillow lets others run while it decodes
            return torch.stack(list(pool.map(self.image, places.tolist()))), labels

    def varied(self, epoch: int, i: int) -> Tensor:
        """Image `i` as timm's training transform varies it in this epoch."""
        return self.vary(self.decoded(i), epoch, i)

    def image(self, i: int) -> Tensor:
        """Image `i`, cut to the size that the model wants: (channels, height, width), uint8."""
        _, height, width = self.config.input_size
        image = self.decoded(i)
        # Scale the short side to size / crop_pct and cut out the centre, as timm evaluates.
        short = round(min(height, width) / self.config.crop_pct)
        mode = InterpolationMode(self.config.interpolation)
        image = transforms.center_crop(transforms.resize(image, short, mode), [height, width])
        return transforms.pil_to_tensor(image)

    def decoded(self, i: int) -> Image.Image:
        """Image `i` in the model's colours; another of its class if it cannot be read and that is noted."""
        try:
            image = self.split.image(i)
        except BadFile as error:
            if self.unread is None:
                raise
            self.unread.note(self.split.files[i])
            image = stand_in(self.split, i, error)
        return image.convert("L" if self.config.input_size[0] == 1 else "RGB")


def loader(
    split: Split,
    source: Source,
    ref: ModelRef,
    batch: int,
    *,
    train: bool = False,
    augment: Augment | None = None,
    seed: int = 0,
    workers: int | None = None,
    unread: Unread | None = None,
) -> DataLoader:
    """Batches of (images uint8 (batch, channels, height, width), labels int64 (batch,)) for `ref`.

    Go through `feed(loader)`, which normalises them on the model's device. Images on disk are decoded by
    `workers` processes; by default as many as there are cores to use and room in shared memory, and none, but
    threads, where that has no room. With `train` the images are shuffled anew each epoch (set
    `.sampler.epoch`) and varied as `augment` says (by default mirrored and shifted), and a last batch that is
    not full is left out.

    Args:
        unread: notes images that cannot be read, while others of their class stand in; by default they raise.

    Raises:
        MdpError: the batch is not positive, or the data's classes or channels are not those of the model.
    """
    if batch < 1:
        raise MdpError(f"A batch of {batch} images cannot be used; give 1 or more.")
    config = data_config(ref)
    labels = check_fit(split, source, ref)
    batch = min(batch, max(1, len(split)))
    crew = crew_for(len(split), batch, config.input_size) if split.files else Crew(0)
    if workers is not None:
        crew = Crew(workers, threads=1)
    vary = (augment or Augment(seed=seed)) if train else None
    data = ImageBatches(split, config, labels, augment=vary, threads=crew.threads, unread=unread)
    return DataLoader(
        data,
        batch_size=batch,
        sampler=NumberedShuffle(len(data), seed) if train else None,
        drop_last=train,
        collate_fn=as_it_is,
        num_workers=crew.workers,
        prefetch_factor=crew.ahead if crew.workers else None,
        timeout=PATIENCE if crew.workers else 0,
        # Workers that stay spare every epoch their start; evaluation would hold its own beside them.
        persistent_workers=bool(crew.workers and train),
        # For the workers' seeds: torch's own numbers are then the same with and without workers.
        generator=torch.Generator(),
        # Pages that stay where they are let a GPU fetch a batch while it computes on another.
        pin_memory=torch.cuda.is_available(),
    )


def as_it_is(batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """What `ImageBatches` gives is a batch already.

    A worker puts it into shared memory here, where a failure reaches the main process: behind this, torch
    would lose the batch, and everybody would wait for it.
    """
    if get_worker_info() is not None:
        batch = tuple(tensor.contiguous().share_memory_() for tensor in batch)
    return batch
