"""A one-stage detector of torchvision as tensors in, tensors out: what can be pruned of it, and timed.

Boxes are chosen from its answers by thresholds and non-maximum suppression, which take as long as there are
boxes in the image: no part of the body, and of no latency here.
"""

from typing import Any

from torch import Tensor, nn

# What the head of torchvision's one-stage detectors answers with; FCOS has the third.
ANSWERS = ("cls_logits", "bbox_regression", "bbox_ctrness")


class DetectorBody(nn.Module):
    """Backbone and heads of a detector, with the names that they have in it.

    Takes images (batch, 3, height, width), normalised; gives {"cls_logits": (batch, places, classes),
    "bbox_regression": (batch, places, 4)} and for FCOS "bbox_ctrness". The detector's own modules are in it,
    not copies.
    """

    def __init__(self, detector: nn.Module):
        super().__init__()
        self.backbone = detector.backbone
        self.head = detector.head

    def features(self, images: Tensor) -> list[Tensor]:
        """The maps that the head looks at, fine ones first."""
        found: Any = self.backbone(images)
        return list(found.values()) if isinstance(found, dict) else [found]

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        return self.head(self.features(images))


def is_one_stage(model: nn.Module) -> bool:
    """Whether a module is a detector whose body is a network of tensors: SSD, RetinaNet or FCOS."""
    from torchvision.models.detection import FCOS, RetinaNet
    from torchvision.models.detection.ssd import SSD

    return isinstance(model, FCOS | SSD | RetinaNet)
