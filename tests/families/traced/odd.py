"""Small networks with odd graphs, and a decision at random for them."""

import torch
import torch.nn.functional as F
from torch import nn


def conv(a, b, kernel=3, **more):
    return nn.Conv2d(a, b, kernel, padding=kernel // 2, **more)


class Shared(nn.Module):
    """One layer that runs twice."""

    def __init__(self):
        super().__init__()
        self.first, self.twice, self.head = conv(3, 16), conv(16, 16), nn.Linear(16, 5)

    def forward(self, x):
        x = F.relu(self.first(x))
        x = F.relu(self.twice(F.relu(self.twice(x))))
        return self.head(x.mean((2, 3)))


class TiedWeights(nn.Module):
    """Two layers with one weight."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c, self.head = *(nn.Linear(8, 8) for _ in range(3)), nn.Linear(8, 3)
        self.b.weight = self.a.weight

    def forward(self, x):
        return self.head(torch.relu(self.c(torch.relu(self.b(torch.relu(self.a(x)))))))


class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(conv(3, 16), nn.BatchNorm2d(16), nn.ReLU(), conv(16, 24), nn.ReLU())
        self.classes, self.boxes = nn.Linear(24, 7), conv(24, 4, 1)

    def forward(self, x):
        x = self.body(x)
        return {"classes": self.classes(x.mean((2, 3))), "boxes": [self.boxes(x)]}


class Shuffle(nn.Module):
    """A ShuffleNet unit: half of the channels pass, the rest is worked on, and all are shuffled."""

    def __init__(self):
        super().__init__()
        self.stem, self.head = conv(3, 24), nn.Linear(24, 5)
        self.units = nn.ModuleList(
            nn.Sequential(
                conv(12, 12, 1), nn.ReLU(), conv(12, 12, groups=12), nn.BatchNorm2d(12), conv(12, 12, 1)
            )
            for _ in range(3)
        )

    def forward(self, x):
        x = F.relu(self.stem(x))
        for unit in self.units:
            a, b = x.chunk(2, dim=1)
            x = torch.cat([a, F.relu(unit(b))], dim=1)
            n, c, h, w = x.shape
            x = x.view(n, 2, c // 2, h, w).transpose(1, 2).contiguous().view(n, c, h, w)
        return self.head(x.mean((2, 3)))


class SqueezeConcat(nn.Module):
    """A squeeze-excite gate on a concatenation, and a residual around a concatenation."""

    def __init__(self):
        super().__init__()
        self.stem, self.a, self.b = conv(3, 16), conv(16, 8), conv(16, 12, 1)
        self.down, self.up = nn.Linear(20, 6), nn.Linear(6, 20)
        self.back, self.head = conv(20, 16, 1), nn.Linear(16, 5)

    def forward(self, x):
        x = F.relu(self.stem(x))
        y = torch.cat([self.a(x), self.b(x)], 1)
        gate = torch.sigmoid(self.up(F.relu(self.down(F.adaptive_avg_pool2d(y, 1).flatten(1)))))
        y = y * gate[:, :, None, None]
        x = x + self.back(F.relu(y))
        return self.head(x.mean((2, 3)))


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.d1, self.d2, self.d3 = conv(3, 8), conv(8, 16), conv(16, 16)
        self.up = nn.ConvTranspose2d(16, 12, 2, stride=2)
        self.u2, self.u1, self.out = conv(28, 8), conv(16, 8), conv(8, 2, 1)

    def forward(self, x):
        a = F.relu(self.d1(x))
        b = F.relu(self.d2(F.max_pool2d(a, 2)))
        c = F.relu(self.d3(F.max_pool2d(b, 2)))
        c = F.relu(self.u2(torch.cat([self.up(c), b], 1)))
        c = F.interpolate(c, scale_factor=2, mode="bilinear", align_corners=False)
        return self.out(F.relu(self.u1(torch.cat([c, a], 1))))


class OptionA(nn.Module):
    """CIFAR's ResNet: shortcuts are strided slices with channels of zeros on both sides."""

    def __init__(self, widths=(8, 16, 32), depth=2):
        super().__init__()
        self.conv1, self.bn1 = conv(3, widths[0], bias=False), nn.BatchNorm2d(widths[0])
        stages, before = [], widths[0]
        for width in widths:
            blocks = []
            for _ in range(depth):
                blocks.append(OptionABlock(before, width))
                before = width
            stages.append(nn.Sequential(*blocks))
        self.layer1, self.layer2, self.layer3 = stages
        self.linear = nn.Linear(widths[-1], 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        x = F.avg_pool2d(x, x.size()[3])
        return self.linear(x.view(x.size(0), -1))


class OptionABlock(nn.Module):
    def __init__(self, before, width):
        super().__init__()
        self.wider = width - before
        self.conv1 = conv(before, width, stride=2 if self.wider else 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv(width, width, bias=False), nn.BatchNorm2d(width)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.wider:
            side = self.wider // 2
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, side, side), "constant", 0)
        return F.relu(y + x)


class Grouped(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.many, self.few = conv(3, 16), conv(16, 32, groups=8), conv(32, 16, groups=2)
        self.wide = conv(16, 32, groups=16)
        self.norm, self.act, self.head = nn.GroupNorm(4, 32), nn.PReLU(32), nn.Linear(32, 5)

    def forward(self, x):
        x = F.relu(self.few(F.relu(self.many(F.relu(self.stem(x))))))
        return self.head(self.act(self.norm(self.wide(x))).amax((-1, -2)))


class Transposed(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.up = conv(3, 16), nn.ConvTranspose2d(16, 16, 3, groups=4)
        self.deep, self.out = nn.ConvTranspose2d(16, 16, 2, groups=16), nn.ConvTranspose2d(16, 2, 1)
        self.norm = nn.InstanceNorm2d(16, affine=True)

    def forward(self, x):
        return self.out(F.relu(self.deep(self.norm(self.up(F.relu(self.stem(x)))))))


class OneDimension(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.n, self.b = nn.Conv1d(4, 16, 3), nn.BatchNorm1d(16), nn.Conv1d(16, 12, 3, groups=4)
        self.head = nn.Linear(12 * 6, 5)

    def forward(self, x):
        return self.head(torch.flatten(self.b(F.gelu(self.n(self.a(x)))), 1))


class ThreeDimensions(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.n, self.b = nn.Conv3d(1, 8, 3), nn.BatchNorm3d(8), nn.Conv3d(8, 8, 3, padding=1)
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        x = F.relu(self.n(self.a(x)))
        x = F.avg_pool3d(x + self.b(x), 2)
        return self.head(x.mean((2, 3, 4)))


class Slices(nn.Module):
    """Channels picked by bounds, strides and gates of halves."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = conv(3, 24), conv(8, 16), conv(12, 16)
        self.scale, self.head = nn.Parameter(torch.ones(16, 1, 1)), nn.Linear(8, 5)

    def forward(self, x):
        x = F.relu(self.a(x))
        y = self.b(x[:, :8]) * self.scale + self.c(x[:, ::2])
        return self.head(F.glu(y, 1).mean((2, 3)))


class Attention(nn.Module):
    def __init__(self, heads=4, width=32):
        super().__init__()
        self.heads = heads
        self.embed, self.pos = nn.Conv2d(3, width, 4, stride=4), nn.Parameter(torch.randn(1, 4, width))
        self.n1, self.n2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 64), nn.GELU(), nn.Linear(64, width))
        self.head = nn.Linear(width, 5)

    def forward(self, x):
        x = self.embed(x).flatten(2).transpose(1, 2) + self.pos
        b, n, c = x.shape
        q, k, v = self.qkv(self.n1(x)).reshape(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, c)
        x = x + self.proj(y)
        return self.head((x + self.mlp(self.n2(x))).mean(1))


class TwoInputs(nn.Module):
    def __init__(self):
        super().__init__()
        self.image, self.table, self.words = conv(3, 16), nn.Linear(6, 16), nn.Embedding(11, 16)
        self.head = nn.Linear(16, 3)

    def forward(self, image, table, words):
        x = F.relu(self.image(image)).mean((2, 3)) + F.relu(self.table(table)) + self.words(words)
        return self.head(x), x[:, 0]


def image(size=8, channels=3):
    return torch.randn(2, channels, size, size)


# name -> (module, example inputs, dims, blocks)
NETWORKS = {
    "shared": (Shared, lambda: (image(),)),
    "tied weights": (TiedWeights, lambda: (torch.randn(2, 8),)),
    "two heads": (TwoHeads, lambda: (image(),)),
    "shuffle": (Shuffle, lambda: (image(),)),
    "squeeze on a concatenation": (SqueezeConcat, lambda: (image(),)),
    "u-net": (UNet, lambda: (image(),)),
    "option A": (OptionA, lambda: (image(16),)),
    "grouped": (Grouped, lambda: (image(),)),
    "transposed": (Transposed, lambda: (image(),)),
    "1-D": (OneDimension, lambda: (torch.randn(2, 4, 10),)),
    "3-D": (ThreeDimensions, lambda: (torch.randn(2, 1, 6, 6, 6),)),
    "slices": (Slices, lambda: (image(),)),
    "attention": (Attention, lambda: (image(8),)),
    "two inputs": (TwoInputs, lambda: (image(), torch.randn(2, 6), torch.tensor([3, 4]))),
}
