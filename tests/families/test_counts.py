"""Multiply-adds of dense and pruned networks, against torch's own counter."""

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from mdp.families import find
from mdp.networks.models import create, resolve
from mdp.surgery import extract

NAMES = ["fmnist_vit", "fmnist_resnet", "test_convnext", "test_efficientnet", "deit_tiny_patch16_224"]


def counted(model, ref) -> int:
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(1, *ref.input_size))
    return counter.get_total_flops() // 2


@pytest.mark.parametrize("name", NAMES)
def test_multiply_adds_are_those_that_torch_counts(name):
    ref = resolve(name, "none")
    net = find(create(ref), ref)
    products, dims = net.space.counts["macs"], net.space.dims
    assert sum(p.value({d.name: d.units for d in dims}) for p in products) == counted(net.model, ref)
    rng = np.random.default_rng(3)
    choices = {d.name: int(rng.choice(d.options)) for d in dims}
    removed = {b.name for b in net.space.blocks if b.removable and rng.random() < 0.3}
    order = {d.name: rng.permutation(d.units) for d in dims}
    used = {d: None if _gone(net, d, removed) else kept for d, kept in choices.items()}
    pruned = extract(net, used, removed, order)
    assert sum(p.value(choices, removed) for p in products) == counted(pruned, ref)


def _gone(net, dim, removed) -> bool:
    """Whether every block that uses the dim is removed."""
    users = {s.block for s in net.slices if s.dim == dim}
    return None not in users and users <= removed
