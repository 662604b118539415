"""Where a block is gone, nothing writes over what was there before its sum, however it is looked at."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mdp.surgery import extract

from .test_by_outsiders import IMAGES, right

VIEWS = {
    "cast": lambda x: x.float(),
    "type": lambda x: x.type_as(x),
    "transposed": lambda x: x.mT,
    "expanded": lambda x: x.expand(-1, -1, -1, -1),
    "narrowed": lambda x: x.narrow(2, 0, 3),
    "selected": lambda x: x.select(2, 0)[..., None],
    "dropped": lambda x: F.dropout2d(x, 0.5, training=False),
    "reshaped as": lambda x: x.reshape_as(x),
}


class Viewed(nn.Module):
    """The gradient of the sigmoid, and the last product, need it as it was."""

    def __init__(self, view):
        super().__init__()
        self.a, self.b, self.head = nn.Conv2d(3, 16, 3), nn.Conv2d(16, 16, 1), nn.Linear(16, 3)
        self.view = view

    def forward(self, x):
        first = torch.sigmoid(self.a(x))
        x = self.view(first + self.b(first)).mul_(0.3)
        return self.head(x.flatten(2).mean(2) * first.mean((2, 3)))


class Unseen(nn.Module):
    """Control flow on numbers: no trace looks into it."""

    def forward(self, x):
        return x.mul_(0.3) if x.sum() > -1e9 else x


@pytest.mark.parametrize("name", [*VIEWS, "unseen"])
def test_a_sum_that_is_gone_is_not_written_over(name):
    net, _ = right(Viewed(VIEWS.get(name, Unseen())), IMAGES, seeds=range(4))
    assert [b.name for b in net.space.blocks] == ["b"]
    pruned = extract(net, {d.name: d.units for d in net.space.dims}, ["b"])
    pruned.train()(IMAGES).square().sum().backward()
    assert all(p.grad is not None for p in pruned.parameters())


class Cast(nn.Module):
    """Every second channel is written through a cast that casts nothing: what picks them must be a view."""

    def __init__(self, last):
        super().__init__()
        self.a, self.b, self.head = nn.Conv2d(3, 16, 3), nn.Conv2d(16, 12, 1), nn.Linear(12, 3)
        self.last = last

    def forward(self, x):
        x = self.a(x)
        if self.last:
            x.mul_(1 + x[:, ::2].to(torch.float32).mul_(0.3).mean())
        else:
            x[:, ::2].float().mul_(0.3)
        return self.head(F.relu(self.b(x)).mean((2, 3)))


@pytest.mark.parametrize("last", [True, False])
def test_what_is_written_through_a_cast_is_tried_as_it_runs(last):
    """In float64 the cast is a copy, and every cut seems right."""
    net, _ = right(Cast(last), IMAGES, seeds=range(4))
    assert [d.name for d in net.space.dims] == ["b"]


class Statement(nn.Module):
    """Nobody reads what the step gives."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.head = nn.Conv2d(3, 16, 3), nn.Conv2d(16, 16, 1), nn.Linear(16, 3)

    def forward(self, x):
        x = torch.sigmoid(self.a(x)) - 0.5
        x = x + self.b(x)
        F.relu(x, inplace=True)
        return self.head(x.mean((2, 3)))


def test_a_step_in_place_that_nobody_reads_stays():
    net, _ = right(Statement(), IMAGES)
    assert [d.name for d in net.space.dims] == ["a"] and [b.name for b in net.space.blocks] == ["b"]
