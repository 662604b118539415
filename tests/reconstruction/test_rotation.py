"""Rotated transformers compute the same, and lose less when they are cut."""

import numpy as np
import pytest
import timm
import torch
from torch.nn import functional as F

import mdp
from mdp.core.errors import MdpError
from mdp.core.model_ref import ModelRef
from mdp.families import find
from mdp.reconstruction.rotation import rotated, step_of
from mdp.reconstruction.rotation.bases import pair_bases, stream_basis, value_basis
from mdp.surgery import extract

SIZE = {"img_size": 32, "patch_size": 8, "embed_dim": 48, "depth": 2, "num_heads": 3, "num_classes": 7}


def network(**changes):
    torch.manual_seed(0)
    model = timm.create_model("vit_tiny_patch16_224", **{**SIZE, **changes}).eval()
    with torch.no_grad():  # a stream of few directions, norms and scales that are not 1
        low = torch.randn(48, 8) @ torch.randn(8, 48) / 8
        for name, parameter in model.named_parameters():
            if "norm" in name or "gamma" in name:
                parameter.copy_(1 + 0.3 * torch.randn_like(parameter))
            elif name.endswith(("proj.weight", "fc2.weight")) and parameter.ndim == 2:
                parameter.copy_(low @ torch.randn_like(parameter) * 0.3)
            elif name in ("pos_embed", "cls_token"):
                parameter.copy_(torch.randn_like(parameter) @ low.mT)
    return model


def images(count=48):
    return torch.randn(count, 3, 32, 32, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"init_values": 0.1},
        {"qk_norm": True},
        {"class_token": False, "global_pool": "avg"},
        {"reg_tokens": 2, "no_embed_class": True},
    ],
    ids=lambda c: ",".join(c) or "plain",
)
def test_it_computes_the_same(changes):
    model = network(**changes)
    before = {name: t.clone() for name, t in model.state_dict().items()}
    turned = rotated(model, images(), 16)
    assert type(turned) is type(model)
    torch.testing.assert_close(turned(images(4)), model(images(4)), rtol=1e-3, atol=1e-4)
    assert all(torch.equal(t, before[name]) for name, t in model.state_dict().items())
    again = rotated(model, images(), 16).state_dict()
    assert all(torch.equal(t, again[name]) for name, t in turned.state_dict().items())


def test_cut_it_loses_less():
    model, x = network(), images()
    ref = ModelRef("vit_tiny_patch16_224", "memory", (3, 32, 32), 7)
    found = {"turned": find(rotated(model, x, 16), ref), "as it was": find(model, ref)}
    full = {d.name: d.units for d in found["turned"].space.dims}
    assert step_of(found["turned"].space) == 4
    order = {d.name: np.arange(d.units) for d in found["turned"].space.dims}
    for kind in ("qk", "v"):
        lost = {}
        for name, one in found.items():
            narrow = {**full, **{dim: 4 for dim in full if dim.endswith(f".{kind}")}}
            now = extract(one, narrow, (), order).eval()(x)
            lost[name] = float(F.mse_loss(now, model(x)))
        assert lost["turned"] < 0.5 * lost["as it was"], kind


def test_the_front_door_takes_a_module_or_what_was_found_in_it():
    model, x = network(), images()
    turned = mdp.rotate(model, [(x, torch.zeros(len(x)))], progress=False)
    torch.testing.assert_close(turned(x), model(x), rtol=1e-3, atol=1e-4)
    assert not turned.training and next(turned.parameters()).requires_grad
    assert not torch.equal(turned.pos_embed, model.pos_embed)
    again = mdp.rotate(mdp.prunable(model, input_size=(3, 32, 32)), x.split(16), images=48, progress=False)
    assert all(torch.equal(t, again.state_dict()[n]) for n, t in turned.state_dict().items())
    with pytest.raises(MdpError, match="only timm's vision transformers"):
        mdp.rotate(torch.nn.Linear(2, 2), x.split(16), progress=False)
    with pytest.raises(MdpError, match="not a list"):
        mdp.rotate([], x.split(16), progress=False)
    with pytest.raises(MdpError, match="does not take"):
        mdp.rotate(model, [torch.randn(16, 3, 16, 16)], progress=False)
    with pytest.raises(MdpError, match="5 were given"):
        mdp.rotate(model, [x[:5]], progress=False)


def test_another_network_is_refused():
    with pytest.raises(MdpError, match="layer without bias"):
        rotated(network(qkv_bias=False), images(4))
    with pytest.raises(MdpError, match="no classifier"):
        rotated(network(num_classes=0), images(4))
    with pytest.raises(MdpError, match="only timm's vision transformers"):
        rotated(timm.create_model("test_resnet"), torch.randn(2, 3, 64, 64))


def test_a_stream_in_its_basis_has_sums_of_zero_behind_every_group():
    torch.manual_seed(0)
    x = torch.randn(500, 20, dtype=torch.float64) @ torch.randn(20, 20, dtype=torch.float64)
    x -= x.mean(1, keepdim=True)
    basis = stream_basis(x.mT @ x, 5)
    torch.testing.assert_close(basis @ basis.mT, torch.eye(20, dtype=torch.float64))
    turned = x @ basis.mT
    assert turned.sum(1).abs().max() < 1e-9
    size = float(x.square().sum())
    assert all(float(turned[:, :k].sum(1).square().sum()) < 0.02 * k * size for k in (5, 10, 15))
    # Four directions in the first group of five: the largest.
    largest = torch.linalg.eigvalsh(x.mT @ x).flip(0)[:4].sum()
    assert float(turned[:, :5].square().sum()) >= float(largest) * (1 - 1e-9)


def test_bases_of_heads_change_no_product():
    torch.manual_seed(0)
    q, k = torch.randn(2, 300, 6, dtype=torch.float64)
    a, b = pair_bases(q.mT @ q, k.mT @ k)
    torch.testing.assert_close((q @ a.mT) @ (k @ b.mT).mT, q @ k.mT)
    written = torch.randn(10, 2, dtype=torch.float64) @ torch.randn(2, 6, dtype=torch.float64)
    a = value_basis(q.mT @ q, written)
    kept = (q @ a.mT)[:, :2] @ (written @ torch.linalg.inv(a))[:, :2].mT
    torch.testing.assert_close(kept, q @ written.mT)
