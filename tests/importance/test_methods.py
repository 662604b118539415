"""Every score against its formula, computed by hand on small networks."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mdp.core.problem import Block
from mdp.core.space import Space, SpaceDim
from mdp.core.study import ModelRef
from mdp.families import find
from mdp.importance import score
from mdp.importance.nvit import constant
from mdp.networks.models import create
from mdp.networks.prunable import PrunableNetwork
from mdp.networks.slices import Slice

from ..training.tiny import VIT


class Residual(nn.Module):
    """Two convolutions with batch norms that write the same four channels; the second one is block "b"."""

    def __init__(self):
        super().__init__()
        self.a, self.a_norm = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4)
        self.b, self.b_norm = nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        x = self.a_norm(self.a(x)).relu()
        x = (x + self.b_norm(self.b(x))).relu()
        return self.head(x.mean((2, 3)))


@pytest.fixture
def found():
    torch.manual_seed(3)
    model = Residual().eval()
    with torch.no_grad():
        for norm in (model.a_norm, model.b_norm):
            nn.init.uniform_(norm.weight, 0.5, 1.5)
            nn.init.normal_(norm.bias)
            nn.init.normal_(norm.running_mean, std=0.1)
    each = np.arange(4)[:, None]
    slices = (
        Slice("width", "a.weight", 0, each, None, "output"),
        Slice("width", "a_norm.weight", 0, each, None, "output"),
        Slice("width", "b.weight", 0, each, "b", "output"),
        Slice("width", "b.weight", 1, each, "b", "input"),
        Slice("width", "b_norm.weight", 0, each, "b", "output"),
        Slice("width", "head.weight", 1, each, None, "input"),
    )
    space = Space("tiny", "test", (SpaceDim("width", "channels", 4, (1, 2, 3, 4)),), (Block("b"),))
    norms = {"width": (("a_norm.weight", "a_norm.bias", None), ("b_norm.weight", "b_norm.bias", "b"))}
    return PrunableNetwork(model, ModelRef("tiny", "none", (1, 6, 6), 3), space, slices, (), norms)


@pytest.fixture
def batches():
    torch.manual_seed(4)
    return [(torch.randn(5, 1, 6, 6), torch.randint(0, 3, (5,))) for _ in range(3)]


def gradients(model, batch):
    """name -> (weight, gradient), of the mean cross-entropy of one batch."""
    names, tensors = zip(*model.named_parameters(), strict=True)
    found = torch.autograd.grad(F.cross_entropy(model(batch[0]), batch[1]), tensors)
    return {n: (t.detach(), g) for n, t, g in zip(names, tensors, found, strict=True)}


def share(scores, block):
    return next(values for _, b, _, values in scores.shares if b == block)


def test_taylor_is_the_gate_of_each_norm(found, batches):
    expected = {"a_norm": np.zeros(4), "b_norm": np.zeros(4)}
    for batch in batches:
        g = gradients(found.model, batch)
        for norm in expected:
            (gamma, d_gamma), (beta, d_beta) = g[f"{norm}.weight"], g[f"{norm}.bias"]
            expected[norm] += (gamma * d_gamma + beta * d_beta).abs().numpy()
    scores = score(found, batches, "taylor")
    assert np.allclose(share(scores, None), expected["a_norm"], rtol=1e-4)
    assert np.allclose(share(scores, "b"), expected["b_norm"], rtol=1e-4)
    assert scores.order["width"].tolist() == np.argsort(-sum(expected.values())).tolist()


def test_taylor_without_norms_is_weight_times_gradient(found, batches):
    bare = PrunableNetwork(found.model, found.ref, found.space, found.slices, (), {})
    expected = np.zeros(4)
    for batch in batches:
        g = {name: (w * d).numpy() for name, (w, d) in gradients(found.model, batch).items()}
        expected += np.abs(whole(g))
    scores = score(bare, batches, "taylor")
    assert np.allclose(share(scores, None) + share(scores, "b"), expected, rtol=1e-4)


def test_hessian_squares_the_sum_over_everything_owned(found, batches):
    total, rest, block = np.zeros(4), np.zeros(4), np.zeros(4)
    for batch in batches:
        g = {name: (w * d).numpy() for name, (w, d) in gradients(found.model, batch).items()}
        in_b = g["b.weight"].sum((1, 2, 3)) + g["b.weight"].sum((0, 2, 3)) + g["b_norm.weight"]
        total += whole(g) ** 2  # not divided by the five tensors that share a unit
        rest += (whole(g) - in_b) ** 2
        block += in_b**2
    scores = score(found, batches, "hessian")
    assert np.allclose(share(scores, "b"), total * block / (block + rest), rtol=1e-3)
    assert np.allclose(share(scores, None), total * rest / (block + rest), rtol=1e-3)


def test_nvit_divides_by_its_constants_before_squaring(batches):
    found = find(create(VIT), VIT)
    images = [(torch.randn(4, 1, 28, 28), torch.randint(0, 10, (4,)))]
    plain, nvit = (score(found, images, method) for method in ("hessian", "nvit"))
    for (_, _, dim, before), (_, _, _, after) in zip(plain.shares, nvit.shares, strict=True):
        kind = next(d.kind for d in found.space.dims if d.name == dim)
        by = {"embedding": 2, "heads": 2, "qk": 2, "v": 2, "mlp": 1}[kind]  # two blocks
        assert np.allclose(after, before / by**2)
    assert [constant(kind, 12) for kind in ("embedding", "heads", "qk", "v", "mlp")] == [12, 12, 2, 2, 1]


def whole(g):
    """Sum of w·∂w over all that each unit owns."""
    return (
        g["a.weight"].sum((1, 2, 3)) + g["a_norm.weight"] + g["b.weight"].sum((1, 2, 3))
        + g["b.weight"].sum((0, 2, 3)) + g["b_norm.weight"] + g["head.weight"].sum(0)
    )  # fmt: skip


def test_magnitude_is_the_mean_absolute_weight(found):
    w = {name: p.detach().abs().numpy() for name, p in found.model.named_parameters()}
    scores = score(found, (), "magnitude")
    owned = 9 + 1 + 36 + 36 + 1 + 3
    assert np.allclose(share(scores, None) + share(scores, "b"), whole(w) / owned, rtol=1e-5)
    assert scores.provenance["agreement"] == {}
