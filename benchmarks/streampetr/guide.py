"""What the body is asked besides, in training alone: which place of each picture shows what, and how far.

A young detector's queries look everywhere, so that its body learns next to nothing from them. StreamPETR is
therefore trained with a second head, on two-dimensional boxes. This one is simpler: at the place where an
object's middle is seen it says the kind, where exactly, and how far. It is not part of the detector.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .geometry import seen_at
from .loss import OF_KIND, RARE, focal
from .sizes import Size

OF_PLACE = 0.5


@dataclass(frozen=True)
class Seen:
    """What a map of features should say.

    Attributes:
        kinds: (batch, cameras, rows, columns), -1 where no object's middle is.
        places: (batch, cameras, rows, columns, 3): along and down within the place, each 0..1, and the log
            of the depth in metres.
    """

    kinds: Tensor
    places: Tensor


class Guide(nn.Module):
    """Features (images, width, rows, columns) -> what is there; see `loss`."""

    def __init__(self, size: Size):
        super().__init__()
        self.size = size
        self.answers = nn.Sequential(
            nn.Conv2d(size.width, size.width, 3, padding=1), nn.ReLU(),
            nn.Conv2d(size.width, size.classes + 3, 1),
        )  # fmt: skip
        nn.init.constant_(self.answers[-1].bias[: size.classes], RARE)

    def loss(self, features: Tensor, to_image: Tensor, truth: list[tuple[Tensor, Tensor]]) -> Tensor:
        """Args: features: (batch, cameras, width, rows, columns); the others as in `seen`."""
        wanted = seen(to_image, truth, (features.shape[3], features.shape[4]), self.size.image)
        answers = self.answers(features.flatten(0, 1)).unflatten(0, features.shape[:2]).movedim(2, -1)
        scores, places = answers[..., : self.size.classes], answers[..., self.size.classes :]
        there = wanted.kinds >= 0
        objects = max(1, int(there.sum()))
        hot = F.one_hot(wanted.kinds.clamp(min=0), self.size.classes) * there[..., None]
        away = (places[there] - wanted.places[there]).abs().sum()
        return (OF_KIND * focal(scores, hot.to(scores.dtype)).sum() + OF_PLACE * away) / objects


def seen(
    to_image: Tensor, truth: list[tuple[Tensor, Tensor]], grid: tuple[int, int], image: tuple[int, int]
) -> Seen:
    """Where the middles of objects are seen; of two at one place the nearer.

    Args:
        to_image: (batch, cameras, 4, 4); `truth`: as in `loss.loss`.
        grid: (rows, columns) of the features; `image`: (height, width) of the pictures.
    """
    batch, cameras = to_image.shape[:2]
    kinds = torch.full((batch, cameras, *grid), -1, device=to_image.device)
    places = torch.zeros(batch, cameras, *grid, 3, device=to_image.device)
    for i, (kind, boxes) in enumerate(truth):
        along, down, depth = seen_at(boxes[:, :3], to_image[i], grid, image)
        inside = (depth > 0.5) & (along >= 0) & (along < grid[1]) & (down >= 0) & (down < grid[0])
        camera, which = inside.nonzero(as_tuple=True)
        for at in depth[camera, which].argsort(descending=True).tolist():
            n, o = int(camera[at]), int(which[at])
            row, column = int(down[n, o]), int(along[n, o])
            kinds[i, n, row, column] = kind[o]
            places[i, n, row, column] = torch.stack(
                [along[n, o] - column, down[n, o] - row, depth[n, o].log()]
            )
    return Seen(kinds, places)
