"""FCOS on EfficientNet-Lite0, whose ImageNet weights come with the project: small enough for two cores."""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torchvision.models.detection import FCOS
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.fcos import FCOSHead
from torchvision.ops import FeaturePyramidNetwork

from mdp.core.study import ModelRef
from mdp.networks.models import create, data_config, resolve

CLASSES = ("RBC", "WBC", "Platelets")
SIZE = (144, 192)
LITE0: ModelRef = resolve("tf_efficientnet_lite0")
# Stages that the neck reads: every 8th, 16th and 32nd pixel.
STAGES, WIDTHS = (2, 4, 6), (40, 112, 320)
NECK, CONVOLUTIONS = 64, 2


class Backbone(nn.Module):
    """Lite0 without its classifier, and a feature pyramid on it."""

    out_channels = NECK

    def __init__(self) -> None:
        super().__init__()
        whole = create(LITE0)
        self.conv_stem, self.bn1, self.blocks = whole.conv_stem, whole.bn1, whole.blocks
        self.neck = FeaturePyramidNetwork(list(WIDTHS), NECK)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        x = self.bn1(self.conv_stem(x))
        found = OrderedDict()
        for i, stage in enumerate(self.blocks):
            x = stage(x)
            if i in STAGES:
                found[str(i)] = x
        return self.neck(found)


def detector(seed: int = 0) -> FCOS:
    """The dense detector, its backbone with ImageNet weights and the rest new; in eval mode."""
    torch.manual_seed(seed)
    anchors = AnchorGenerator(((8,), (16,), (32,)), ((1.0,),) * 3)
    head = FCOSHead(NECK, 1, len(CLASSES), num_convs=CONVOLUTIONS)
    made = FCOS(
        Backbone(), len(CLASSES), anchor_generator=anchors, head=head,
        score_thresh=0.05, nms_thresh=0.5, topk_candidates=300,
    )  # fmt: skip
    return made.eval()


def pixels() -> dict[str, tuple[float, ...]]:
    """How it wants its images: mean and std."""
    config = data_config(LITE0)
    return {"mean": config.mean, "std": config.std}
