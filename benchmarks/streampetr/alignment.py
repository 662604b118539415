"""Before the first picture: the encodings of places learn which pixels a point is seen in.

A query finds the pictures' features by attention between two learned encodings, of its own point and of every
pixel's ray. That they agree has nothing to do with pictures; it follows from where the cameras stand. Learned
from boxes alone it takes far longer than two cores have; learned by itself, half a minute.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from .geometry import seen_at
from .head import Head, Layer

# How far about a point its object may be, in metres, and about its pixel at least, in places of the map.
METRES, PLACES = 1.0, 0.7
POINTS = 256  # in every update


def align(
    head: Head, to_image: Tensor, grid: tuple[int, int], *, updates: int, rate: float, seed: int = 0
) -> float:
    """Train encodings and attention in place, on random points and random contents.

    Args:
        to_image: (cameras, 4, 4); `grid`: (rows, columns) of the features.

    Returns:
        How far the last attention was from the wanted one: Kullback and Leibler's divergence in nats.
    """
    generator, size = torch.Generator().manual_seed(seed), head.size
    optimizer = torch.optim.AdamW(head.parameters(), lr=rate, weight_decay=0.01)
    apart = torch.zeros(())
    for update in range(updates):
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (update + 1) / 50, (updates - update) / (0.3 * updates))
        points = (2 * torch.rand(1, POINTS, 3, generator=generator) - 1) * head.reach
        points[..., 2] = points[..., 2].abs()  # nothing is below the ground
        wanted = looked_at(points[0], to_image, grid, size.image)
        seen = wanted.sum(1) > 0
        features = torch.randn(1, len(to_image), size.width, *grid, generator=generator)
        tokens, tokens_at = head.tokens(features, to_image[None])
        at = head.at(points)
        # As in the decoder's first layer, where a query starts from its own place.
        queries = 2 * at + 0.5 * torch.randn(at.shape, generator=generator)
        found = [attention(layer, queries, tokens + tokens_at)[:, seen] for layer in head.layers]
        goal = wanted[seen].expand(size.heads, -1, -1)
        apart = sum(F.kl_div(f, goal, reduction="sum") for f in found) / (len(found) * goal[..., 0].numel())
        optimizer.zero_grad(set_to_none=True)
        apart.backward()
        optimizer.step()
    return float(apart.detach())


def attention(layer: Layer, queries: Tensor, keys: Tensor) -> Tensor:
    """Logarithms of how much each query looks at each key: (heads, queries, keys), of one in the batch."""
    cross = layer.cross
    weights, biases = cross.in_proj_weight.chunk(3), cross.in_proj_bias.chunk(3)
    q, k = (
        F.linear(x[0], w, b).unflatten(1, (cross.num_heads, -1)).transpose(0, 1)
        for x, w, b in zip((queries, keys), weights, biases, strict=False)
    )
    return (q @ k.mT / q.shape[2] ** 0.5).log_softmax(2)


def looked_at(points: Tensor, to_image: Tensor, grid: tuple[int, int], image: tuple[int, int]) -> Tensor:
    """How much every place of every camera should be looked at: (points, cameras x rows x columns), each row
    1 in all, or 0 where no camera sees the point."""
    along, down, depth = (of_camera.T for of_camera in seen_at(points, to_image, grid, image))
    rows, columns = torch.arange(grid[0])[:, None] + 0.5, torch.arange(grid[1]) + 0.5  # their middles
    away = (down[..., None, None] - rows) ** 2 + (along[..., None, None] - columns) ** 2
    focal = to_image[:, :2].abs().amax()
    wide = (METRES * focal / depth.clamp(min=1) * grid[1] / image[1]).clamp(min=PLACES)
    near = torch.exp(-away / (2 * wide[..., None, None] ** 2)) * (depth > 0.5)[..., None, None]
    near = near.flatten(1)
    total = near.sum(1, keepdim=True)
    return torch.where(total > 0.3, near / total.clamp(min=1e-9), torch.zeros(()))
