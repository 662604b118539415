"""The networks whose weights come with the project: what they are, and where they lie. No torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.paths import SHIPPED

# Mean and standard deviation of the 60 000 training images, pixels in 0..1.
FASHION_MEAN, FASHION_STD = (0.2860,), (0.3530,)


@dataclass(frozen=True)
class Demo:
    """A network trained by this project: a timm architecture with keyword arguments.

    Attributes:
        base: timm's name of the architecture.
        full_stem: whether the stem keeps the resolution (stride 1, no pooling), as small images need; timm's
            ResNet has no argument for that, so `create` sets it on the built model.
    """

    base: str
    input_size: tuple[int, int, int]
    classes: int
    arguments: Mapping[str, Any]
    full_stem: bool = False
    mean: tuple[float, ...] = FASHION_MEAN
    std: tuple[float, ...] = FASHION_STD


DEMOS = {
    "fmnist_resnet": Demo(
        "resnet18",
        (1, 28, 28),
        10,
        {"stem_type": "deep", "stem_width": 8, "channels": (16, 32, 64, 128)},
        full_stem=True,
    ),
    "fmnist_vit": Demo(
        "vit_tiny_patch16_224",
        (1, 28, 28),
        10,
        {"img_size": 28, "patch_size": 7, "embed_dim": 128, "depth": 6, "num_heads": 8},
    ),
}

# timm architectures whose public ImageNet weights come along (data/models, made by tools/lite0.py).
PUBLIC = ("tf_efficientnet_lite0",)
# All whose weights "demo" exist.
SHIPPED_MODELS = (*DEMOS, *PUBLIC)


def demo_path(name: str, suffix: str = ".safetensors") -> Path:
    """Where a shipped network's checkpoint (or, with ".json", its card) is kept."""
    return SHIPPED / "models" / f"{name}{suffix}"
