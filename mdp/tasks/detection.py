"""The task of torchvision's one-stage detectors: boxes with classes, measured in mean average precision."""

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..core.errors import MdpError, first_line
from ..networks.detector_body import DetectorBody, is_one_stage
from .box_targets import check_targets
from .boxes import mean_average_precision
from .inputs import run
from .outputs import kept
from .task import Reference, Task

# Where no place is like an object, as in an untrained network, answers count as of so many.
_FEWEST = 1.0


class Detection(Task):
    """Boxes of one of torchvision's detectors, SSD, RetinaNet or FCOS, for images of one size.

    Attributes:
        body: what is pruned and timed: images in, scores and box offsets of all places out. Choosing boxes
            from them (non-maximum suppression) is no part of it, and in no latency.
        detector: the whole of torchvision's; its anchors, losses and choice of boxes are used.

    Args:
        detector: any of these three classes, with a backbone of one's own if wanted. Its own resizing is not
            used: images come normalised and in `input_size`, boxes in their pixels.
        input_size: (3, height, width).

    Raises:
        MdpError: it is another detector, or does not take such images.

    >>> import torch, mdp
    >>> from torchvision.models import get_model
    >>> ssd = get_model("ssdlite320_mobilenet_v3_large", weights=None, weights_backbone=None, num_classes=3)
    >>> task = mdp.Detection(ssd, (3, 96, 96))
    >>> sorted(task.body(torch.zeros(1, 3, 96, 96)))
    ['bbox_regression', 'cls_logits']
    """

    name, quality, labelled = "detection", "mAP", True

    def __init__(self, detector: nn.Module, input_size: Sequence[int]):
        if not is_one_stage(detector):
            raise MdpError(
                f"A {type(detector).__name__} is none of torchvision's one-stage detectors (SSD, RetinaNet, "
                "FCOS). Prune its backbone as a network of its own, with the task match."
            )
        size = tuple(input_size) if isinstance(input_size, Sequence) else ()
        if len(size) != 3 or not all(isinstance(n, int) and n > 0 for n in size):
            raise MdpError("The input size of a detector is (channels, height, width): (3, 320, 320).")
        self.detector, self.input_size = detector, size
        self.body = DetectorBody(detector).eval()
        images = torch.zeros(1, *size)
        try:
            with torch.no_grad():
                maps = self.body.features(images)
                answer = self.body.head(maps)
        except Exception as error:  # whatever a stranger's backbone raises
            raise MdpError(f"The detector does not take images of {size}: {first_line(error)}.") from None
        # They depend on the sizes of the maps alone, which pruning leaves as they are.
        self._anchors = _anchors(detector, images, maps)
        places, count = sum(m.shape[2] * m.shape[3] for m in maps), answer["cls_logits"].shape[1]
        self._classes = answer["cls_logits"].shape[2]
        self._levels = [m.shape[2] * m.shape[3] * count // places for m in maps]

    def score_loss(self) -> Callable[[Any, Any], Tensor]:
        return self.loss

    def loss(self, outputs: Any, targets: Any, told: Any = None) -> Tensor:
        """The detector's own losses, added up; with a teacher, the divergence from its answers instead."""
        if told is not None:
            return self.reference([told]).divergence(0, outputs)
        self._check(targets, len(outputs["cls_logits"]))
        anchors = [self._anchors.to(outputs["cls_logits"].device)] * len(targets)
        return sum(self._losses(targets, outputs, anchors).values(), torch.zeros(()))

    def reference(self, outputs: Sequence[Any]) -> "Detected":
        from torchvision.models.detection.ssd import SSD

        return Detected(outputs, exclusive=isinstance(self.detector, SSD))

    def detect(self, network: nn.Module, images: Tensor) -> list[dict[str, Tensor]]:
        """Boxes (n, 4), labels and scores (n,) in each image, by a body, pruned or not; sure ones first."""
        if tuple(images.shape[1:]) != self.input_size:
            raise MdpError(
                f"These images are {tuple(images.shape[1:])}, and this task is of {self.input_size}: bring "
                "them to that size."
            )
        with torch.no_grad():
            outputs = run(network, images)
        return self.choose(outputs, len(images))

    def choose(self, outputs: Mapping[str, Tensor], count: int) -> list[dict[str, Tensor]]:
        """Boxes from answers for `count` images: thresholds and non-maximum suppression, torchvision's."""
        from torchvision.models.detection.ssd import SSD

        shapes = [self.input_size[1:]] * count
        anchors = self._anchors.to(outputs["cls_logits"].device)
        if isinstance(self.detector, SSD):
            return self.detector.postprocess_detections(outputs, [anchors] * count, shapes)
        split = {key: list(value.split(self._levels, dim=1)) for key, value in outputs.items()}
        by_level = list(anchors.split(self._levels))
        return self.detector.postprocess_detections(split, [by_level] * count, shapes)

    def measure(self, network: nn.Module, batches: Iterable[Any], dense: nn.Module | None = None) -> float:
        return self.measures(network, batches)["mAP"]

    def measures(self, network: nn.Module, batches: Iterable[Any]) -> dict[str, float]:
        """COCO's mean average precision over overlaps of 0.5 to 0.95 ("mAP") and at 0.5 ("mAP50").

        Raises:
            MdpError: no images, no boxes in them, or pycocotools is not installed.
        """
        network.eval()
        found, truth = [], []
        for images, targets in batches:
            self._check(targets, len(images))
            found += [{k: v.cpu() for k, v in one.items()} for one in self.detect(network, images)]
            truth += [{k: v.cpu() for k, v in one.items()} for one in targets]
        return mean_average_precision(found, truth, self.input_size[1:])

    def _losses(self, targets: list, outputs: dict[str, Tensor], anchors: list[Tensor]) -> dict[str, Tensor]:
        from torchvision.models.detection import FCOS
        from torchvision.models.detection.ssd import SSD
        from torchvision.ops import box_iou

        if isinstance(self.detector, FCOS):
            return self.detector.compute_loss(targets, outputs, anchors, self._levels)
        if not isinstance(self.detector, SSD):
            return self.detector.compute_loss(targets, outputs, anchors)
        matched = [
            self.detector.proposal_matcher(box_iou(one["boxes"], around))
            if len(one["boxes"])
            else torch.full((len(around),), -1, dtype=torch.int64, device=around.device)
            for one, around in zip(targets, anchors, strict=True)
        ]
        return self.detector.compute_loss(targets, outputs, anchors, matched)

    def _check(self, targets: Any, count: int) -> None:
        from torchvision.models.detection.ssd import SSD

        check_targets(targets, count, int(isinstance(self.detector, SSD)), self._classes)


class Detected(Reference):
    """The dense detector's answers. Divergence: that of the class probabilities at every place, and how far
    the offsets of boxes are moved, both by how like an object the place is; for each object's worth of
    places, so that detectors of many places and of few compare.

    Args:
        exclusive: whether a place is of one class, the first of which is none (SSD), or has a probability for
            each.
    """

    def __init__(self, outputs: Sequence[Any], *, exclusive: bool):
        self.batches = [dict(zip(sorted(o), kept(dict(sorted(o.items()))), strict=True)) for o in outputs]
        self._apart = _softmax if exclusive else _sigmoid

    def divergence(self, batch: int, outputs: Any) -> Tensor:
        there = self.batches[batch]
        apart, sure = self._apart(outputs["cls_logits"].float(), there["cls_logits"])
        weight = sure.sum().clamp_min(_FEWEST)
        moved = F.smooth_l1_loss(
            outputs["bbox_regression"].float(), there["bbox_regression"], reduction="none"
        ).sum(2)
        total = apart.sum() + (moved * sure).sum()
        if "bbox_ctrness" in there:
            central, _ = _sigmoid(outputs["bbox_ctrness"].float(), there["bbox_ctrness"])
            total = total + (central * sure).sum()
        return total / weight


def _softmax(ours: Tensor, dense: Tensor) -> tuple[Tensor, Tensor]:
    """(divergence of the classes, how like an object it is in the dense answer), each (images, places)."""
    here, there = F.log_softmax(ours, 2), F.log_softmax(dense, 2)
    chance = there.exp()
    return (chance * (there - here)).sum(2), 1 - chance[..., 0]


def _sigmoid(ours: Tensor, dense: Tensor) -> tuple[Tensor, Tensor]:
    """As `_softmax`, where every class has a probability of its own."""
    chance = dense.sigmoid()
    apart = F.binary_cross_entropy_with_logits(ours, chance, reduction="none")
    own = F.binary_cross_entropy_with_logits(dense, chance, reduction="none")
    return (apart - own).clamp_min(0).sum(2), chance.amax(2)


def _anchors(detector: nn.Module, images: Tensor, maps: list[Tensor]) -> Tensor:
    from torchvision.models.detection.image_list import ImageList

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return detector.anchor_generator(ImageList(images, [tuple(images.shape[2:])]), maps)[0]
