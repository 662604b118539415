"""Losses measured anew on what a plan left: of every kind of network, blocks gone among them."""

import types

import numpy as np
import pytest
import torch
from torch import nn

import mdp
from mdp.families import find
from mdp.importance.measured.evaluate import Evaluator
from mdp.importance.rescore import _left
from mdp.networks.models import ModelRef, create
from mdp.reconstruction.streams import writes
from mdp.surgery import extract
from mdp.surgery.check import random_decision

from ..training.tiny import VIT

SMALL = (3, 32, 32)
RESNET = ModelRef("resnet10t", "none", SMALL, 10, {"channels": (8, 16, 16, 24), "layers": (2, 1, 1, 1)})
CONVNEXT = ModelRef("convnext_atto", "none", SMALL, 10, {"dims": (8, 16, 16, 24), "depths": (2, 1, 1, 2)})
MOBILE = ModelRef("mobilenetv2_035", "none", SMALL, 10)


class Own(nn.Module):
    """Nobody's: cut as a graph, with norms over what is cut and branches that can go."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 12, 4, 4)
        self.up = nn.ModuleList(nn.Linear(12, 20) for _ in range(3))
        self.down = nn.ModuleList(nn.Linear(20, 12) for _ in range(3))
        self.norms = nn.ModuleList(nn.LayerNorm(12) for _ in range(4))
        self.head = nn.Linear(12, 10)

    def forward(self, x):
        x = self.stem(x).flatten(2).transpose(1, 2)
        for up, down, norm in zip(self.up, self.down, self.norms, strict=False):
            x = x + down(torch.relu(up(norm(x))))
        return self.head(self.norms[3](x).mean(1))


def network(which):
    torch.manual_seed(1)
    if isinstance(which, ModelRef):
        return find(create(which), which)
    return mdp.prunable(which().eval(), torch.zeros(1, *SMALL))


EVERY = [RESNET, VIT, CONVNEXT, MOBILE, Own]


@pytest.fixture(scope="module", params=EVERY, ids=["resnet", "vit", "convnext", "mobilenet", "own"])
def left(request):
    """(what was found, a plan that removes blocks, what the plan leaves to be scored)."""
    found = network(request.param)
    for seed in range(100):
        choices, removed, order = random_decision(found, seed)
        if removed and sum(b.removable for b in found.space.blocks) > len(removed):
            break
    plan = types.SimpleNamespace(choices=choices, removed_blocks=tuple(removed))
    return found, plan, order, _left(found, plan, order, extract(found, choices, removed, order))


def some(things):
    """Four at most, from the first to the last."""
    return [things[i] for i in sorted({*np.linspace(0, len(things) - 1, 4).astype(int)})] if things else []


def shape(found):
    return (1, 28, 28) if found.space.model == VIT.name and found.ref == VIT else SMALL


def test_what_is_cut_further_is_what_would_have_been_cut_at_once(left):
    found, plan, order, rest = left
    images = torch.randn(6, *shape(found))
    evaluator = Evaluator(rest, [(images, None)], order)
    with torch.no_grad():
        pruned = extract(found, plan.choices, plan.removed_blocks, order).eval()(images)
    torch.testing.assert_close(evaluator.outputs[0], pruned, atol=1e-4, rtol=1e-3)
    assert abs(evaluator.dense) < 1e-5
    units = {d.name: d.units for d in rest.space.dims}
    for dim in some(rest.space.dims):
        kept = plan.choices[dim.name]
        assert kept, "only what is left is asked for"
        narrower = max(1, kept // 2) if len(dim.options) > 1 else kept
        for now, same in ((kept, True), (narrower, narrower == kept)):
            at_once = {**plan.choices, dim.name: now}
            wanted = extract(found, at_once, plan.removed_blocks, order).eval()
            further = extract(rest, {**units, dim.name: now}, (), order).eval()
            with torch.no_grad():
                torch.testing.assert_close(further(images), wanted(images), atol=1e-4, rtol=1e-3)
            assert not same or abs(evaluator.loss(("dim", dim.name, now))) < 1e-5
    for block in some([b for b in rest.space.blocks if b.removable]):
        removed = (*plan.removed_blocks, block.name)
        used = {s.dim for s in found.slices if s.block not in removed}
        at_once = {name: kept if name in used else None for name, kept in plan.choices.items()}
        wanted = extract(found, at_once, removed, order).eval()
        further = extract(rest, {n: u if n in used else None for n, u in units.items()}, (block.name,), order)
        with torch.no_grad():
            torch.testing.assert_close(further.eval()(images), wanted(images), atol=1e-4, rtol=1e-3)


def test_it_is_measured_and_mended(left):
    found, _, order, rest = left
    torch.manual_seed(2)
    evaluator = Evaluator(rest, [(torch.randn(16, *shape(found)), None) for _ in range(2)], order, mend=True)
    dims = [("dim", d.name, d.options[0]) for d in rest.space.dims if len(d.options) > 1]
    blocks = [("block", b.name, 0) for b in rest.space.blocks if b.removable]
    for decision in (*some(dims), *some(blocks)):
        assert np.isfinite(evaluator.loss(decision))


def test_where_blocks_are_gone_streams_are_read_where_something_is(left):
    *_, rest = left
    there = {name for name, _ in rest.model.named_modules()}
    for write in writes(rest.model, rest.model).values():
        assert write.layer in there and {read.module for read in write.reads} <= there
