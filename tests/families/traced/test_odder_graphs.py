"""As test_odd_graphs, for what `odder` has: right, counted, and nothing left whole needlessly."""

import copy

import numpy as np
import onnxruntime
import pytest
import torch
from torch.utils._pytree import tree_leaves

import mdp
from mdp.core.errors import Unsupported
from mdp.families.traced.preparing import prepared
from mdp.networks.lively import liven
from mdp.surgery import extract, mask
from mdp.surgery.check import random_decision

from .odd import image
from .odder import NETWORKS, Named, swin
from .test_odd_graphs import agree

# (dims, blocks)
FOUND = {
    "weight norm": (2, 0),
    "rolled": (2, 0),
    "looked up": (2, 0),
    "repeated": (2, 0),
    "buffers": (2, 0),
    "maxout": (2, 0),
    "pixels": (2, 0),
    "pyramid": (3, 0),
    "einsum": (4, 1),
    "swin": (14, 6),
    "swin v2": (17, 6),
}


def prepare(name):
    torch.manual_seed(0)
    torch.set_num_threads(1)
    make, inputs = NETWORKS[name]
    model = make().eval()
    liven(model, 0)
    return model, (inputs(),)


@pytest.mark.parametrize("name", NETWORKS)
def test_extracted_is_masked(name):
    model, inputs = prepare(name)
    before = copy.deepcopy(model.state_dict())
    net = mdp.prunable(model, inputs)
    found = len(net.space.dims), len(net.space.blocks)
    assert found == FOUND[name], (net.space.dims, net.space.blocks, net.space.skipped)
    for seed in range(2):
        choices, removed, order = random_decision(net, seed)
        pruned = extract(net, choices, removed, order)
        agree(pruned, mask(net, choices, removed, order), inputs)
        widths = {d.name: choices[d.name] or d.units for d in net.space.dims}
        counted = sum(p.value(widths, set(removed)) for p in net.space.counts["parameters"])
        assert counted == sum(p.numel() for p in pruned.parameters())
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())  # it is not changed


@pytest.mark.parametrize("second", [False, True])
def test_torchvisions_windows_are_spelt_out_as_they_are(second):
    torch.manual_seed(0)
    model = swin(second).eval()
    liven(model, 0)
    for side in (32, 40):  # windows that fit, and that do not
        x = image(side)
        with torch.no_grad():
            assert torch.allclose(model(x), prepared(model)(x), atol=1e-6)


def test_a_dataclass_is_what_the_network_puts_out():
    model = Named().eval()
    net = mdp.prunable(model, image())
    assert [d.name for d in net.space.dims] == ["a"]
    with pytest.raises(Unsupported, match="they are what the network puts out"):
        mdp.prunable(torch.nn.Sequential(model.a, Wrapped()), image())


class Wrapped(torch.nn.Module):
    def forward(self, x):
        from .odder import Answer

        return Answer(x, [])


@pytest.mark.parametrize("name", ["pyramid", "swin", "einsum"])
def test_every_kind_is_taken_away(name, tmp_path):
    """Files load, ONNX answers the same, one step of training reaches every tensor. The families' kinds are
    in tests/surgery/test_files.py."""
    model, inputs = prepare(name)
    net = mdp.prunable(model, inputs)
    pruned = extract(net, *random_decision(net, 1))
    mdp.save(pruned, tmp_path)
    with torch.no_grad():
        expected = tree_leaves(pruned(*inputs))
        loaded = tree_leaves(mdp.load(tmp_path, dense=model)(*inputs))
    for a, b in zip(loaded, expected, strict=True):
        assert torch.allclose(a, b, atol=1e-6)
    session = onnxruntime.InferenceSession(mdp.export_onnx(pruned, tmp_path / "net.onnx"))
    given = {i.name: t.numpy() for i, t in zip(session.get_inputs(), inputs, strict=True)}
    for a, b in zip(session.run(None, given), expected, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)
    pruned.train()
    optimiser = torch.optim.SGD(pruned.parameters(), 0.1)
    sum(t.square().mean() for t in tree_leaves(pruned(*inputs))).backward()
    assert all(p.grad is not None for p in pruned.parameters())
    optimiser.step()
    assert all(torch.isfinite(p).all() for p in pruned.parameters())
