"""Norms without scales are cut as those with scales of one are: statistics are those of what stays."""

import functools

import pytest
import timm
import torch
import torch.nn.functional as F
from timm.layers import LayerNorm2d, RmsNorm
from timm.layers.norm import RmsNormFp32
from torch import nn

import mdp
from mdp.networks.lively import liven
from mdp.surgery import extract
from mdp.surgery.check import random_decision
from mdp.surgery.put_back import put_back

from .test_by_outsiders import IMAGES, TOKENS, right

NORMS = {
    "layer": (lambda affine: nn.LayerNorm(16, elementwise_affine=affine), TOKENS),
    "another epsilon": (lambda affine: nn.LayerNorm(16, 0.1, elementwise_affine=affine), TOKENS),
    "RMS": (lambda affine: nn.RMSNorm(16, elementwise_affine=affine), TOKENS),
    "timm's RMS": (lambda affine: RmsNorm(16, affine=affine), TOKENS),
    "in float32": (lambda affine: RmsNormFp32(16, affine=affine), TOKENS),
    "of images": (lambda affine: LayerNorm2d(16, affine=affine), IMAGES),
    "one group": (lambda affine: nn.GroupNorm(1, 16, affine=affine), IMAGES),
    "groups": (lambda affine: nn.GroupNorm(4, 16, affine=affine), IMAGES),
    "instance": (lambda affine: nn.InstanceNorm2d(16, affine=affine), IMAGES),
}


class Net(nn.Module):
    """Norms inside a branch, of what the branches make, and at the end."""

    def __init__(self, norm, images):
        super().__init__()
        layer = functools.partial(nn.Conv2d, kernel_size=1) if images else nn.Linear
        self.a, self.b, self.c = layer(3 if images else 6, 16), layer(16, 12), layer(12, 16)
        self.norm, self.inner, self.end = norm(), nn.Linear(16, 3), norm()
        self.images = images

    def forward(self, x):
        x = self.a(x)
        x = self.end(x + self.c(F.relu(self.b(self.norm(x)))))
        return self.inner(x.square().mean((2, 3) if self.images else 1))


@pytest.mark.parametrize("name", NORMS)
def test_cut_as_norms_with_scales_of_one(name, tmp_path):
    make, x = NORMS[name]
    bare, scaled = (Net(lambda a=a: make(a), x is IMAGES).eval() for a in (False, True))
    net, pruned = right(bare, x)
    assert len(net.space.dims) == 2 and [b.name for b in net.space.blocks] == ["b"]
    scaled.load_state_dict(bare.state_dict(), strict=False)  # scales are one, shifts nought
    whole = mdp.prunable(scaled, x)
    for seed in range(3):
        plan = random_decision(net, seed)
        assert torch.allclose(extract(net, *plan)(x), extract(whole, *plan)(x), atol=1e-5)
    mdp.save(pruned, tmp_path)
    assert torch.equal(mdp.load(tmp_path, dense=Net(lambda: make(False), x is IMAGES))(x), pruned(x))


class Modulated(nn.Module):
    """DiT's: scales and shifts come from a condition."""

    def __init__(self):
        super().__init__()
        self.a, self.norm = nn.Linear(6, 16), nn.LayerNorm(16, elementwise_affine=False)
        self.condition, self.head = nn.Linear(5, 32), nn.Linear(16, 3)

    def forward(self, x, z):
        scale, shift = self.condition(F.silu(z)).chunk(2, -1)
        return self.head(self.norm(self.a(x)) * (1 + scale[:, None]) + shift[:, None])


class Heads(nn.Module):
    """One norm for queries and keys."""

    def __init__(self):
        super().__init__()
        self.qkv, self.norm, self.head = (
            nn.Linear(6, 48),
            nn.RMSNorm(4, elementwise_affine=False),
            nn.Linear(16, 3),
        )

    def forward(self, x):
        q, k, v = self.qkv(x).view(len(x), -1, 3, 4, 4).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(self.norm(q), self.norm(k), v)
        return self.head(y.transpose(1, 2).flatten(2))


def test_modulated_and_normed_heads():
    net, _ = right(Modulated(), TOKENS, torch.randn(2, 5))
    assert [d.units for d in net.space.dims] == [16]
    net, _ = right(Heads(), TOKENS)
    assert [d.name for d in net.space.dims] == ["qkv.heads", "qkv.qk", "qkv.v"]


def test_a_timm_network_with_such_norms_is_followed_as_a_graph():
    norm = functools.partial(nn.LayerNorm, elementwise_affine=False)
    model, x = timm.create_model("test_vit", norm_layer=norm, img_size=32), torch.randn(2, 3, 32, 32)
    net, _ = right(model, x, seeds=(0,))
    assert net.space.family == "traced" and len(net.space.dims) == 25


def test_an_instance_norm_does_not_warn_of_its_width(recwarn):
    model = Net(lambda: nn.InstanceNorm2d(16), True).eval()
    liven(model, 0)
    net = mdp.prunable(model, IMAGES)
    extract(net, *random_decision(net, 0))(IMAGES)
    assert not [w for w in recwarn if "num_features" in str(w.message)]


@pytest.mark.parametrize("norm", [nn.BatchNorm2d, nn.InstanceNorm2d, functools.partial(nn.GroupNorm, 4)])
def test_weights_of_the_pruned_network_are_put_back(norm):
    model = Net(lambda: norm(16, affine=False), True).eval()
    net, _ = right(model, IMAGES)
    plan = random_decision(net, 1, remove=False)
    pruned = extract(net, *plan)
    with torch.no_grad():
        for tensor in pruned.state_dict().values():
            if tensor.is_floating_point():
                tensor.mul_(1.1)
    assert torch.allclose(put_back(net, pruned, *plan)(IMAGES), pruned(IMAGES), atol=1e-4)


class Shared(Net):
    """One norm under two names, or two norms of one tensor of scales."""

    def __init__(self, norm, scales_alone):
        super().__init__(norm, False)
        if scales_alone:
            self.end.weight = self.norm.weight
        else:
            self.end = self.norm


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("scales_alone", [True, False])
def test_norms_that_are_shared_lose_channels(affine, scales_alone):
    make = functools.partial(nn.LayerNorm, 16, elementwise_affine=affine)
    net, _ = right(Shared(make, scales_alone), TOKENS)
    assert [d.name for d in net.space.dims] == ["a", "b"], net.space.skipped


def test_scales_that_are_shared_with_a_block_that_is_gone_are_put_back():
    net, _ = right(Shared(functools.partial(nn.LayerNorm, 16), True), TOKENS)
    plan = {"a": 10, "b": None}, ["b"], {"a": list(range(16))}
    pruned = extract(net, *plan)
    with torch.no_grad():
        pruned.get_parameter("end.weight").mul_(1.5)
    assert torch.allclose(put_back(net, pruned, *plan)(TOKENS), pruned(TOKENS), atol=1e-4)
