"""The pruned network computes what the masked one computes, for random and extreme plans of every family."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mdp.core.errors import MdpError
from mdp.surgery import deploy, extract, mask
from mdp.surgery.check import random_decision

from ..families.small import NETWORKS, images, network

EVERY = pytest.mark.parametrize("name", NETWORKS)


def agree(a, b):
    assert a.shape == b.shape and torch.isfinite(a).all()
    assert (a - b).abs().max() <= (2e-6 if a.dtype == torch.float32 else 1e-12) * b.abs().max()


def decision(found, width, gone, seed=0):
    """(choices, removed, order): `width` picks units of each dim from its dense number."""
    random = np.random.default_rng(seed)
    order = {d.name: random.permutation(d.units) for d in found.space.dims}
    removed = [b.name for b in found.space.blocks if b.removable and gone(b.name)]
    fixed = {d.name for d in found.space.dims if len(d.options) == 1}
    return {d.name: d.units if d.name in fixed else width(d.units) for d in found.space.dims}, removed, order


def compare(found, choices, removed, order):
    """In float64, where rounding cannot hide a small error, nor a narrow norm blow rounding up to one."""
    with torch.no_grad():
        pruned, x = extract(found, choices, removed, order), images(found).double()
        masked = mask(found, choices, removed, order).double()
        agree(copy.deepcopy(pruned).double()(x), masked(x))
    units = {d.name: d.units for d in found.space.dims}
    counted = sum(
        p.value({n: choices.get(n) or units[n] for n in units}, frozenset(removed))
        for p in found.space.counts["parameters"]
    )
    assert counted == sum(p.numel() for p in pruned.parameters())
    return pruned


@EVERY
@settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**6), remove=st.booleans())
def test_random_plans(name, seed, remove):
    found = network(name)
    compare(found, *random_decision(found, seed, remove=remove))


@EVERY
@pytest.mark.parametrize(
    "width", [lambda n: 1, lambda n: n, lambda n: max(1, n - 1)], ids=["one", "all", "all but one"]
)
@pytest.mark.parametrize("gone", [lambda b: False, lambda b: True], ids=["kept", "removed"])
def test_extreme_plans(name, width, gone):
    found = network(name)
    compare(found, *decision(found, width, gone))


@EVERY
def test_nothing_pruned_is_the_dense_network(name):
    found = network(name)
    choices, removed, order = decision(found, lambda n: n, lambda b: False)
    with torch.no_grad():
        dense = found.model(images(found))
        assert torch.equal(extract(found, choices, removed, order)(images(found)), dense)
        assert torch.equal(mask(found, choices, removed, order)(images(found)), dense)


@pytest.mark.parametrize("name", ["vit", "resnet bottleneck", "efficientnet", "convnext"])
def test_no_masked_weight_is_left(name):
    """Every weight of the pruned network is one of the dense network's, and none is a masked zero."""
    found = network(name)
    choices, removed, order = decision(found, lambda n: max(1, n // 2), lambda b: b.endswith("1"))
    pruned = extract(found, choices, removed, order)
    dense = dict(found.model.named_parameters())
    for tensor, weight in pruned.named_parameters():
        assert (weight != 0).all()
        if weight.shape == dense[tensor].shape:
            assert torch.equal(weight, dense[tensor])
        assert torch.isin(weight, dense[tensor]).all()


def test_kept_units_are_the_first_of_the_order():
    found = network("resnet basic")
    choices, removed, order = decision(found, lambda n: n, lambda b: False)
    choices["layer3.0.conv1"], order["layer3.0.conv1"] = 3, [31, 5, 17, *set(range(32)) - {31, 5, 17}]
    pruned = extract(found, choices, removed, order)
    kept = found.model.layer3[0].conv1.weight[[5, 17, 31]]
    assert torch.equal(pruned.layer3[0].conv1.weight, kept)
    assert pruned.layer3[0].conv1.out_channels == pruned.layer3[0].conv2.in_channels == 3


def test_masked_transformer_against_a_plain_reading_of_the_definition():
    """The mask as DESIGN defines it, written out for one block with tensors alone."""
    found = network("vit")
    choices, removed, order = decision(found, lambda n: max(1, n * 2 // 3), lambda b: b != "blocks.1", seed=3)
    keep = {d: torch.tensor(sorted(int(u) for u in order[d][: choices[d]])) for d in choices}
    e, model = keep["embedding"], found.model
    block, x = model.blocks[1], images(found)

    def norm(module, x):  # statistics over the kept units
        x = x[..., e]
        x = (x - x.mean(-1, keepdim=True)) / (x.var(-1, keepdim=True, unbiased=False) + module.eps).sqrt()
        return x * module.weight[e] + module.bias[e]

    with torch.no_grad():
        x = model._pos_embed(model.patch_embed(x))
        y, out = norm(block.norm1, x), 0
        q, k, v = block.attn.qkv.weight.view(3, 3, 16, 48)  # (q, k, v) x heads x width x embedding
        bq, bk, bv = block.attn.qkv.bias.view(3, 3, 16)
        for h in keep["blocks.1.heads"].tolist():
            a, b = keep["blocks.1.qk"], keep["blocks.1.v"]
            qh, kh, vh = (y @ w[h][u][:, e].T + c[h][u] for w, c, u in ((q, bq, a), (k, bk, a), (v, bv, b)))
            attention = (qh @ kh.transpose(1, 2) * 16**-0.5).softmax(-1)  # the dense head's scale
            out = out + attention @ vh @ block.attn.proj.weight[e][:, h * 16 + b].T
        x = x[..., e] + out + block.attn.proj.bias[e]
        full = torch.zeros(*x.shape[:2], 48)
        full[..., e] = x
        m, mlp = keep["blocks.1.mlp"], block.mlp
        hidden = torch.nn.functional.gelu(
            norm(block.norm2, full) @ mlp.fc1.weight[m][:, e].T + mlp.fc1.bias[m]
        )
        x = x + hidden @ mlp.fc2.weight[e][:, m].T + mlp.fc2.bias[e]
        full[..., e] = x
        expected = norm(model.norm, full)[:, 0] @ model.head.weight[:, e].T + model.head.bias
        agree(mask(found, choices, removed, order)(images(found)), expected)


def test_removed_projection_block_keeps_its_activation():
    found = network("resnet basic")
    choices, _, order = decision(found, lambda n: n, lambda b: False)
    pruned = extract(found, choices, ["layer2.0"], order)
    x = torch.randn(2, 16, 8, 8, generator=torch.Generator().manual_seed(0))
    old = found.model.layer2[0]
    with torch.no_grad():
        assert torch.equal(pruned.layer2[0](x), torch.relu(old.downsample(x)))


@EVERY
def test_folded_network_is_the_same_and_has_no_batch_norm_after_a_convolution(name):
    found = network(name)
    pruned = extract(found, *random_decision(found, 4))
    folded = deploy(pruned)
    with torch.no_grad():
        agree(folded(images(found)), pruned(images(found)))
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in folded.modules())
    assert any(isinstance(m, torch.nn.BatchNorm2d) for m in pruned.modules()) or "res" not in name


@pytest.mark.parametrize("name", ["vit", "vit all norms", "resnet basic", "efficientnet", "convnext"])
def test_pruned_networks_train_and_keep_a_classifier(name):
    found = network(name)
    pruned = extract(found, *random_decision(found, 5)).train()
    before = copy.deepcopy(pruned.state_dict())
    pruned(images(found, 4)).square().mean().backward()
    with torch.no_grad():
        for tensor in pruned.parameters():
            if tensor.grad is not None:
                tensor -= 0.01 * tensor.grad
    assert any(not torch.equal(t, before[n]) for n, t in pruned.state_dict().items())
    pruned.reset_classifier(3)
    with torch.no_grad():
        assert pruned.eval()(images(found)).shape == (2, 3)
    assert all(p.grad is None for p in found.model.parameters()), "training must not reach the dense network"


def test_the_dense_network_is_never_changed():
    found = network("vit")
    before = copy.deepcopy(found.model.state_dict())
    pruned = extract(found, *random_decision(found, 6))
    with torch.no_grad():
        for tensor in pruned.parameters():
            tensor.zero_()
    mask(found, *random_decision(found, 7))
    assert all(torch.equal(t, before[n]) for n, t in found.model.state_dict().items())


@pytest.mark.parametrize(
    "change, message",
    [
        ({"choices": {"stranger": 4}}, "no dim 'stranger'"),
        ({"choices": {"embedding": 49}}, "cannot keep 49"),
        ({"choices": {"embedding": 0}}, "cannot keep 0"),
        ({"choices": {"embedding": None}}, "does not say how much"),
        ({"removed": ["blocks.7"]}, "does not exist"),
        ({"order": {"embedding": [0] * 48}}, "name each of its 48 units once"),
    ],
)
def test_plans_for_other_models_are_refused(change, message):
    found = network("vit")
    choices, removed, order = decision(found, lambda n: max(1, n // 2), lambda b: False)
    choices, order = {**choices, **change.get("choices", {})}, {**order, **change.get("order", {})}
    with pytest.raises(MdpError, match=message):
        extract(found, choices, change.get("removed", removed), order)


def test_a_block_that_must_stay_is_not_removed():
    found = network("efficientnet")
    fixed = next(b.name for b in found.space.blocks if not b.removable)
    choices, _, order = decision(found, lambda n: n, lambda b: False)
    with pytest.raises(MdpError, match="cannot be removed"):
        mask(found, choices, [fixed], order)
