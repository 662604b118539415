"""How training images are varied: timm's transforms on pictures, cheap ones on whole batches.

What a worker draws for a picture depends on seed, epoch and picture alone, so that a resumed run, or one with
other workers, sees what an unbroken one would see.
"""

import random
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from PIL import Image
from timm.data import create_transform
from timm.data.auto_augment import posterize
from timm.data.random_erasing import RandomErasing
from torch import Tensor
from torchvision.transforms import Compose
from torchvision.transforms import functional as transforms

from ..core.errors import MdpError, first_line
from ..networks.models import DataConfig

WHOLE_BATCH = ("none", "shift")


@dataclass(frozen=True)
class Augment:
    """See `mdp.training.recipe.Recipe`: augment, crop and erase."""

    kind: str = "shift"
    crop: float = 0.35
    erase: float = 0.0
    seed: int = 0

    @property
    def of_pictures(self) -> bool:
        """Whether every picture is transformed alone, by timm, where it is decoded."""
        return self.kind not in WHOLE_BATCH


class PictureTransform:
    """timm's training transform (random resized crop, mirror, RandAugment or AutoAugment), as bytes."""

    def __init__(self, augment: Augment, config: DataConfig):
        self.augment, self.channels = augment, config.input_size[0]
        words = None if augment.kind == "crop" else augment.kind
        try:
            every = create_transform(
                config.input_size,
                is_training=True,
                scale=(augment.crop, 1.0),
                color_jitter=0.0,
                auto_augment=words,
                interpolation=config.interpolation,
                mean=(0.5,) * 3,  # what geometric transforms fill with
                use_prefetcher=True,
            )
        except (AssertionError, ValueError, KeyError, TypeError, IndexError) as error:
            raise MdpError(
                f"There is no augmentation {augment.kind!r} ({first_line(error)}). Use none, shift, crop, or "
                "timm's words for RandAugment or AutoAugment, such as rand-m9-mstd0.5-inc1."
            ) from None
        self.transform = Compose(every.transforms[:-1])  # the last one makes an array
        for step in self.transform.transforms:
            _keep_a_bit(step)

    def __call__(self, image: Image.Image, epoch: int, i: int) -> Tensor:
        """uint8 (channels, height, width). Colour transforms want colours, so grey passes as such."""
        draw = np.random.SeedSequence((self.augment.seed, epoch, i)).generate_state(3)
        before = random.getstate(), np.random.get_state()
        with torch.random.fork_rng(devices=[]):
            random.seed(int(draw[0]))
            np.random.seed(int(draw[1]))
            torch.manual_seed(int(draw[2]))
            made = self.transform(image.convert("RGB"))
        random.setstate(before[0])
        np.random.set_state(before[1])
        return transforms.pil_to_tensor(made.convert("L" if self.channels == 1 else "RGB"))


def _keep_a_bit(step: object) -> None:
    """Let timm's Posterize keep one bit of a colour at least, where it would keep none.

    Strong magnitudes ask for none (rand-m9-mstd0.5-inc1 now and then). Former versions of Pillow made black
    pictures of that, and it refuses now.
    """
    for op in (*getattr(step, "ops", ()), *chain.from_iterable(getattr(step, "policy", ()))):
        if op.aug_fn is posterize:
            op.aug_fn = _posterized


def _posterized(image: Image.Image, bits: int, **how: object) -> Image.Image:
    return posterize(image, max(1, bits), **how)


def erasing(probability: float, device: torch.device) -> RandomErasing:
    """timm's random erasing of normalised batches, with noise (Zhong et al. 2017, arXiv 1708.04896)."""
    return RandomErasing(probability, mode="pixel", max_count=1, device=str(device))
