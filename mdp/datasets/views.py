"""Several views of each image, for scoring where images are few: the same crops and mirrorings every time."""

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torchvision.transforms import InterpolationMode, RandomResizedCrop
from torchvision.transforms import functional as transforms

from ..core.study import ModelRef
from ..networks.models import data_config
from .labels import check_fit
from .loader import ImageBatches, as_it_is
from .source import Source, Split
from .unreadable import Unread

# A crop keeps at least this share of the image's area, at most so much wider than high or higher than wide.
AREA, ASPECT = [0.35, 1.0], [3 / 4, 4 / 3]


class Views(ImageBatches):
    """Index `view * images + i` is a view of image i. View 0 is the image as it is evaluated."""

    def __init__(self, *prepared, seed: int, unread: Unread | None = None):
        super().__init__(*prepared, unread=unread)
        self.seed = seed

    def __getitems__(self, indices: list[int]) -> tuple[Tensor, Tensor]:
        images = len(self.split)
        views = [self.view(*divmod(index, images)) for index in indices]
        return torch.stack(views), torch.from_numpy(self.labels[np.array(indices) % images])

    def view(self, view: int, i: int) -> Tensor:
        """uint8 (channels, height, width): a random crop at the model's size, mirrored or not."""
        if view == 0:
            return self.image(i)
        _, *size = self.config.input_size
        image = self.decoded(i)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(np.random.SeedSequence((self.seed, view, i)).generate_state(1)[0]))
            box, mirrored = RandomResizedCrop.get_params(image, AREA, ASPECT), torch.rand(()) < 0.5
        image = transforms.resized_crop(image, *box, size, InterpolationMode(self.config.interpolation))
        return transforms.pil_to_tensor(transforms.hflip(image) if mirrored else image)


def view_loader(
    split: Split,
    source: Source,
    ref: ModelRef,
    batch: int,
    views: int,
    seed: int,
    unread: Unread | None = None,
) -> DataLoader:
    """Batches like those of `loader.loader`, with `views` views of every image.

    Even batches hold views of one half of the images, odd batches of the other: what is scored on even and on
    odd batches has no picture in common.
    """
    data = Views(split, data_config(ref), check_fit(split, source, ref), seed=seed, unread=unread)
    order = batches(len(split), batch, views)
    return DataLoader(data, batch_sampler=order, collate_fn=as_it_is)


def batches(images: int, batch: int, views: int) -> list[list[int]]:
    """Indices of `Views`, `batch` together (one more where an odd image is over); the halves take turns."""
    halves = [half for half in np.array_split(np.arange(images), 2) if len(half)]
    chunks = min(-(-len(halves[0]) // batch), len(halves[-1]))  # as many of each half
    turns = list(zip(*(np.array_split(half, chunks) for half in halves), strict=True))
    return [(view * images + part).tolist() for view in range(views) for turn in turns for part in turn]
