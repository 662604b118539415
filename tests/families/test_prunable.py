"""What families find: dims, counts, slices and norms, against the model itself."""

import copy

import numpy as np
import pytest
import timm
import torch
from torch import nn

from mdp.core.errors import MdpError, Unsupported
from mdp.core.study import ModelRef
from mdp.families import find
from mdp.networks.lively import liven
from mdp.networks.options import default_width_step
from mdp.surgery import extract, mask
from mdp.surgery.check import random_decision

from .small import NETWORKS, network

EVERY = pytest.mark.parametrize("name", NETWORKS)


def units(found):
    return {d.name: d.units for d in found.space.dims}


@EVERY
def test_dense_parameters_are_counted_exactly(name):
    found = network(name)
    counted = sum(p.value(units(found)) for p in found.space.counts["parameters"])
    assert counted == sum(p.numel() for p in found.model.parameters())


@EVERY
def test_names_are_unique_and_blocks_of_slices_exist(name):
    found = network(name)
    dims = [d.name for d in found.space.dims]
    blocks = [b.name for b in found.space.blocks]
    assert len(set(dims)) == len(dims) and len(set(blocks)) == len(blocks)
    assert {s.dim for s in found.slices} == set(dims)
    assert {s.block for s in found.slices} <= {*blocks, None}
    assert {p.block for p in found.segments} <= {*blocks, None}
    assert all(s.role in ("input", "output") for s in found.slices)


@EVERY
def test_units_own_each_position_once(name):
    found = network(name)
    shapes = {n: t.shape for n, t in found.model.state_dict().items()}
    for s in found.slices:
        assert s.index.shape[0] == units(found)[s.dim]
        assert len(np.unique(s.index)) == s.index.size
        assert s.index.min() >= 0 and s.index.max() < shapes[s.tensor][s.axis]


def test_transformer_has_the_five_dims_of_the_method():
    found = network("vit")
    names = [d.name for d in found.space.dims]
    assert names[:5] == ["embedding", "blocks.0.heads", "blocks.0.qk", "blocks.0.v", "blocks.0.mlp"]
    assert [d.units for d in found.space.dims][:5] == [48, 3, 16, 16, 192]
    assert [b.name for b in found.space.blocks] == ["blocks.0", "blocks.1", "blocks.2"]
    assert all(b.removable for b in found.space.blocks)


def test_a_head_owns_its_rows_of_q_k_and_v():
    found = network("vit")
    rows = next(
        s for s in found.slices if (s.dim, s.tensor) == ("blocks.0.heads", "blocks.0.attn.qkv.weight")
    )
    assert rows.index[1].tolist() == [*range(16, 32), *range(64, 80), *range(112, 128)]
    parts = [s for s in found.slices if s.tensor == "blocks.0.attn.qkv.weight" and s.axis == 0]
    qk = next(s for s in parts if s.dim == "blocks.0.qk")
    assert qk.index[5].tolist() == [5, 21, 37, 53, 69, 85]


def test_residual_layers_of_a_resnet_share_one_dim():
    found = network("resnet bottleneck")
    makers = {s.tensor for s in found.slices if s.dim == "layer2" and s.axis == 0 and "conv" in s.tensor}
    assert makers == {"layer2.0.conv3.weight", "layer2.1.conv3.weight"}
    stays = [s for s in found.slices if s.tensor.startswith("layer2.0.downsample")]
    assert stays and all(s.block is None for s in stays), "a projection stays when its block goes"


def test_first_convolution_is_kept_whole_and_said():
    skipped = {s.name: s.reason for s in network("resnet bottleneck").space.skipped}
    assert "first convolution" in skipped["conv1.0"]
    assert "classes" in skipped["fc"]


def test_norms_name_the_batch_norms_of_a_dim():
    norms = network("resnet basic").norms
    assert norms["layer3.0.conv1"] == (("layer3.0.bn1.weight", "layer3.0.bn1.bias", "layer3.0"),)
    assert ("layer3.0.downsample.1.weight", "layer3.0.downsample.1.bias", None) in norms["layer3"]


def test_grouped_convolutions_are_pruned_by_whole_groups():
    dims = {d.name: d for d in network("resnext").space.dims}
    assert dims["layer1.0.conv1"].kind == "groups" and dims["layer1.0.conv1"].units == 8


def test_expansion_depthwise_and_gate_are_one_dim():
    found = network("efficientnet")
    expand = {s.tensor for s in found.slices if s.dim == "blocks.3.0.conv_pw" and s.role == "output"}
    wanted = {"blocks.3.0.conv_pw.weight", "blocks.3.0.conv_dw.weight", "blocks.3.0.se.conv_expand.weight"}
    assert wanted <= expand


def test_without_a_classifier_the_output_keeps_its_width():
    arguments = {"img_size": 32, "patch_size": 8, "embed_dim": 48, "depth": 1, "num_heads": 3}
    model = timm.create_model("vit_tiny_patch16_224", num_classes=0, **arguments)
    found = find(model, ModelRef("vit_tiny_patch16_224", "none", (3, 32, 32), 0, arguments))
    assert found.space.dims[0].options == (48,)
    assert "embedding" in {s.name for s in found.space.skipped}


def test_a_model_outside_the_families_is_followed_as_a_graph():
    model = timm.create_model("regnetx_002", num_classes=7).eval()
    ref = ModelRef("regnetx_002", "none", (3, 32, 32), 7)
    found = find(model, ref)
    assert found.space.family == "traced" and len(found.space.dims) > 10
    with pytest.raises(Unsupported, match="Leave out attention"):
        find(model, ref, attention="split")


class Stem(nn.Module):
    """Patches by two convolutions, the second of another name than timm's."""

    grid_size, num_patches = (4, 4), 16

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 16, 4, 4), nn.Conv2d(16, 48, 2, 2)

    def forward(self, x):
        return self.second(torch.relu(self.first(x))).flatten(2).transpose(1, 2)

    def feat_ratio(self, as_scalar=True):
        return 8


@pytest.mark.parametrize(
    "part", ["blocks.1", "blocks.1.attn", "blocks.1.mlp", "blocks.1.attn.gate", "patch_embed"]
)
def test_a_transformer_with_a_part_that_is_not_known_is_followed_as_a_graph(part):
    model = copy.deepcopy(network("vit").model)
    if part == "blocks.1.attn":  # made like timm's own, and yet another
        attention = model.get_submodule(part)
        attention.__class__ = type("SelectiveAttention", (type(attention),), {})
    else:
        parent, _, leaf = part.rpartition(".")
        new = {"patch_embed": Stem, "blocks.1.attn.gate": lambda: nn.Linear(48, 48)}.get(part, nn.Tanh)
        setattr(model.get_submodule(parent), leaf, new())
    liven(model, 0)
    found = find(model, network("vit").ref)
    assert found.space.family == "traced" and {"heads", "qk", "v"} <= {d.kind for d in found.space.dims}
    choices, removed, order = random_decision(found, 1)
    x = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        a, b = (make(found, choices, removed, order)(x) for make in (extract, mask))
    assert float((a - b).abs().max()) <= 1e-5 * float(b.abs().max())


def test_halves_that_share_a_layer_stay_together():
    dense = network("vit parallel")
    with pytest.raises(Unsupported, match="without --split-blocks"):
        find(dense.model, dense.ref, split_blocks=True)


def test_two_maps_a_head_are_not_split_in_the_papers_two_tables():
    dense = network("vit differential")
    with pytest.raises(Unsupported, match="fused"):
        find(dense.model, dense.ref, attention="split")


def test_attentions_side_by_side_have_their_own_dims_and_go_with_their_block():
    found = network("vit side by side")
    names = [d.name for d in found.space.dims if d.name.startswith("blocks.1.")]
    assert names == [f"blocks.1.{i}.{kind}" for i in (0, 1) for kind in ("heads", "qk", "v")] + [
        "blocks.1.0.mlp",
        "blocks.1.1.mlp",
    ]
    assert {s.block for s in found.slices if s.dim in names} == {"blocks.1"}


def test_a_component_of_differential_attention_is_one_of_both_maps():
    """Rows of q: heads (3) by maps (2) by width (8); of v: heads by 16."""
    slices = {(s.dim, s.tensor, s.role): s.index for s in network("vit differential").slices}
    qk = slices["blocks.0.qk", "blocks.0.attn.qkv.weight", "output"]
    assert qk[5].tolist() == [5 + 8 * i for i in range(12)]
    assert slices["blocks.0.v", "blocks.0.attn.sub_norm.weight", "output"].size == 16


def test_one_layer_makes_mlp_and_attention_of_a_parallel_block():
    slices = {(s.dim, s.tensor): s.index for s in network("vit parallel").slices}
    assert slices["blocks.0.mlp", "blocks.0.in_proj.weight"][7].tolist() == [7]
    assert slices["blocks.0.mlp", "blocks.0.mlp_bias"][7].tolist() == [7]
    assert slices["blocks.0.v", "blocks.0.in_proj.weight"][0].tolist() == [288, 304, 320]  # 192 + 2 x 48


def test_a_forward_that_cannot_be_traced_is_refused():
    model = timm.create_model("resnet18", channels=(8, 8, 8, 8))
    plain = model.forward_features
    model.forward_features = lambda x: plain(x) if x.sum() > 0 else plain(-x)
    with pytest.raises(Unsupported, match="cannot be followed"):
        find(model, ModelRef("resnet18", "none", (3, 32, 32), 1000))


@pytest.mark.parametrize("width_step, options", [({"heads": 2}, (1, 3)), ({"blocks.0.heads": 3}, (3,))])
def test_width_steps_by_kind_and_by_name(width_step, options):
    dense = network("vit")
    found = find(dense.model, dense.ref, width_step=width_step)
    assert {d.name: d.options for d in found.space.dims}["blocks.0.heads"] == options


def test_a_width_step_that_is_no_number_is_refused():
    dense = network("vit")
    with pytest.raises(MdpError, match="width step"):
        find(dense.model, dense.ref, width_step={"heads": 0})


@pytest.mark.parametrize(
    "kind, size, width_step",
    [("embedding", 768, 64), ("mlp", 3072, 192), ("qk", 64, 8), ("heads", 12, 1), ("channels", 64, 8),
     ("channels", 2048, 256), ("channels", 16, 4), ("channels", 37, 8), ("groups", 32, 2)],
)  # fmt: skip
def test_default_width_steps(kind, size, width_step):
    assert default_width_step(kind, size) == width_step


def test_finding_leaves_the_model_as_it_was():
    found = network("resnet basic")
    before = {n: t.clone() for n, t in found.model.state_dict().items()}
    again = find(found.model, found.ref)
    assert again.space == found.space
    after = found.model.state_dict()
    assert all(torch.equal(t, after[n]) for n, t in before.items())


@pytest.mark.parametrize(
    "name, arguments",
    [
        ("vit_tiny_patch16_224", {"depth": 0}),
        ("resnet18", {"layers": [0, 0, 0, 0]}),
        ("resnet18", {"layers": []}),
        ("resnet18", {"layers": [1, 0, 1, 1]}),
    ],
)
def test_a_network_without_blocks_is_a_sentence(name, arguments):
    model = timm.create_model(name, **arguments)
    with pytest.raises(Unsupported, match=r"Give (it|each)"):
        find(model, ModelRef(name, "none", (3, 224, 224), 1000))


@pytest.mark.parametrize("name", ["resnet18", "vit_tiny_patch16_224"])
def test_no_classifier_is_spoken_of_where_there_is_none(name):
    found = find(timm.create_model(name, num_classes=0), ModelRef(name, "none", (3, 224, 224), 0))
    assert not any("classifier are" in s.reason for s in found.space.skipped)
