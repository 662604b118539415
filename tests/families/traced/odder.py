"""More small networks with odd graphs: attention, windows, functions of bare tensors, picks by number."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
import torchvision
from torch import nn
from torch.nn.utils import parametrizations
from torchvision.models import swin_transformer

from .odd import conv, image


class Between(nn.Module):
    """A layer, some step, a layer and a classifier."""

    def __init__(self, step, first=None, into=16):
        super().__init__()
        self.a, self.b, self.head = first or conv(3, 16), conv(into, 8), nn.Linear(8, 4)
        self.step = step

    def forward(self, x):
        return self.head(F.relu(self.b(self.step(F.relu(self.a(x))))).mean((2, 3)))


class Rolled(nn.Module):
    def forward(self, x):
        return torch.roll(x, 5, 1).flip(1)


class Looked(nn.Module):
    """Channels in the order of a buffer, twice."""

    def __init__(self):
        super().__init__()
        self.register_buffer("order", torch.randperm(16))

    def forward(self, x):
        return torch.index_select(x, 1, self.order)[:, self.order]


class Twice(nn.Module):
    def forward(self, x):
        return x.repeat(1, 2, 1, 1).repeat_interleave(2, 1)


class Fixed(nn.Module):
    """Scales and shifts that are buffers."""

    def __init__(self):
        super().__init__()
        self.register_buffer("scale", 0.5 + torch.rand(16, 1, 1))
        self.register_buffer("shift", torch.rand(1, 16, 1, 1))

    def forward(self, x):
        return x * self.scale - self.shift


class Maxout(nn.Module):
    def forward(self, x):
        return x.view(x.size(0), 8, 2, x.size(2), x.size(3)).amax(2)


class Pixels(nn.Module):
    def forward(self, x):
        return F.pixel_shuffle(F.pixel_unshuffle(x, 2), 1)


class Pyramid(nn.Module):
    """Resized to the size of another value, one head on two levels."""

    def __init__(self):
        super().__init__()
        self.a, self.b = conv(3, 16), conv(16, 24, stride=2)
        self.la, self.lb, self.out = conv(16, 12, 1), conv(24, 12, 1), conv(12, 4)

    def forward(self, x):
        a = F.relu(self.a(x))
        b = self.lb(F.relu(self.b(a)))
        return {"fine": self.out(self.la(a) + F.interpolate(b, size=a.shape[-2:])), "coarse": [self.out(b)]}


class Einsum(nn.Module):
    """Attention written as einsum, with projections of its own."""

    def __init__(self):
        super().__init__()
        self.embed, self.proj, self.head = nn.Linear(6, 32), nn.Linear(32, 32), nn.Linear(32, 4)
        self.q, self.k, self.v = (nn.Linear(32, 32) for _ in range(3))

    def forward(self, x):
        x = self.embed(x)
        q, k, v = (layer(x).view(x.shape[0], x.shape[1], 4, 8) for layer in (self.q, self.k, self.v))
        weights = torch.einsum("bnhd, bmhd -> bhnm", q, k).softmax(-1)
        y = torch.einsum("bhnm,bmhd->bnhd", weights, v).reshape(x.shape)
        return self.head(x + self.proj(y))


class OneNorm(nn.Module):
    """Three residual branches with one norm, two of them with one layer too."""

    def __init__(self):
        super().__init__()
        self.embed, self.norm, self.head = nn.Linear(6, 16), nn.LayerNorm(16), nn.Linear(16, 4)
        self.shared, self.own = nn.Linear(16, 24), nn.Linear(16, 20)
        self.back = nn.ModuleList([nn.Linear(24, 16), nn.Linear(24, 16), nn.Linear(20, 16)])

    def forward(self, x):
        x = self.embed(x)
        for layer, back in zip((self.shared, self.shared, self.own), self.back, strict=True):
            x = x + back(F.gelu(layer(self.norm(x))))
        return self.head(x)


class Named(nn.Module):
    """Answers with a dataclass that is no dictionary."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.head = conv(3, 16), conv(16, 24), nn.Linear(24, 4)

    def forward(self, x):
        b = self.b(F.relu(self.a(x)))
        return Answer(self.head(F.relu(b).mean((2, 3))), [b.mean()[None].expand(x.shape[0])])


@dataclass
class Answer:
    scores: torch.Tensor
    extra: list


def swin(second=False):
    new = {
        "block": swin_transformer.SwinTransformerBlockV2,
        "downsample_layer": swin_transformer.PatchMergingV2,
    }
    return torchvision.models.SwinTransformer(
        patch_size=[4, 4],
        embed_dim=16,
        depths=[2, 1],
        num_heads=[2, 4],
        window_size=[3, 3],
        num_classes=5,
        **(new if second else {}),
    )


# name -> (module, example inputs); as in `odd`.
NETWORKS = {
    "weight norm": (lambda: Between(nn.Identity(), parametrizations.weight_norm(conv(3, 16))), image),
    "rolled": (lambda: Between(Rolled()), image),
    "looked up": (lambda: Between(Looked()), image),
    "repeated": (lambda: Between(Twice(), into=64), image),
    "buffers": (lambda: Between(Fixed()), image),
    "maxout": (lambda: Between(Maxout(), into=8), image),
    "pixels": (lambda: Between(Pixels(), into=64), image),
    "pyramid": (Pyramid, image),
    "einsum": (Einsum, lambda: torch.randn(2, 5, 6)),
    "one norm": (OneNorm, lambda: torch.randn(2, 6)),
    "swin": (swin, lambda: image(32)),
    "swin v2": (lambda: swin(second=True), lambda: image(32)),
}
