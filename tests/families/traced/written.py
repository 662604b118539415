"""Small networks that write into tensors, ask for lengths, or write their norms out by hand."""

from collections import namedtuple

import torch
import torch.nn.functional as F
from torch import nn

from .odd import conv, image


class Base(nn.Module):
    def __init__(self, norm=None):
        super().__init__()
        self.a, self.b, self.head = conv(3, 16), conv(16, 16), nn.Linear(16, 4)
        self.norm = norm or nn.Identity()

    def forward(self, x):
        return self.end(self.b(F.relu(self.norm(self.a(x)))))

    def end(self, x):
        return self.head(F.relu(x).mean((2, 3)))


class Shift(Base):
    """Some channels one pixel to the left, some to the right, as TSM does."""

    def forward(self, x):
        x = F.relu(self.a(x))
        moved = torch.zeros_like(x)
        moved[..., :4, :, 1:] = x[:, :4, :, :-1]
        moved[:, 4:8, :, :-1] = x[:, 4:8, :, 1:]
        moved[:, 8:] = x[:, 8:]
        return self.end(self.b(moved) + x)


class Odds(Base):
    """Even and odd channels change places; what lies below zero is written over."""

    def forward(self, x):
        x = self.a(x)
        x[x < 0] = 0
        turned = torch.empty_like(x)
        turned[:, ::2], turned[:, 1::2] = x[:, 1::2], x[:, ::2]
        turned[:, :, 0] *= 2
        return self.end(self.b(turned))


class Kept(Base):
    """Two names for one value, which is added to in place."""

    def forward(self, x):
        x = F.relu(self.a(x))
        before = x
        n = count = x.shape[1]
        count += 1
        x += self.b(x) / (count - n)
        return self.end(x * before)


class Longer(Base):
    """A shortcut of fewer channels, with zeros behind them."""

    def __init__(self):
        super().__init__()
        self.c, self.head = conv(16, 24), nn.Linear(24, 4)

    def forward(self, x):
        x = F.relu(self.a(x))
        none = torch.zeros(len(x), 8, *x.shape[2:], device=x.device)
        return self.end(self.c(F.relu(self.b(x))) + torch.cat([x, none], 1))


class Unpacked(nn.Module):
    """Queries, keys and values as the parts of one tensor."""

    def __init__(self):
        super().__init__()
        self.embed, self.qkv, self.head = nn.Linear(6, 24), nn.Linear(24, 72), nn.Linear(24, 4)
        self.out = nn.Linear(24, 24)
        self.token = nn.Parameter(torch.randn(1, 1, 24))

    def forward(self, x):
        x = torch.cat([self.token.repeat(len(x), 1, 1), self.embed(x)], 1)
        b, n, c = x.shape
        parts = [t for t in self.qkv(x).reshape(b, n, 3, 4, 6).permute(2, 0, 3, 1, 4)]
        y = F.scaled_dot_product_attention(*parts).transpose(1, 2).reshape(b, n, c)
        return self.head((x + self.out(y))[:, 0])


class LayerNorm(nn.Module):
    """As in the authors' ConvNeXt."""

    def __init__(self, width, first=True):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))
        self.eps, self.first = 1e-4, first

    def forward(self, x):
        if not self.first:
            return F.layer_norm(x, (x.shape[-1],), self.weight, self.bias, self.eps)
        mean = x.mean(1, keepdim=True)
        x = (x - mean) / torch.sqrt((x - mean).pow(2).mean(1, keepdim=True) + self.eps)
        return self.weight[:, None, None] * x + self.bias[:, None, None]


class RootNorm(nn.Module):
    """As in LLaMA."""

    def __init__(self, width):
        super().__init__()
        self.weight, self.variance_epsilon = nn.Parameter(torch.ones(width)), 3e-4

    def forward(self, x):
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon))


class FrozenNorm(nn.Module):
    """As in DETR."""

    def __init__(self, width):
        super().__init__()
        for name in ("weight", "bias", "running_mean", "running_var"):
            self.register_buffer(name, 0.5 + torch.rand(width))

    def forward(self, x):
        weight, bias, mean, var = (t.reshape(1, -1, 1, 1) for t in self.buffers())
        scale = weight * (var + 1e-5).rsqrt()
        return x * scale + bias - mean * scale


class Last(nn.Module):
    """A norm over the last axis, for an image."""

    def __init__(self, norm):
        super().__init__()
        self.norm = norm

    def forward(self, x):
        return self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


@torch.jit.script
def scripted(x):
    return x * torch.sigmoid(x)


class Scripted(nn.Module):
    """torch.fx does not get past a scripted function."""

    def __init__(self):
        super().__init__()
        self.a, self.norm, self.b, self.last = conv(3, 16), nn.BatchNorm2d(16), conv(16, 12), nn.LayerNorm(12)
        self.scale, self.head = nn.Parameter(torch.rand(12)), nn.Linear(12, 4)

    def forward(self, x):
        x = scripted(self.b(scripted(self.norm(self.a(x)))))
        x = self.last(x.flatten(2).transpose(1, 2).reshape(x.shape[0], -1, 12)) * self.scale
        return {"scores": self.head(x.mean(1)), "all": [x, (x.amax(1),)]}


class Within(nn.Module):
    """The same as a part of another."""

    def __init__(self):
        super().__init__()
        self.part, self.end = Scripted(), nn.Sequential(nn.Linear(4, 20), nn.ReLU(), nn.Linear(20, 3))

    def forward(self, x):
        return self.end(self.part(x)["scores"])


Pair = namedtuple("Pair", "scores features")


class Named(Base):
    def forward(self, x):
        x = self.b(F.relu(self.a(x)))
        return Pair(self.end(x), x)


def tokens():
    return torch.randn(2, 5, 6)


# make, inputs, dims, blocks
NETWORKS = {
    "shifted": (Shift, image, 3, 1),
    "even and odd": (Odds, image, 2, 0),
    "added to in place": (Kept, image, 1, 1),
    "zeros on the shortcut": (Longer, image, 3, 1),
    "unpacked": (Unpacked, tokens, 4, 1),
    "norm by hand": (lambda: Base(LayerNorm(16)), image, 2, 0),
    "norm of the last": (lambda: Base(Last(LayerNorm(16, first=False))), image, 2, 0),
    "root norm": (lambda: Base(Last(RootNorm(16))), image, 2, 0),
    "frozen norm": (lambda: Base(FrozenNorm(16)), image, 2, 0),
    "scripted": (Scripted, image, 1, 0),
    "scripted within": (Within, image, 4, 0),
    "named tuple": (Named, image, 1, 0),
}
