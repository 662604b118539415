"""Attention in networks that no family knows: heads, widths of queries, keys and values, cut as masked."""

import importlib.util
from collections import Counter

import pytest
import torch
from torch.utils._pytree import tree_leaves

import mdp
from mdp.networks.lively import liven
from mdp.surgery import extract, mask
from mdp.surgery.check import random_decision

from .attentions import ATTENTIONS, KINDS
from .test_odd_graphs import agree


def prepare(name):
    torch.manual_seed(0)
    make, inputs = ATTENTIONS[name]
    model = make().eval()
    liven(model, 0)
    return model, inputs()


@pytest.mark.parametrize("name", ATTENTIONS)
def test_what_can_be_pruned_and_that_it_is_right(name):
    model, inputs = prepare(name)
    net = mdp.prunable(model, inputs)
    kinds, blocks = KINDS[name]
    assert (Counter(d.kind for d in net.space.dims), len(net.space.blocks)) == (kinds, blocks), net.space
    for seed in range(3):
        choices, removed, order = random_decision(net, seed)
        pruned = extract(net, choices, removed, order)
        agree(pruned, mask(net, choices, removed, order), inputs)
        widths = {d.name: choices[d.name] or d.units for d in net.space.dims}
        counted = sum(p.value(widths, set(removed)) for p in net.space.counts["parameters"])
        assert counted == sum(p.numel() for p in pruned.parameters())
    whole = extract(net, {d.name: d.units for d in net.space.dims}, (), {})
    with torch.no_grad():
        assert torch.allclose(whole(*inputs), model(*inputs), atol=1e-4)


@pytest.mark.parametrize("name", ATTENTIONS)
def test_attention_is_timed_for_itself(name):
    """Every piece runs at its widest and its narrowest, and none has more dims than a table can have."""
    model, inputs = prepare(name)
    net = mdp.prunable(model, inputs)
    options = {d.name: d.options for d in net.space.dims}
    for s in net.segments:
        for pick in (0, -1):
            work = s.at(*(options[d][pick] for d in s.dims))
            tree_leaves(work.make()(*(torch.randn(2, *shape) for shape in work.inputs)))
    dense = {d.name: d.units for d in net.space.dims}
    macs = sum(s.at(*(dense[d] for d in s.dims)).macs for s in net.segments)
    assert macs == sum(p.value(dense) for p in net.space.counts["macs"])
    kinds = [{d.rpartition(".")[2] for d in s.dims} for s in net.segments]
    dims = Counter(d.kind for d in net.space.dims)
    core = {k for k in ("heads", "qk", "v") if dims[k] and not (k == "v" and name == "separate")}
    assert core in kinds
    assert max(len(s.dims) for s in net.segments) <= 4


HUGGING_FACE = {
    "ViTForImageClassification": ("ViTConfig", {"hidden_size": 24, "intermediate_size": 32}),
    "Dinov2ForImageClassification": ("Dinov2Config", {"hidden_size": 24, "mlp_ratio": 2}),
    "SwinForImageClassification": (
        "SwinConfig",
        {"embed_dim": 8, "depths": [1, 1], "num_heads": [2, 2], "window_size": 2},
    ),
}


@pytest.mark.skipif(importlib.util.find_spec("transformers") is None, reason="transformers is not installed")
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("name", HUGGING_FACE)
def test_hugging_face(name, attention):
    import transformers

    config, sizes = HUGGING_FACE[name]
    if "hidden_size" in sizes:
        sizes = {**sizes, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = getattr(transformers, config)(**sizes, image_size=16, patch_size=2, num_labels=3)
    config._attn_implementation = attention
    model = getattr(transformers, name)(config).eval()
    liven(model, 0)
    images = torch.randn(2, 3, 16, 16)
    net = mdp.prunable(model, images)
    assert {"heads", "qk", "v", "mlp", "channels"} == {d.kind for d in net.space.dims}
    plan = random_decision(net, 1)
    with torch.no_grad():
        a, b = (m(images).logits for m in (extract(net, *plan), mask(net, *plan)))
    assert float((a - b).abs().max()) <= 1e-4 * float(b.abs().max())
