"""Random graphs of all pieces: what is cut computes what is masked, and parameters are counted."""

import pytest
import torch

import mdp
from mdp.core.errors import Unsupported
from mdp.networks.lively import liven
from mdp.surgery import extract, mask
from mdp.surgery.check import random_decision

from .random_graphs import RandomNetwork
from .test_odd_graphs import agree


def tried(seed):
    """How many dims a random network has. Raises AssertionError where a cut is wrong."""
    torch.manual_seed(seed)
    model = RandomNetwork(seed).eval()
    liven(model, seed)
    x = torch.randn(2, 3, 6, 6)
    net = mdp.prunable(model, x)
    for decision in range(2):
        choices, removed, order = random_decision(net, decision)
        pruned = extract(net, choices, removed, order)
        agree(pruned, mask(net, choices, removed, order), (x,))
        widths = {d.name: choices[d.name] or d.units for d in net.space.dims}
        counted = sum(p.value(widths, set(removed)) for p in net.space.counts["parameters"])
        assert counted == sum(p.numel() for p in pruned.parameters())
    assert not any("something else" in s.reason for s in net.space.skipped)  # the trial found nothing wrong
    return len(net.space.dims)


@pytest.mark.parametrize("seed", range(10))
def test_a_random_graph(seed):
    torch.set_num_threads(1)
    try:
        assert tried(seed) >= 0
    except Unsupported as error:
        assert "Nothing in" in str(error)
