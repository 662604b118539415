"""Networks that no family knows: cut, they compute what they compute masked, with the parameters counted."""

import copy

import numpy as np
import pytest
import torch
from torch.utils._pytree import tree_leaves

import mdp
from mdp.networks.lively import liven
from mdp.surgery import extract, mask
from mdp.surgery.check import random_decision

from .odd import NETWORKS

# What can be pruned in each: (dims, blocks). Fewer would mean that something was left whole needlessly.
FOUND = {
    "shared": (1, 0),
    "tied weights": (1, 0),
    "two heads": (2, 0),
    "shuffle": (13, 0),
    "squeeze on a concatenation": (4, 1),
    "u-net": (6, 0),
    "option A": (9, 6),
    "grouped": (2, 0),
    "transposed": (1, 0),
    "1-D": (1, 0),
    "3-D": (1, 1),
    "slices": (5, 0),
    "attention": (5, 2),
    "two inputs": (1, 0),
}


def prepare(name):
    torch.manual_seed(0)
    make, inputs = NETWORKS[name]
    model = make().eval()
    liven(model, 0)
    return model, inputs()


def agree(pruned, masked, inputs):
    with torch.no_grad():
        inputs = [t.double() if t.is_floating_point() else t for t in inputs]
        a, b = (tree_leaves(m.double()(*inputs)) for m in (pruned, masked))
    assert [t.shape for t in a] == [t.shape for t in b]
    for x, y in zip(a, b, strict=True):
        assert torch.isfinite(x).all()
        assert float((x - y).abs().max()) <= 1e-9 * float(y.abs().max())


@pytest.mark.parametrize("name", NETWORKS)
def test_extracted_is_masked(name):
    model, inputs = prepare(name)
    before = copy.deepcopy(model.state_dict())
    net = mdp.prunable(model, inputs)
    for seed in range(3):
        choices, removed, order = random_decision(net, seed)
        pruned = extract(net, choices, removed, order)
        agree(pruned, mask(net, choices, removed, order), inputs)
        counted = sum(
            p.value({d.name: choices[d.name] or d.units for d in net.space.dims}, set(removed))
            for p in net.space.counts["parameters"]
        )
        assert counted == sum(p.numel() for p in pruned.parameters())
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())  # it is not changed


@pytest.mark.parametrize("name", ["option A", "shuffle", "slices", "grouped"])
def test_every_dim_alone(name):
    model, inputs = prepare(name)
    net = mdp.prunable(model, inputs)
    order = {d.name: np.random.default_rng(1).permutation(d.units) for d in net.space.dims}
    for dim in net.space.dims:
        choices = {d.name: d.units for d in net.space.dims} | {dim.name: dim.options[0]}
        agree(extract(net, choices, (), order), mask(net, choices, (), order), inputs)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_narrowest(name):
    model, inputs = prepare(name)
    net = mdp.prunable(model, inputs)
    order = {d.name: np.arange(d.units)[::-1] for d in net.space.dims}
    choices = {d.name: d.units if len(d.options) == 1 else 1 for d in net.space.dims}
    removed = [b.name for b in net.space.blocks]
    used = {s.dim for s in net.slices if s.block not in removed}
    choices = {dim: kept if dim in used else None for dim, kept in choices.items()}
    agree(extract(net, choices, removed, order), mask(net, choices, removed, order), inputs)


@pytest.mark.parametrize("name", NETWORKS)
def test_nothing_is_left_whole_needlessly(name):
    model, inputs = prepare(name)
    space = mdp.prunable(model, inputs).space
    assert (len(space.dims), len(space.blocks)) == FOUND[name], (space.dims, space.blocks, space.skipped)
