"""Layers that run more than once are not folded: at their other places they would be wrong."""

import pytest
import torch
from torch import nn

import mdp
from mdp.networks.lively import liven
from mdp.surgery import deploy, extract
from mdp.surgery.check import random_decision


class SharedNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 12, 3, padding=1), nn.Conv2d(12, 12, 3, padding=1)
        self.norm, self.head = nn.BatchNorm2d(12), nn.Linear(12, 3)

    def forward(self, x):
        return self.head(self.norm(self.b(self.norm(self.a(x)).relu())).mean((2, 3)))


class SharedConv(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 12, 3, padding=1), nn.Conv2d(12, 12, 3, padding=1)
        self.first, self.second = nn.BatchNorm2d(12), nn.BatchNorm2d(12)
        self.head = nn.Linear(12, 3)

    def forward(self, x):
        x = self.first(self.b(self.a(x).relu()))
        return self.head(self.second(self.b(x)).mean((2, 3)))


@pytest.mark.parametrize("make", [SharedNorm, SharedConv])
def test_deployed_is_extracted(make):
    torch.manual_seed(0)
    model, x = make().eval(), torch.randn(2, 3, 8, 8)
    liven(model, 0)
    net = mdp.prunable(model, x)
    pruned = extract(net, *random_decision(net, 0))
    with torch.no_grad():
        assert torch.allclose(deploy(pruned)(x), pruned(x), atol=1e-5)
