"""Pictures with boxes in Pascal VOC's layout, such as BCCD: JPEGImages, Annotations, ImageSets/Main."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from mdp.core.errors import MdpError

Target = dict[str, Tensor]


class Pictures:
    """One split in memory, in batches of (images, targets); read anew, training pictures are mirrored anew.

    Args:
        size: (height, width) that pictures are brought to; boxes go with them.
        mean, std: per channel, as the network wants them.
        mirrored: whether each is mirrored at random, to the side and upside down.
    """

    def __init__(
        self,
        folder: Path,
        split: str,
        classes: tuple[str, ...],
        size: tuple[int, int],
        *,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        batch: int,
        mirrored: bool = False,
        most: int | None = None,
    ):
        names = (folder / "ImageSets" / "Main" / f"{split}.txt").read_text(encoding="utf-8").split()[:most]
        if not names:
            raise MdpError(f"The split {split} of {folder} names no pictures.")
        read = [_one(folder, name, classes, size) for name in names]
        middle, scale = (torch.tensor(v)[None, :, None, None] for v in (mean, std))
        self.images = (torch.stack([image for image, _ in read]) - middle) / scale
        self.targets = [target for _, target in read]
        self.batch, self.mirrored, self._epoch = batch, mirrored, 0

    def __len__(self) -> int:
        """How many batches."""
        return -(-len(self.targets) // self.batch) if not self.mirrored else len(self.targets) // self.batch

    def __iter__(self) -> Iterator[tuple[Tensor, list[Target]]]:
        random = torch.Generator().manual_seed(self._epoch)
        order = torch.arange(len(self.targets))
        if self.mirrored:
            order = torch.randperm(len(self.targets), generator=random)
            self._epoch += 1
        for i in range(len(self)):
            which = order[i * self.batch : (i + 1) * self.batch]
            images, targets = self.images[which], [self.targets[int(n)] for n in which]
            if self.mirrored:
                pairs = [
                    mirrored(x, t, *torch.rand(2, generator=random).gt(0.5).tolist())
                    for x, t in zip(images, targets, strict=True)
                ]
                images, targets = torch.stack([x for x, _ in pairs]), [t for _, t in pairs]
            yield images, targets


def mirrored(image: Tensor, target: Target, sideways: bool, upside_down: bool) -> tuple[Tensor, Target]:
    """A picture (channels, height, width) and its boxes, mirrored."""
    boxes, (height, width) = target["boxes"].clone(), image.shape[1:]
    if sideways:
        image, boxes[:, [0, 2]] = image.flip(2), width - boxes[:, [2, 0]]
    if upside_down:
        image, boxes[:, [1, 3]] = image.flip(1), height - boxes[:, [3, 1]]
    return image, {**target, "boxes": boxes}


def _one(folder: Path, name: str, classes: tuple[str, ...], size: tuple[int, int]) -> tuple[Tensor, Target]:
    from torchvision.transforms.v2.functional import pil_to_tensor, resize

    image = pil_to_tensor(Image.open(folder / "JPEGImages" / f"{name}.jpg").convert("RGB"))
    scale = torch.tensor([size[1] / image.shape[2], size[0] / image.shape[1]] * 2)
    boxes, labels = [], []
    for one in ElementTree.parse(folder / "Annotations" / f"{name}.xml").iter("object"):
        box = [float(one.findtext(f"bndbox/{key}", "0")) for key in ("xmin", "ymin", "xmax", "ymax")]
        if one.findtext("name") in classes and box[2] > box[0] and box[3] > box[1]:
            boxes.append(box)
            labels.append(classes.index(one.findtext("name", "")))
    target = {
        "boxes": torch.tensor(boxes).reshape(-1, 4) * scale,
        "labels": torch.tensor(labels, dtype=torch.int64),
    }
    return resize(image, list(size), antialias=True).float() / 255, target
