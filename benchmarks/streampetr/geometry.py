"""Places in three dimensions: rays of pixels, sines of positions, points of one frame seen in another."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def rays(to_image: Tensor, grid: tuple[int, int], image: tuple[int, int], depths: int, far: float) -> Tensor:
    """Points along the ray of every place of a map, in the vehicle's frame.

    Args:
        to_image: (batch, cameras, 4, 4), from a point of the vehicle's frame to (u·d, v·d, d, 1) in pixels.
        grid: (rows, columns) of the map; `image`: of the picture.
        depths: points on each ray, farther apart the farther they are, up to `far` metres.

    Returns:
        (batch, cameras, rows, columns, depths, 3), metres.
    """
    rows, columns = grid
    index = torch.arange(depths, dtype=torch.float32, device=to_image.device)
    step = (far - 1.0) / (depths * (1 + depths))
    depth = 1.0 + step * index * (index + 1)
    v = (torch.arange(rows, device=to_image.device) + 0.5) * image[0] / rows
    u = (torch.arange(columns, device=to_image.device) + 0.5) * image[1] / columns
    v, u, depth = torch.meshgrid(v, u, depth, indexing="ij")
    points = torch.stack([u * depth, v * depth, depth, torch.ones_like(depth)], -1)
    back = torch.linalg.inv(to_image)
    return torch.einsum("bnij,hwdj->bnhwdi", back, points)[..., :3]


def seen_at(
    points: Tensor, to_image: Tensor, grid: tuple[int, int], image: tuple[int, int]
) -> tuple[Tensor, Tensor, Tensor]:
    """Where on the map of every camera points are seen: (along, down, depth), each (cameras, points).

    Args:
        points: (points, 3) in the vehicle's frame; `to_image`: (cameras, 4, 4).
        grid: (rows, columns) of the map; `image`: (height, width) of the picture.

    Returns:
        Columns and rows from the map's corner, with fractions, and metres; only where metres are above 0 is
        a point before the camera.
    """
    u, v, depth, _ = torch.einsum("nij,oj->ino", to_image, F.pad(points, (0, 1), value=1.0))
    near = depth.clamp(min=0.1)
    return u / near * grid[1] / image[1], v / near * grid[0] / image[0], depth


def sines(places: Tensor, width: int) -> Tensor:
    """Sines and cosines of positions in 0..1: (..., 3) -> (..., 3 · width)."""
    scale = 10_000 ** (torch.arange(width // 2, device=places.device) * 2 / width)
    angles = places[..., None] * 2 * math.pi / scale
    return torch.cat([angles.sin(), angles.cos()], -1).flatten(-2)


def moved(points: Tensor, transform: Tensor) -> Tensor:
    """Points (batch, n, 3) in another frame: (batch, 4, 4) applied."""
    return points @ transform[:, :3, :3].mT + transform[:, None, :3, 3]


def inverse_sigmoid(x: Tensor) -> Tensor:
    """Of numbers in 0..1, kept off the ends."""
    x = x.clamp(1e-4, 1 - 1e-4)
    return torch.log(x / (1 - x))
