"""The networks whose weights come with the project: what they are, and where they lie. No torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.paths import SHIPPED

# Mean and standard deviation of the training images, pixels in 0..1.
FASHION_MEAN, FASHION_STD = (0.2860,), (0.3530,)
CIFAR_MEAN, CIFAR_STD = (0.4923, 0.4834, 0.4488), (0.2448, 0.2427, 0.2615)

FASHION = "Fashion-MNIST (Zalando Research, arXiv 1708.07747), MIT, (c) 2017 Zalando SE"
CIFAR = (
    "CIFAR-10 (Krizhevsky 2009), its 32x32 pictures as JPEG files: compare only with what learnt from JPEG. "
    "No licence is stated with the pictures; none of them comes along."
)

CIFAR_CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip


@dataclass(frozen=True)
class Demo:
    """A network trained by this project: a timm architecture with keyword arguments.

    Attributes:
        base: timm's name of the architecture.
        full_stem: whether the stem keeps the resolution (stride 1, no pooling), as small images need; timm's
            ResNet has no argument for that, so `create` sets it on the built model.
        plain_stem: whether the stem is one 3x3 convolution, as in the CIFAR ResNets (He et al. 2015, section
            4.2), instead of timm's.
        trained_on: the data set, its source and its licence, for the card.
        class_names: those of the data set where it comes as folders, so that no other is trained on.
    """

    base: str
    input_size: tuple[int, int, int]
    classes: int
    arguments: Mapping[str, Any]
    full_stem: bool = False
    plain_stem: bool = False
    mean: tuple[float, ...] = FASHION_MEAN
    std: tuple[float, ...] = FASHION_STD
    trained_on: str = FASHION
    class_names: tuple[str, ...] = ()


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
    "cifar_resnet20": Demo(
        "resnet18",
        (3, 32, 32),
        10,
        {"stem_type": "deep", "stem_width": 8, "layers": (3, 3, 3), "channels": (16, 32, 64)},
        full_stem=True,
        plain_stem=True,
        mean=CIFAR_MEAN,
        std=CIFAR_STD,
        trained_on=CIFAR,
        class_names=CIFAR_CLASSES,
    ),
    "cifar_vit": Demo(
        "vit_tiny_patch16_224",
        (3, 32, 32),
        10,
        {"img_size": 32, "patch_size": 8, "embed_dim": 128, "depth": 6, "num_heads": 8},
        mean=CIFAR_MEAN,
        std=CIFAR_STD,
        trained_on=CIFAR,
        class_names=CIFAR_CLASSES,
    ),
}

# timm architectures whose public ImageNet weights come along (data/models, made by tools/lite0.py).
PUBLIC = ("tf_efficientnet_lite0",)


def demo_path(name: str, suffix: str = ".safetensors") -> Path:
    """Where a shipped network's checkpoint (or, with ".json", its card) is kept."""
    return SHIPPED / "models" / f"{name}{suffix}"


# All whose weights "demo" exist: a demo network is one once `mdp train` has made them.
SHIPPED_MODELS = (*(name for name in DEMOS if demo_path(name).is_file()), *PUBLIC)
