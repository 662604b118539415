"""Small networks of every family and kind, lively weights; built once per test run."""

import functools

import timm
import torch

from mdp.core.study import ModelRef
from mdp.families import PrunableNetwork, find
from mdp.networks.lively import liven

torch.set_num_threads(1)

_VIT = {"img_size": 32, "patch_size": 8, "embed_dim": 48, "depth": 3, "num_heads": 3, "num_classes": 7}

# name -> (timm architecture, input size, arguments)
NETWORKS = {
    "vit": ("vit_tiny_patch16_224", (3, 32, 32), _VIT),
    "vit halves": ("vit_tiny_patch16_224", (3, 32, 32), {**_VIT, "depth": 4, "init_values": 0.1}),
    "resnet blurred": ("resnetblur18", (3, 32, 32), {"channels": (8, 16, 16, 24), "num_classes": 7}),
    "vit gray": ("vit_tiny_patch16_224", (1, 32, 32), {**_VIT, "in_chans": 1, "qkv_bias": False}),
    "vit all norms": (
        "vit_tiny_patch16_224",
        (3, 32, 32),
        {
            **_VIT,
            "qk_norm": True,
            "scale_attn_norm": True,
            "scale_mlp_norm": True,
            "pre_norm": True,
            "init_values": 0.1,
            "reg_tokens": 2,
            "class_token": False,
            "global_pool": "avg",
        },
    ),
    "vit attention pool": ("vit_tiny_patch16_224", (3, 32, 32), {**_VIT, "global_pool": "map"}),
    "vit hybrid": ("vit_tiny_r_s16_p8_224", (3, 128, 128), {**_VIT, "img_size": 128, "depth": 2}),
    "vit side by side": ("vit_small_patch16_18x2_224", (3, 32, 32), {**_VIT, "depth": 2}),
    "vit side by side halves": ("vit_small_patch16_18x2_224", (3, 32, 32), {**_VIT, "init_values": None}),
    "vit parallel": ("vit_base_patch16_xp_224", (3, 32, 32), {**_VIT, "init_values": 0.1}),
    "vit differential": (
        "vit_dwee_patch16_reg1_gap_256",
        (3, 32, 32),
        {**_VIT, "qk_norm": True, "scale_attn_norm": True},
    ),
    "vit parallel differential": ("vit_dpwee_patch16_reg1_gap_256", (3, 32, 32), _VIT),
    "deit distilled": ("deit_tiny_distilled_patch16_224", (3, 32, 32), _VIT),
    "vit gated mlp": ("vit_giant_patch14_dinov2", (3, 28, 28), {**_VIT, "img_size": 28, "patch_size": 7}),
    "resnet basic": (
        "resnet18",
        (1, 28, 28),
        {"in_chans": 1, "stem_type": "deep", "stem_width": 8, "channels": (16, 24, 32, 40), "num_classes": 7},
    ),
    "resnet bottleneck": (
        "resnet26d",
        (3, 32, 32),
        {"channels": (8, 16, 24, 32), "layers": (1, 2, 1, 1), "num_classes": 7},
    ),
    "resnext": (
        "resnext50_32x4d",
        (3, 32, 32),
        {"layers": (1, 1, 1, 1), "cardinality": 8, "base_width": 16, "channels": (16, 16, 32, 32)},
    ),
    "seresnet": ("seresnet50", (3, 32, 32), {"layers": (1, 2, 1, 1), "channels": (8, 8, 16, 16)}),
    "efficientnet": ("test_efficientnet", (3, 32, 32), {"num_classes": 7}),
    "efficientnet evonorm": ("test_efficientnet_evos", (3, 32, 32), {"num_classes": 7}),
    "mobilenetv3": ("mobilenetv3_small_050", (3, 32, 32), {"num_classes": 7}),
    "convnext": ("test_convnext", (3, 32, 32), {"num_classes": 7}),
    "convnext v2": ("test_convnext2", (3, 32, 32), {"num_classes": 7}),
}


@functools.cache
def network(name: str) -> PrunableNetwork:
    """The taken-apart network of this name in NETWORKS. Shared between tests: do not change its model."""
    architecture, size, arguments = NETWORKS[name]
    torch.manual_seed(0)
    model = timm.create_model(architecture, **arguments).eval()
    liven(model, 0)
    split_blocks = name.endswith("halves")
    others = {k: v for k, v in arguments.items() if k not in ("num_classes", "in_chans")}
    return find(
        model,
        ModelRef(architecture, "none", size, arguments.get("num_classes", 1000), others),
        split_blocks=split_blocks,
    )


def images(found: PrunableNetwork, count: int = 2) -> torch.Tensor:
    return torch.randn(count, *found.ref.input_size, generator=torch.Generator().manual_seed(1))
