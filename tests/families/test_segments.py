"""Pieces: together they are the network, each part once, at every width."""

import numpy as np
import pytest
import torch

from mdp.core.how_found import how_found
from mdp.families import find
from mdp.surgery import deploy, extract

from .small import NETWORKS, network


def widths(found, seed):
    random = np.random.default_rng(seed)
    if seed == 0:
        return {d.name: d.units for d in found.space.dims}
    return {d.name: int(random.choice(d.options)) for d in found.space.dims}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("seed", [0, 1])
def test_pieces_run_and_their_macs_are_the_networks(name, seed):
    found, total = network(name), 0.0
    choices = widths(found, seed)
    for segment in found.segments:
        work = segment.at(*(choices[d] for d in segment.dims))
        with torch.no_grad():
            work.make().eval()(*(torch.zeros(1, *shape) for shape in work.inputs))
        total += work.macs
    assert total == pytest.approx(sum(p.value(choices) for p in found.space.counts["macs"]), rel=1e-9)


@pytest.mark.parametrize("name", ["vit", "resnet basic", "resnet bottleneck", "efficientnet", "convnext"])
def test_pieces_hold_the_weights_of_the_deployed_network(name):
    """Each weight of the extracted, folded network is in exactly one piece, for a random plan."""
    found = network(name)
    choices = widths(found, 2)
    removed = [b.name for b in found.space.blocks if b.removable][1::2]
    order = {d.name: range(d.units) for d in found.space.dims}
    model = deploy(extract(found, choices, removed, order))
    weights = sorted(p.numel() for p in model.parameters() if p.ndim > 1 and p.numel() > max(p.shape))
    priced = []
    for segment in found.segments:
        if segment.block not in removed:
            made = segment.at(*(choices[d] for d in segment.dims)).make()
            priced += [p.numel() for p in made.parameters() if p.ndim > 1 and p.numel() > max(p.shape)]
    assert sorted(priced) == weights


@pytest.mark.parametrize("name", ["vit gray", "vit all norms", "vit halves"])
def test_attention_split_as_in_the_paper_computes_the_same(name):
    """Scores and Mix, with a block's weights, give what its attention adds to the residual stream."""
    whole = network(name)
    split_blocks = name.endswith("halves")
    found = find(whole.model, whole.ref, split_blocks=split_blocks, attention="split")
    assert how_found([b.name for b in found.space.blocks], [p.name for p in found.segments]) == {
        "split_blocks": split_blocks,
        "attention": "split",
    }
    assert sum(
        p.at(*(w[d] for d in p.dims)).macs for w in [widths(found, 1)] for p in found.segments
    ) == pytest.approx(sum(p.value(widths(found, 1)) for p in found.space.counts["macs"]), rel=1e-9)
    segments = {p.name: p for p in found.segments}
    block, dense = found.model.blocks[1], widths(found, 0)
    scores, mix = (
        segments[f"blocks.1.{kind}"].at(
            dense["embedding"], dense["blocks.1.heads"], dense[f"blocks.1.{kind}"]
        )
        for kind in ("qk", "v")
    )
    x = torch.randn(2, *scores.inputs[0], generator=torch.Generator().manual_seed(0))
    scores, mix = scores.make().eval(), mix.make().eval()
    attn, cut = block.attn, 2 * block.attn.attn_dim
    for layer, rows in ((scores.qk, slice(cut)), (mix.v, slice(cut, None))):
        layer.weight.data = attn.qkv.weight.data[rows]
        if layer.bias is not None:
            layer.bias.data = attn.qkv.bias.data[rows]
    scores.norm, scores.q_norm, scores.k_norm = block.norm1, attn.q_norm, attn.k_norm
    mix.norm, mix.proj, mix.after = attn.norm, attn.proj, block.ls1
    with torch.no_grad():
        normed = block.norm1(x)
        torch.testing.assert_close(mix(normed, scores(x), x), x + block.ls1(attn(normed)))


def test_identical_shapes_share_a_key_and_different_ones_do_not():
    found = network("vit")
    segments = {p.name: p for p in found.segments}
    first, second = segments["blocks.0.qkv"], segments["blocks.2.qkv"]
    assert first.at(48, 3, 16, 16).key == second.at(48, 3, 16, 16).key
    assert first.at(48, 3, 16, 16).key == first.at(48, 2, 32 - 8, 24).key, (
        "a linear layer sees its widths alone"
    )
    attention = segments["blocks.0.attention"]
    assert attention.at(3, 16, 8).key != attention.at(3, 8, 16).key


def test_a_removed_projection_block_still_pays_for_projection_and_activation():
    segments = {p.name: p for p in network("resnet basic").segments}
    assert segments["layer2.0.downsample.0"].block is None
    assert segments["layer2_0_act2"].block is None
    assert segments["layer2.0.conv2"].block == "layer2.0"
    assert segments["layer1.0.conv2"].at(16, 16).key.endswith("add > ReLU @16x7x7 16x7x7")
