"""From a module to a study, a plan, a pruned network, files and ONNX."""

import copy
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch.utils._pytree import tree_leaves

import mdp
from mdp.core.errors import BadFile, MdpError
from mdp.surgery import deploy, extract
from mdp.surgery.check import random_decision

from .odd import NETWORKS, OptionA, UNet, image
from .test_odd_graphs import agree, prepare

RESNET56 = Path(__file__).parents[4] / "shared/networks/resnet56-cifar10.safetensors"


@pytest.fixture(scope="module")
def u_net():
    torch.manual_seed(0)
    model = UNet().eval()
    net = mdp.prunable(model, image(16))
    plan = random_decision(net, 3)
    return model, net, extract(net, *plan)


def test_saved_and_loaded_with_the_module(u_net, tmp_path):
    _, _, pruned = u_net
    mdp.save(pruned, tmp_path)
    x = image(16)
    assert torch.equal(mdp.load(tmp_path, dense=UNet())(x), pruned(x))
    with pytest.raises(BadFile, match=r"no code is run .* load\(folder, dense=module\)"):
        mdp.load(tmp_path)
    with pytest.raises(MdpError):
        mdp.load(tmp_path, dense=OptionA())


def test_option_a_is_loaded_with_the_very_channels_that_it_keeps(tmp_path):
    model, inputs = prepare("option A")
    net = mdp.prunable(model, inputs)
    for seed in range(2):
        pruned = extract(net, *random_decision(net, seed))
        mdp.save(pruned, tmp_path)
        assert torch.equal(mdp.load(tmp_path, dense=OptionA())(*inputs), pruned(*inputs))


def test_it_trains_is_copied_and_is_a_plain_module(u_net):
    model, _, pruned = u_net
    again = copy.deepcopy(pruned).train()
    again(image(16)).square().mean().backward()
    assert all(p.grad is not None for p in again.parameters())
    assert again.architecture == pruned.architecture and type(pruned).__name__ == "UNet"
    assert set(pruned.state_dict()) == set(model.state_dict())


def test_exported_to_onnx_for_any_batch(u_net, tmp_path):
    _, _, pruned = u_net
    session = onnxruntime.InferenceSession(mdp.export_onnx(pruned, tmp_path / "net.onnx"))
    x = torch.randn(3, 3, 16, 16)
    with torch.no_grad():
        np.testing.assert_allclose(session.run(None, {"images": x.numpy()})[0], pruned(x), atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_segments_run_the_whole_network(name):
    """Their MACs come to those counted, and each runs, at its widest and at its narrowest."""
    model, inputs = prepare(name)
    net = mdp.prunable(model, inputs)
    options = {d.name: d.options for d in net.space.dims}
    total = 0.0
    for s in net.segments:
        for pick in (0, -1):
            work = s.at(*(options[d][pick] for d in s.dims))
            tree_leaves(work.make()(*(torch.randn(2, *shape) for shape in work.inputs)))
        total += work.macs
    dense = {d.name: d.units for d in net.space.dims}
    assert total == sum(p.value(dense) for p in net.space.counts["macs"])
    assert len({s.name for s in net.segments}) == len(net.segments)


def test_from_tables_and_scores_to_a_plan():
    model, inputs = prepare("two heads")
    net = mdp.prunable(model, inputs)
    tables = mdp.profile(net, mdp.Deployment("cpu", threads=1), seconds=1, progress=False)
    scores = mdp.score(net, method="magnitude", progress=False)
    study = mdp.Study(net, tables, scores)
    plan = study.solve("100%")
    agree(net.extract(plan), net.mask(plan), inputs)


def test_the_pruned_network_is_deployed():
    model, inputs = prepare("option A")
    net = mdp.prunable(model, inputs)
    pruned = extract(net, *random_decision(net, 0))
    folded = deploy(pruned)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in folded.modules())
    with torch.no_grad():
        assert torch.allclose(folded(*inputs), pruned(*inputs), atol=1e-4)


@pytest.mark.skipif(not RESNET56.is_file(), reason="the CIFAR networks are not at hand")
def test_the_resnet_56_of_cifar():
    from safetensors.torch import load_file

    torch.manual_seed(0)
    model = OptionA((16, 32, 64), depth=9).eval()
    model.load_state_dict(load_file(RESNET56))
    x = torch.randn(2, 3, 32, 32)
    net = mdp.prunable(model, x)
    assert len(net.space.blocks) == 27 and len(net.space.dims) >= 30
    plan = random_decision(net, 0)
    agree(extract(net, *plan), net_mask(net, plan), (x,))


def net_mask(net, plan):
    from mdp.surgery import mask

    return mask(net, *plan)


class Skips(torch.nn.Module):
    """Every layer makes a residual and a skip (WaveNet): the skips' sum waits for all layers."""

    def __init__(self):
        super().__init__()
        self.first = torch.nn.Conv1d(1, 12, 1)
        self.gates = torch.nn.ModuleList(torch.nn.Conv1d(12, 32, 3, padding=1) for _ in range(3))
        self.mixes = torch.nn.ModuleList(torch.nn.Conv1d(16, 24, 1) for _ in range(3))
        self.last = torch.nn.Conv1d(12, 8, 1)

    def forward(self, x):
        x, skips = self.first(x), []
        for gate, mix in zip(self.gates, self.mixes, strict=True):
            a, b = gate(x).chunk(2, 1)
            residual, skip = mix(a.tanh() * b.sigmoid()).split([12, 12], 1)
            x = x + residual
            skips.append(skip)
        return self.last(sum(skips[1:], skips[0]).relu())


class Hierarchy(torch.nn.Module):
    """Of the parts of one layer's result, each waits for what was made of the one before (Res2Net)."""

    def __init__(self):
        super().__init__()
        self.first = torch.nn.Conv2d(3, 16, 1)
        self.convs = torch.nn.ModuleList(torch.nn.Conv2d(4, 4, 3, padding=1) for _ in range(3))
        self.last = torch.nn.Conv2d(16, 8, 1)

    def forward(self, x):
        parts = self.first(x).split(4, 1)
        made = [parts[0]]
        for conv, part in zip(self.convs, parts[1:], strict=True):
            made.append(conv(part + made[-1]).relu())
        return self.last(torch.cat(made, 1)).mean((2, 3))


@pytest.mark.parametrize(("make", "shape"), [(Skips, (2, 1, 16)), (Hierarchy, (2, 3, 8, 8))])
def test_pieces_that_wait_for_each_other_are_timed_apart(make, shape):
    net = mdp.prunable(make().eval(), torch.randn(*shape))
    assert {d.name for d in net.space.dims} == {dim for s in net.segments for dim in s.dims}
    assert max(len(s.dims) for s in net.segments) <= 3
    dense = {d.name: d.units for d in net.space.dims}
    macs = sum(s.at(*(dense[d] for d in s.dims)).macs for s in net.segments)
    assert macs == sum(p.value(dense) for p in net.space.counts["macs"])


class Pools(torch.nn.Module):
    """The same steps, told apart by their settings alone."""

    def __init__(self, ways):
        super().__init__()
        self.ways = ways
        self.convs = torch.nn.ModuleList(
            torch.nn.Conv2d(3, 8, 3, padding=1, padding_mode=mode) for mode in ("zeros", "reflect")
        )
        self.head = torch.nn.Linear(8, 3)

    def forward(self, x):
        a, b = (conv(x) for conv in self.convs)
        pools = [torch.nn.functional.max_pool2d(a + b, *some, **more) for some, more in self.ways]
        return self.head(sum((p.mean((2, 3)) for p in pools[1:]), pools[0].mean((2, 3))))


def test_what_takes_another_time_has_another_key():
    ways = [(([2, 2],), {}), (([4, 4],), {}), ((4,), {"stride": 2}), ((4,), {"padding": 2})]
    net = mdp.prunable(Pools(ways).eval(), torch.randn(2, 3, 16, 16))
    keys = [s.at(*(8 for _ in s.dims)).key for s in net.segments]
    pools = [key for key in keys if "max_pool2d" in key]
    assert len(pools) == len(set(pools)) == len(ways)
    assert len({key for key in keys if "Conv2d" in key}) == 2
