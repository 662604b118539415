"""Layers that write to a stream: what they take on of removed blocks, by family."""

import pytest
import torch

from mdp.core.progress import Reporter
from mdp.core.study import ModelRef
from mdp.families import find
from mdp.networks.models import create
from mdp.reconstruction.layers import survey
from mdp.reconstruction.plan import tasks
from mdp.reconstruction.solved import Setting
from mdp.reconstruction.streams import writes
from mdp.reconstruction.sweep import sweep
from mdp.reconstruction.targets import targets, watch
from mdp.surgery import extract
from mdp.surgery.check import liven
from tests.reconstruction.test_repair import CONVNEXT, VIT, pictures

RESNET = ModelRef(
    "resnet18", "none", (1, 28, 28), 10,
    {"layers": [2, 2, 1, 1], "channels": [8, 8, 16, 16], "stem_width": 8, "replace_stem_pool": False},
)  # fmt: skip
MOBILENET = ModelRef("mobilenetv2_035", "none", (3, 64, 64), 10)
CASES = {
    "vit": (VIT, ("blocks.1",), "blocks.0.mlp.fc2", "blocks.2.norm1"),
    "convnext": (CONVNEXT, ("stages.2.blocks.1",), "stages.2.blocks.0.mlp.fc2", "stages.2.blocks.1"),
    "resnet": (RESNET, ("layer2.1",), "layer2.0.downsample.0", "layer2.1.act2"),
    "its projection": (RESNET, ("layer2.0", "layer2.1"), "layer2.0.downsample.0", "layer2.1.act2"),
    "efficientnet": (MOBILENET, ("blocks.4.1", "blocks.4.2"), "blocks.4.0.conv_pwl", "blocks.4.2"),
}


@pytest.mark.parametrize("name", CASES)
def test_the_layer_before_a_removed_block_takes_on_what_it_added(name):
    ref, removed, layer, aim = CASES[name]
    model = create(ref)
    liven(model, 0)
    found = find(model.eval(), ref)
    used = {s.dim for s in found.slices if s.block not in removed}
    choices = {d.name: d.units if d.name in used else None for d in found.space.dims}
    order = {d.name: range(d.units) for d in found.space.dims}
    images = torch.cat(pictures(ref, 32))
    apart = {}
    for share in (0.0, 1.0):
        pruned = extract(found, choices, removed, order).eval()
        write = writes(model, pruned)[layer]
        assert write.aim.module == aim and write.aim != write.after
        todo, _ = tasks(pruned, model, survey(pruned, images[:2]), len(images), 0, 1e9)
        todo = [t for t in todo if t.name == layer]
        wanted = targets(model, images, todo, Reporter())
        gone = wanted.ahead[layer].square().mean()
        before = pruned.get_submodule(layer).weight.clone()
        assert not sweep(pruned, images, todo, wanted, Setting(removed=share, residual=0), Reporter())
        if not share:  # all that comes in is as it was, so there is nothing to mend
            torch.testing.assert_close(pruned.get_submodule(layer).weight, before, atol=1e-3, rtol=1e-3)
        apart[share] = distance(pruned, model, write, images) / gone
    assert apart[1.0] < 0.9 * apart[0.0], apart


@torch.no_grad()
def distance(pruned, dense, write, images):
    """Mean square of what is missing on the stream where the removed blocks end."""
    seen = []
    for network, at in ((dense, [write.aim]), (pruned, [_there(pruned, write)])):
        handles = []
        hook = lambda register, f, n: handles.append(register(lambda *a: f(n, *a)))  # noqa: B023, E731
        watch(network, at, lambda _read, value: seen.append(value.clone()), hook)
        network(images)
        for handle in handles:
            handle.remove()
    return (seen[0] - seen[1]).square().mean()


def _there(pruned, write):
    """The same place in the pruned network: a removed ResNet block has its projection's sum instead."""
    names = {name for name, _ in pruned.named_modules()}
    if write.aim.module in names and not write.aim.module.endswith("act2"):
        return write.aim
    if "act2" in write.aim.module:
        kept = write.layer.rpartition(".downsample")[0]
        ends = [f"{kept}.act2", f"{kept}.activation"]
        return type(write.aim)(next(n for n in ends if n in names), False, 1)
    return write.after
