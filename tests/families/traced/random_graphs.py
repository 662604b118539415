"""Networks put together at random: every step reads values that earlier steps made."""

import random

import torch
import torch.nn.functional as F
from torch import nn


class Gate(nn.Module):
    """Squeeze and excite."""

    def __init__(self, width, random):
        super().__init__()
        self.down, self.up = nn.Conv2d(width, 4, 1), nn.Conv2d(4, width, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.up(F.relu(self.down(x.mean((2, 3), keepdim=True)))))


class Tokens(nn.Module):
    """Attention over the positions of an image, around which it is a residual branch."""

    def __init__(self, width, random):
        super().__init__()
        self.heads = random.choice([h for h in (1, 2, 4) if width % h == 0])
        self.norm, self.qkv = nn.LayerNorm(width), nn.Linear(width, 3 * width)
        self.out, self.fused = nn.Linear(width, width), random.random() < 0.5

    def forward(self, x):
        b, c, h, w = x.shape
        y = self.norm(x.flatten(2).transpose(1, 2))
        q, k, v = self.qkv(y).reshape(b, h * w, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        if self.fused:
            y = F.scaled_dot_product_attention(q, k, v)
        else:
            y = (q @ k.transpose(-2, -1) * (c // self.heads) ** -0.5).softmax(-1) @ v
        y = self.out(y.transpose(1, 2).reshape(b, h * w, c))
        return x + y.transpose(1, 2).reshape(b, c, h, w)


class Shuffled(nn.Module):
    def __init__(self, width, random):
        super().__init__()
        self.groups = next(g for g in (4, 3, 2, 1) if width % g == 0)

    def forward(self, x):
        b, c, h, w = x.shape
        return x.view(b, self.groups, c // self.groups, h, w).transpose(1, 2).reshape(b, c, h, w)


class Halves(nn.Module):
    """Two halves, split, one of them worked on, joined the other way round or multiplied."""

    def __init__(self, width, random):
        super().__init__()
        self.how, self.even = random.choice(["join", "gate", "strides"]), width % 2 == 0
        self.conv = nn.Conv2d(max(1, width // 2), max(1, width // 2), 3, padding=1)
        self.wide = nn.Conv2d(max(1, width // 2), width, 1)

    def forward(self, x):
        if not self.even:
            return x
        if self.how == "strides":
            return self.wide(self.conv(x[:, ::2]) + x[:, 1::2])
        a, b = x.chunk(2, 1) if self.how == "join" else torch.split(x, x.shape[1] // 2, dim=1)
        return torch.cat([self.conv(b), a], 1) if self.how == "join" else self.wide(F.gelu(self.conv(a)) * b)


class Pixels(nn.Module):
    """Channels to pixels and back, or padded and cropped."""

    def __init__(self, width, random):
        super().__init__()
        self.shuffle, self.pad = width % 4 == 0 and random.random() < 0.7, random.choice([1, 2])
        self.conv = nn.Conv2d(max(1, width // 4), 6, 3, padding=1)
        self.back = nn.Conv2d(24, width, 1)

    def forward(self, x):
        if not self.shuffle:
            return F.pad(x, (self.pad,) * 4)[:, :, self.pad : -self.pad, self.pad : -self.pad]
        return self.back(F.pixel_unshuffle(self.conv(F.pixel_shuffle(x, 2)), 2))


def _layer(width, random):
    """(layer, its width): any convolution that keeps the size of an image."""
    kind = random.choice(["plain", "plain", "plain", "depthwise", "multiplied", "grouped", "transposed"])
    groups = random.choice([g for g in (2, 3, 4, 6, 8) if width % g == 0] or [1])
    wide = random.choice([8, 12, 16, 24])
    bias = random.random() < 0.5
    if kind == "depthwise":
        return nn.Conv2d(width, width, 3, padding=1, groups=width, bias=bias), width
    if kind == "multiplied":
        return nn.Conv2d(width, 2 * width, 3, padding=1, groups=width, bias=bias), 2 * width
    if kind == "grouped":
        wide = groups * max(1, wide // groups)
        return nn.Conv2d(width, wide, 3, padding=1, groups=groups, bias=bias), wide
    if kind == "transposed":
        return nn.ConvTranspose2d(width, wide, 3, padding=1, bias=bias), wide
    return nn.Conv2d(width, wide, random.choice([1, 3]), padding="same", bias=bias), wide


def _norm(width, random):
    groups = random.choice([g for g in (1, 2, 3, 4) if width % g == 0])
    return random.choice(
        [
            nn.BatchNorm2d(width),
            nn.BatchNorm2d(width),
            nn.GroupNorm(groups, width),
            nn.InstanceNorm2d(width, affine=True),
            nn.Identity(),
        ]
    )


def _act(width, random):
    return random.choice(
        [
            nn.ReLU(),
            nn.ReLU(inplace=True),
            nn.PReLU(width),
            nn.PReLU(),
            nn.SiLU(),
            nn.Hardswish(),
            nn.Sigmoid(),
        ]
    )


SPECIAL = (Gate, Tokens, Shuffled, Halves, Pixels)


class RandomNetwork(nn.Module):
    """`plan` says of every step what it does, with which layers, and which values it reads."""

    def __init__(self, seed, steps=7):
        super().__init__()
        r = random.Random(seed)
        first = r.choice([8, 12, 16])
        self.stem, widths = nn.Conv2d(3, first, 3, padding=1), [first]
        self.parts, self.plan = nn.ModuleList(), []
        for _ in range(steps):
            what = r.choice(["layer", "layer", "special", "add", "join", "again", "size"])
            at = r.choice([len(widths) - 1, len(widths) - 1, r.randrange(len(widths))])
            same = [i for i in range(len(widths) - 1) if widths[i] == widths[-1]]
            if what == "layer":
                conv, width = _layer(widths[at], r)
                self._put("run", (at,), nn.Sequential(conv, _norm(width, r), _act(width, r)))
                widths.append(width)
            elif what == "special":
                self._put("run", (at,), r.choice(SPECIAL)(widths[at], r))
                widths.append(widths[at])
            elif what == "add" and same:
                self._put(r.choice(["add", "iadd", "mul"]), (len(widths) - 1, r.choice(same)))
                widths.append(widths[-1])
            elif what == "join":
                both = (len(widths) - 1, r.randrange(len(widths)))
                self._put("join", both)
                widths.append(sum(widths[i] for i in both))
            elif what == "again":  # one convolution that runs twice
                conv = nn.Conv2d(widths[at], widths[at], 3, padding=1)
                self._put("run", (at,), nn.Sequential(conv, nn.ReLU(), conv))
                widths.append(widths[at])
            elif what == "size":
                self._put(r.choice(["pool", "interpolate"]), (at,))
                widths.append(widths[at])
        self.flat = r.random() < 0.5
        self.head = nn.Linear(widths[-1] * (36 if self.flat else 1), 5)
        self.second = nn.Conv2d(widths[r.randrange(len(widths))], 2, 1) if r.random() < 0.4 else None
        self.read = next((i for i, w in enumerate(widths) if self.second and w == self.second.in_channels), 0)

    def _put(self, what, reads, part=None):
        self.plan.append((what, reads, len(self.parts) if part is not None else None))
        if part is not None:
            self.parts.append(part)

    def forward(self, x):
        values = [self.stem(x)]
        for what, reads, part in self.plan:
            a = values[reads[0]]
            if what == "run":
                y = self.parts[part](a.clone() if len(reads) > 1 else a + 0)
            elif what == "add":
                y = a + values[reads[1]]
            elif what == "iadd":
                y = a.clone()
                y += values[reads[1]]
            elif what == "mul":
                y = a * values[reads[1]]
            elif what == "join":
                y = torch.cat([a, values[reads[1]]], dim=1)
            elif what == "pool":
                y = F.max_pool2d(a, 3, stride=1, padding=1)
            else:
                y = F.avg_pool2d(F.interpolate(a, scale_factor=2, mode="nearest"), 2)
            values.append(y)
        last = values[-1]
        last = torch.flatten(F.adaptive_avg_pool2d(last, 6), 1) if self.flat else last.mean((2, 3))
        return self.head(last) if self.second is None else (self.head(last), self.second(values[self.read]))
