"""Mean average precision of boxes, by pycocotools: the evaluation of COCO itself."""

import contextlib
import io
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from ..core.errors import MdpError


def mean_average_precision(
    found: Sequence[Mapping[str, Tensor]], truth: Sequence[Mapping[str, Tensor]], size: tuple[int, int]
) -> dict[str, float]:
    """{"mAP", "mAP50"}: over overlaps of 0.5 to 0.95 and at 0.5, the mean over classes, at most 100 boxes an
    image.

    Args:
        found: per image "boxes" (n, 4) as left, top, right, bottom, "scores" and "labels" (n,).
        truth: per image "boxes" and "labels".
        size: (height, width) of the images.

    Raises:
        MdpError: nothing to find, or pycocotools is not installed.
    """
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval as Evaluation
    except ImportError:
        raise MdpError(
            "Mean average precision is counted by pycocotools, which is not installed. Install it with: "
            "pip install '.[detection]'."
        ) from None
    if not any(len(one["boxes"]) for one in truth):
        raise MdpError("There are no boxes to find in these images: mean average precision has no meaning.")
    labels = sorted({int(n) for one in truth for n in one["labels"]})
    with contextlib.redirect_stdout(io.StringIO()):  # it prints a table
        known = COCO()
        known.dataset = {
            "info": {},
            "images": [{"id": i, "height": size[0], "width": size[1]} for i in range(len(truth))],
            "categories": [{"id": n, "name": str(n)} for n in labels],
            "annotations": _annotations(truth),
        }
        known.createIndex()
        results = known.loadRes(_results(found)) if any(len(f["boxes"]) for f in found) else None
        if results is None:
            return {"mAP": 0.0, "mAP50": 0.0}
        evaluation = Evaluation(known, results, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    # -1 where no image has such boxes at all.
    return {"mAP": max(0.0, float(evaluation.stats[0])), "mAP50": max(0.0, float(evaluation.stats[1]))}


def _annotations(truth: Sequence[Mapping[str, Tensor]]) -> list[dict[str, Any]]:
    boxes = (
        (i, box, label)
        for i, one in enumerate(truth)
        for box, label in zip(one["boxes"].tolist(), one["labels"].tolist(), strict=True)
    )
    return [
        {"id": n, "image_id": i, "category_id": int(label), "bbox": _by_size(box), "iscrowd": 0}
        | {"area": (box[2] - box[0]) * (box[3] - box[1])}
        for n, (i, box, label) in enumerate(boxes, 1)
    ]


def _results(found: Sequence[Mapping[str, Tensor]]) -> list[dict[str, Any]]:
    return [
        {"image_id": i, "category_id": int(label), "bbox": _by_size(box), "score": float(score)}
        for i, one in enumerate(found)
        for box, label, score in zip(
            one["boxes"].tolist(), one["labels"].tolist(), one["scores"].tolist(), strict=True
        )
    ]


def _by_size(box: Sequence[float]) -> list[float]:
    left, top, right, bottom = box
    return [left, top, right - left, bottom - top]
