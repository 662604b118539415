"""Activations counted against what torch keeps, to the byte, on small networks."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks.activations import counted, measured
from mdp.families import find
from mdp.latency.draws import drawn
from mdp.latency.whole_networks import whole_network
from mdp.networks.models import create, resolve

NAMES = ("fmnist_resnet", "fmnist_vit", "cifar_resnet20")


@pytest.mark.parametrize("name", NAMES)
def test_torch_keeps_what_was_counted(name):
    ref = resolve(name)
    found = find(create(ref, load_weights=False), ref)
    space, random = found.space, np.random.default_rng(5)
    dense = {d.name: d.units for d in space.dims}, ()
    for choices, removed in [dense, *(drawn(space.dims, space.blocks, random) for _ in range(3))]:
        kept = measured(whole_network(found, choices, removed).make(), ref.input_size)
        said = counted(space, choices, removed)
        assert kept <= said * (1 + 1e-9)  # a bound where the first block of a stage goes
        if not removed:
            assert said == kept


class Skip(nn.Module):
    """A long skip over a block that can go, joined by a concatenation."""

    def __init__(self):
        super().__init__()
        self.stem, self.a = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.b, self.act = nn.Conv2d(8, 8, 1), nn.ReLU()
        self.head = nn.Linear(16, 4)

    def forward(self, x):
        x = self.act(self.stem(x))
        y = x + self.b(self.act(self.a(x)))
        return self.head(torch.cat([x, y], dim=1).mean((2, 3)))


def test_what_a_skip_and_a_concatenation_keep_is_counted():
    import mdp

    net = mdp.prunable(Skip(), torch.zeros(2, 3, 8, 8))
    dense = {d.name: d.units for d in net.space.dims}
    # The image, what the skip holds, the branch before it is added, and the sum: 64 positions each.
    assert counted(net.space, dense, ()) / 4 == 64 * (3 + 8 + 8 + 16)
    # A local name holds the skip a step longer than its last reader: beside the 16 means of the next.
    assert measured(Skip().eval(), (3, 8, 8)) == counted(net.space, dense, ()) + 4 * 16


def test_a_stage_whose_block_goes_needs_less():
    ref = resolve("fmnist_resnet")
    space = find(create(ref, load_weights=False), ref).space
    dense = {d.name: d.units for d in space.dims}
    blocks = tuple(b.name for b in space.blocks)
    every = [counted(space, dense, blocks[:n]) for n in range(len(blocks) + 1)]
    assert every == sorted(every, reverse=True) and every[-1] < every[0]


def test_what_is_in_none_of_the_tables_is_not_guessed():
    from mdp.core.activations import activation_memory

    ref = resolve("fmnist_resnet")
    space = find(create(ref, load_weights=False), ref).space
    dims = [d.as_dim() for d in space.dims]
    known = {"batch": 32, "dtype": "float16"}
    (peak,) = activation_memory(space.moments, dims, known)
    dense = max(float(t.values.max()) for t in peak.terms)
    assert dense == 16 * counted(space, {d.name: d.units for d in space.dims}, ())
    for odd in ({"batch": 32, "dtype": "int4"}, {"batch": "many", "dtype": "float32"}, {}):
        assert activation_memory(space.moments, dims, odd) == ()
    wide = dataclasses.replace(space.moments[0], parts=tuple((1.0, (d.name,)) for d in space.dims))
    assert len(space.dims) > 8 and activation_memory((*space.moments, wide), dims, known) == ()
