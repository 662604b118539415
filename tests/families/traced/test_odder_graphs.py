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
    "one norm": (3, 2),
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


def test_what_branches_share_is_not_gone_with_all_of_them():
    model, inputs = prepare("one norm")
    net = mdp.prunable(model, inputs)
    removed = [b.name for b in net.space.blocks]
    choices = {d.name: d.units if any(s.block not in removed for s in net.slices if s.dim == d.name) else None
               for d in net.space.dims}  # fmt: skip
    pruned = extract(net, choices, removed)
    agree(pruned, mask(net, choices, removed), inputs)


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


class Shifted(torch.nn.Module):
    """Linear attention of elu(q) + 1 and elu(k) + 1: a component that is zero still counts, in one block that
    goes as a whole."""

    def __init__(self):
        super().__init__()
        self.embed, self.qkv = torch.nn.Linear(6, 32), torch.nn.Linear(32, 96)
        self.out, self.head = torch.nn.Linear(32, 32), torch.nn.Linear(32, 5)

    def forward(self, x):
        x = self.embed(x)
        b, n, _ = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, 4, 8).permute(2, 0, 3, 1, 4).unbind(0)
        q, k = torch.nn.functional.elu(q) + 1, torch.nn.functional.elu(k) + 1
        y = q @ (k.mT @ v) / (q @ k.sum(-2, keepdim=True).mT)
        return self.head((x + self.out(y.transpose(1, 2).reshape(b, n, 32))).mean(1))


def test_what_is_wrong_inside_a_block_is_found_though_the_block_can_go():
    torch.manual_seed(0)
    model, inputs = Shifted().eval(), (torch.randn(2, 9, 6),)
    net = mdp.prunable(model, inputs)
    assert [d.kind for d in net.space.dims] == ["channels", "heads", "v"] and len(net.space.blocks) == 1
    for seed in range(3):
        choices, removed, order = random_decision(net, seed)
        agree(extract(net, choices, removed, order), mask(net, choices, removed, order), inputs)
