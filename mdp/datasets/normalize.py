"""From the bytes that workers send to what a model takes, on its device: augmented, normalised floats.

Bytes are a quarter of the floats: of the memory that workers share with the main process (which containers
keep small), and of the way to the device.
"""

import torch
from torch import Tensor, nn

from ..networks.models import DataConfig
from .augment import Augment, erasing

# Augmentation shifts images by up to this share of their side (2 pixels of 28).
SHIFT = 0.08


class Normalize(nn.Module):
    """uint8 (batch, channels, height, width) to float32 of the same shape, as a model wants it.

    Floats pass as they are, so that anybody's own batches, normalised by whatever made them, do too.
    """

    def __init__(self, config: DataConfig):
        super().__init__()
        self.register_buffer("mean", torch.tensor(config.mean).view(-1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(config.std).view(-1, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """What `images` are to the model, on their own device."""
        if images.is_floating_point():
            return images
        mean, std = (t.to(images.device, non_blocking=True) for t in (self.mean, self.std))
        return images.float().div_(255).sub_(mean).div_(std)


class Prepare(nn.Module):
    """What happens to a batch behind the workers: flip and shift if asked, normalise, erase if asked.

    Random numbers are torch's of the main process, so that an epoch's are the same whoever loaded its images.
    """

    def __init__(self, config: DataConfig, augment: Augment | None):
        super().__init__()
        self.normalize, self.augment = Normalize(config), augment

    def forward(self, images: Tensor) -> Tensor:
        """uint8 in, float32 out; floats pass as they are."""
        if self.augment is None or images.is_floating_point():
            return self.normalize(images)
        if self.augment.kind == "shift":
            images = flip_and_shift(images)
        images = self.normalize(images)
        return erasing(self.augment.erase, images.device)(images) if self.augment.erase else images


def flip_and_shift(images: Tensor) -> Tensor:
    """Mirror half of the images and shift each by up to SHIFT of its side; what comes in is black.

    images: (batch, channels, height, width), uint8, on any device; returns the same.
    """
    batch, _, height, width = images.shape
    at = images.device
    pad = max(1, round(SHIFT * min(height, width)))
    padded = nn.functional.pad(images, (pad, pad, pad, pad))
    # Drawn on the CPU: a run is then the same on any device.
    dy, dx = torch.randint(0, 2 * pad + 1, (2, batch, 1)).to(at)
    mirrored = (torch.rand(batch, 1) < 0.5).to(at)
    rows = dy + torch.arange(height, device=at)  # (batch, height)
    columns = dx + torch.arange(width, device=at)  # (batch, width)
    columns = torch.where(mirrored, columns.flip(1), columns)
    index = torch.arange(batch, device=at).view(-1, 1, 1)
    # Advanced indices around a slice put the channels last: (batch, height, width, channels).
    return padded[index, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2).contiguous()
