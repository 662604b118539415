"""Whole networks of several inputs, and of whole numbers, are timed with what they take."""

import pytest
import torch
from torch import nn

import mdp
from mdp.latency.device import deployment
from mdp.latency.timer import build, timer_for
from mdp.latency.whole_networks import whole_network


class Tokens(nn.Module):
    """Looks up one input in a table of 20, and multiplies by the other."""

    def __init__(self):
        super().__init__()
        self.table, self.given = nn.Embedding(20, 12), nn.Linear(6, 12)
        self.wide, self.head = nn.Linear(12, 24), nn.Linear(24, 3)

    def forward(self, tokens, vector):
        x = self.table(tokens).mean(1) * self.given(vector)
        return self.head(self.wide(x).relu())


@pytest.fixture(scope="module")
def net():
    return mdp.prunable(Tokens().eval(), (torch.randint(20, (2, 5)), torch.randn(2, 6)))


def test_a_whole_network_is_given_what_it_takes(net):
    choices = {d.name: d.options[0] for d in net.space.dims}
    work = whole_network(net, choices, ())
    assert work.inputs == ((5,), (6,)) and work.kinds == ("int64", "")
    module, inputs = build(deployment("cpu", 3, threads=1), work)
    assert [x.dtype for x in inputs] == [torch.int64, torch.float32] and module(*inputs).shape == (3, 3)


@pytest.mark.parametrize("runtime", ["eager", "onnxruntime"])
def test_it_is_timed_whole_in_either_runtime(net, runtime):
    work = whole_network(net, {d.name: d.units for d in net.space.dims}, ())
    timer = timer_for(deployment("cpu", threads=1, runtime=runtime))
    prepared = timer.prepare(work)
    assert timer.once(prepared).ms > 0
