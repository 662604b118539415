"""What the detector learns: every object has one query, found by the cheapest assignment."""

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional as F

ALPHA, GAMMA = 0.25, 2.0
OF_KIND, OF_BOX = 2.0, 0.25
RARE = -4.6  # what scores start from: one place in a hundred is an object
# The weights of a code's numbers: places count, velocities little.
WEIGHTS = (2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.2, 0.2)


def code_of(boxes: Tensor) -> Tensor:
    """(objects, 9), as scenes.Frame has them -> (objects, 10), as the head answers."""
    place, extents, heading, velocity = boxes.split([3, 3, 1, 2], 1)
    return torch.cat([place, extents.log(), heading.sin(), heading.cos(), velocity], 1)


def loss(kinds: Tensor, codes: Tensor, truth: list[tuple[Tensor, Tensor]]) -> Tensor:
    """Over all layers of the decoder (as in DETR, Carion et al. 2020).

    Args:
        kinds: (layers, batch, queries, classes), before the sigmoid; codes: (layers, batch, queries, 10).
        truth: per image of the batch its kinds (objects,) and boxes (objects, 9).
    """
    weights = torch.tensor(WEIGHTS, device=codes.device)
    objects = max(1, sum(len(k) for k, _ in truth))
    total = kinds.new_zeros(())
    for scores, boxes in zip(kinds, codes, strict=True):
        wanted = torch.zeros_like(scores)
        for i, (kind, box) in enumerate(truth):
            if not len(kind):
                continue
            code = code_of(box)
            with torch.no_grad():
                apart = torch.cdist(boxes[i] * weights, code * weights, p=1)
                cost = OF_KIND * _cost(scores[i])[:, kind] + OF_BOX * apart
                rows, columns = linear_sum_assignment(cost.nan_to_num(1e6).cpu().numpy())
            wanted[i, rows, kind[columns]] = 1
            total = total + OF_BOX * ((boxes[i][rows] - code[columns]).abs() * weights).sum() / objects
        total = total + OF_KIND * focal(scores, wanted).sum() / objects
    return total / len(kinds)


def loss_told(kinds: Tensor, codes: Tensor, truth: list[tuple[Tensor, Tensor]], objects: Tensor) -> Tensor:
    """Of queries that were told about their object: nothing is to assign.

    Args:
        kinds, codes, truth: as in `loss`; `objects`: (batch, queries), which of the image's, -1 for none.
    """
    weights = torch.tensor(WEIGHTS, device=codes.device)
    image, query = (objects >= 0).nonzero(as_tuple=True)
    first = torch.tensor([0, *(len(k) for k, _ in truth)]).cumsum(0).to(image.device)
    which = first[image] + objects[image, query]
    kind = torch.cat([k for k, _ in truth])[which]
    code = torch.cat([code_of(b) for _, b in truth])[which]
    wanted = torch.zeros_like(kinds)
    wanted[:, image, query, kind] = 1
    boxes = ((codes[:, image, query] - code).abs() * weights).sum()
    return (OF_BOX * boxes + OF_KIND * focal(kinds, wanted).sum()) / (len(which) * len(kinds))


def focal(scores: Tensor, wanted: Tensor) -> Tensor:
    """Lin et al. 2017 (arXiv 1708.02002)."""
    entropy = F.binary_cross_entropy_with_logits(scores, wanted, reduction="none")
    right = torch.exp(-entropy)
    return (ALPHA * wanted + (1 - ALPHA) * (1 - wanted)) * (1 - right) ** GAMMA * entropy


def _cost(scores: Tensor) -> Tensor:
    """What it costs to call each query each kind, less what it costs not to."""
    return focal(scores, torch.ones_like(scores)) - focal(scores, torch.zeros_like(scores))
