"""What stays: 3-D positions for image features, queries that remember, a decoder, and its answers.

As StreamPETR's, but for three things: a query starts from the encoding of its place, not from nothing, which
learns many times faster; places learned once are the same in every layer; and a ray does not say the focal
length of its camera, since all have the same.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .denoising import Told
from .geometry import inverse_sigmoid, moved, rays, sines
from .loss import RARE
from .sizes import Size

# x, y, z, log of length, width and height, sine and cosine of the heading, velocity along x and y.
CODE = 10


@dataclass(frozen=True)
class Memory:
    """Queries of former frames, newest first.

    Attributes:
        queries: (batch, memory, width); `points`: (batch, memory, 3) in metres, in the frame of `to_world`.
        ages: (batch, memory), seconds since.
    """

    queries: Tensor
    points: Tensor
    ages: Tensor

    def detach(self) -> "Memory":
        """The same without gradients: every frame learns for itself."""
        return Memory(self.queries.detach(), self.points.detach(), self.ages.detach())


class Layer(nn.Module):
    """One decoder layer: queries look at each other and at what is remembered, then at the images."""

    def __init__(self, size: Size):
        super().__init__()
        self.own = nn.MultiheadAttention(size.width, size.heads, batch_first=True)
        self.cross = nn.MultiheadAttention(size.width, size.heads, batch_first=True)
        self.feed = nn.Sequential(
            nn.Linear(size.width, size.hidden), nn.ReLU(), nn.Linear(size.hidden, size.width)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(size.width) for _ in range(3))

    def forward(
        self,
        x: Tensor,
        at: Tensor,
        past: Tensor,
        past_at: Tensor,
        tokens: Tensor,
        tokens_at: Tensor,
        hidden: Tensor | None = None,
    ) -> Tensor:
        keys = torch.cat([x + at, past + past_at], 1)
        values = torch.cat([x, past], 1)
        x = self.norms[0](x + self.own(x + at, keys, values, need_weights=False, attn_mask=hidden)[0])
        x = self.norms[1](x + self.cross(x + at, tokens + tokens_at, tokens, need_weights=False)[0])
        return self.norms[2](x + self.feed(x))


class AlignedNorm(nn.Module):
    """A layer norm whose scale and shift follow from something else (StreamPETR's motion-aware norm)."""

    def __init__(self, given: int, width: int):
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.reduce = nn.Sequential(nn.Linear(given, width), nn.ReLU())
        self.scale, self.shift = nn.Linear(width, width), nn.Linear(width, width)
        for layer, bias in ((self.scale, 1.0), (self.shift, 0.0)):
            nn.init.zeros_(layer.weight)
            nn.init.constant_(layer.bias, bias)

    def forward(self, x: Tensor, given: Tensor) -> Tensor:
        given = self.reduce(given)
        return self.scale(given) * self.norm(x) + self.shift(given)


class Head(nn.Module):
    """Features of all cameras, where they stand, and what is remembered -> boxes and the next memory."""

    def __init__(self, size: Size):
        super().__init__()
        self.size, width = size, size.width
        self.positions = nn.Sequential(
            nn.Linear(3 * size.depths, 4 * width), nn.ReLU(), nn.Linear(4 * width, width)
        )
        self.points = nn.Parameter(torch.rand(size.learned, 3))
        self.of_point = nn.Sequential(nn.Linear(3 * (width // 2), width), nn.ReLU(), nn.Linear(width, width))
        self.content = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))
        self.cone = AlignedNorm(6, width)
        self.weigh = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width), nn.Sigmoid())
        self.motion, self.motion_at = AlignedNorm(13, width), AlignedNorm(13, width)
        self.layers = nn.ModuleList(Layer(size) for _ in range(size.decoder))
        self.kinds = nn.ModuleList(_branch(width, size.classes) for _ in range(size.decoder))
        self.boxes = nn.ModuleList(_branch(width, CODE) for _ in range(size.decoder))
        for branch in self.kinds:
            nn.init.constant_(branch[-1].bias, RARE)
        self.register_buffer("reach", torch.tensor(size.reach))

    def forward(
        self,
        features: Tensor,
        to_image: Tensor,
        memory: Memory,
        motion: Tensor,
        told: Told | None = None,
    ) -> tuple[Tensor, Tensor, Memory]:
        """(scores before the sigmoid (layers, batch, queries, classes), codes (layers, batch, queries, CODE)
        with places in metres, what the next frame remembers). Queries for places that were told come last.

        Args:
            features: (batch, cameras, width, rows, columns).
            to_image: see `geometry.rays`.
            memory: as the frame before left it; `motion`: (batch, 4, 4), from its vehicle's frame to this.
        """
        size, batch = self.size, len(features)
        tokens, tokens_at = self.tokens(features, to_image)
        past_points = moved(memory.points, motion)
        way = motion[:, None, :3].flatten(2).expand(-1, size.memory, -1)
        since = torch.cat([way, memory.ages[..., None]], 2)
        past_at = self.motion_at(self.at(past_points), since)
        past = self.motion(memory.queries, since)
        taken = size.propagated
        points = torch.cat(
            [self.points.expand(batch, -1, -1), self._unit(past_points[:, :taken]).clamp(0, 1)], 1
        )
        at = torch.cat([self._at(points[:, : size.learned]), past_at[:, :taken]], 1)
        x = torch.cat([at[:, : size.learned], past[:, :taken]], 1)
        own, hidden = x.shape[1], None
        if told is not None:
            near = self._unit(told.points)
            points, at = torch.cat([points, near], 1), torch.cat([at, self._at(near)], 1)
            x = torch.cat([x, at[:, own:]], 1)
            hidden = told.hidden(own, past.shape[1] - taken)
        kinds, boxes = [], []
        for layer, kind, box in zip(self.layers, self.kinds, self.boxes, strict=True):
            x = layer(x, at, past[:, taken:], past_at[:, taken:], tokens, tokens_at, hidden)
            kinds.append(kind(x))
            code = box(x)
            place = (code[..., :3] + inverse_sigmoid(points)).sigmoid()
            boxes.append(torch.cat([self._metres(place), code[..., 3:]], 2))
        best = kinds[-1][:, :own].amax(2).topk(taken, 1).indices[..., None]
        chosen = x.gather(1, best.expand(-1, -1, x.shape[2]))
        where = boxes[-1][..., :3].gather(1, best.expand(-1, -1, 3))
        kept = size.memory - taken
        after = Memory(
            torch.cat([chosen, memory.queries[:, :kept]], 1),
            torch.cat([where, past_points[:, :kept]], 1),
            torch.cat([torch.zeros_like(memory.ages[:, :taken]), memory.ages[:, :kept]], 1) + 0.5,
        )
        return torch.stack(kinds), torch.stack(boxes), after

    def tokens(self, features: Tensor, to_image: Tensor) -> tuple[Tensor, Tensor]:
        """What every place of every picture shows, and where: both (batch, tokens, width).

        What a picture shows means something else in every direction: the content learns the end and the
        middle of its ray, and the ray what is to be seen there.
        """
        size, (rows, columns) = self.size, features.shape[3:]
        along = rays(to_image, (rows, columns), size.image, size.depths, 1.2 * size.reach[0])
        along = self._unit(along).flatten(1, 3)
        ends = along[:, :, [-1, size.depths // 2]].flatten(2)
        content = self.cone(self.content(features.permute(0, 1, 3, 4, 2).flatten(1, 3)), ends)
        return content, self.positions(inverse_sigmoid(along).flatten(2)) * self.weigh(content)

    def at(self, metres: Tensor) -> Tensor:
        """The encoding of places in the vehicle's frame, (..., 3) -> (..., width)."""
        return self._at(self._unit(metres))

    def nothing(self, batch: int) -> Memory:
        """The memory before the first frame."""
        size, device = self.size, self.points.device
        return Memory(
            torch.zeros(batch, size.memory, size.width, device=device),
            torch.zeros(batch, size.memory, 3, device=device),
            torch.zeros(batch, size.memory, device=device),
        )

    def _at(self, points: Tensor) -> Tensor:
        return self.of_point(sines(points, self.size.width // 2))

    def _unit(self, metres: Tensor) -> Tensor:
        return (metres + self.reach) / (2 * self.reach)

    def _metres(self, unit: Tensor) -> Tensor:
        return unit * 2 * self.reach - self.reach


class Detector(nn.Module):
    """Body and head. `body` can be exchanged for a pruned one."""

    def __init__(self, size: Size, body: nn.Module):
        super().__init__()
        self.size, self.body, self.head = size, body, Head(size)

    def forward(
        self,
        images: Tensor,
        to_image: Tensor,
        memory: Memory,
        motion: Tensor,
        told: Told | None = None,
    ) -> tuple[Tensor, Tensor, Memory]:
        """As `Head.forward`, of images (batch, cameras, 3, height, width)."""
        return self.head(self.features(images), to_image, memory, motion, told)

    def features(self, images: Tensor) -> Tensor:
        """Images (batch, cameras, 3, height, width) -> (batch, cameras, width, rows, columns)."""
        return self.body(images.flatten(0, 1)).unflatten(0, images.shape[:2])


def _branch(width: int, out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(width, width), nn.LayerNorm(width), nn.ReLU(),
        nn.Linear(width, width), nn.LayerNorm(width), nn.ReLU(), nn.Linear(width, out),
    )  # fmt: skip
