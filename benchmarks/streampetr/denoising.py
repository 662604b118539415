"""Queries that are told about where an object is, in training alone (DN-DETR, Li et al. 2022).

An assignment of queries to objects changes from step to step while a detector is young. A query that starts
near a known object learns from the first step what to look for there; StreamPETR is trained so too. Groups of
such queries see each other no more than the detector's own queries see them: nothing of it is left when the
detector is used.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

GROUPS = 4
# Metres to each side at most: about half of what lies between two learned queries.
APART = 3.0


@dataclass(frozen=True)
class Told:
    """Places near objects, in some groups.

    Attributes:
        points: (batch, places, 3) in metres; `objects`: (batch, places), which one, -1 where none is.
        groups: how many; each has places / groups of the places.
    """

    points: Tensor
    objects: Tensor
    groups: int

    def hidden(self, own: int, past: int) -> Tensor:
        """(own + places, own + places + past): True where a query may not look.

        Args:
            own: the detector's queries, which come first; `past`: remembered ones, which come last.
        """
        places = self.points.shape[1]
        group = torch.arange(places) // max(1, places // self.groups)
        mask = torch.zeros(own + places, own + places + past, dtype=torch.bool)
        mask[:own, own : own + places] = True
        mask[own:, own : own + places] = group[:, None] != group[None]
        return mask.to(self.points.device)


def told(
    truth: list[tuple[Tensor, Tensor]], reach: Tensor, generator: torch.Generator, groups: int = GROUPS
) -> Told | None:
    """Places at most APART metres beside every object, anew in every group; None where no object is.

    Args:
        truth: as in `loss.loss`; `reach`: (3,), metres that the detector looks at, to each side.
    """
    most = max(len(kinds) for kinds, _ in truth)
    if not most:
        return None
    points = (2 * torch.rand(len(truth), groups, most, 3, generator=generator) - 1) * reach
    objects = torch.full((len(truth), groups, most), -1)
    for i, (kinds, boxes) in enumerate(truth):
        aside = (2 * torch.rand(groups, len(kinds), 3, generator=generator) - 1) * APART
        aside[..., 2] /= APART  # all stand on the ground
        points[i, :, : len(kinds)] = boxes[:, :3] + aside
        objects[i, :, : len(kinds)] = torch.arange(len(kinds))
    return Told(points.clamp(-reach, reach).flatten(1, 2), objects.flatten(1, 2), groups)
