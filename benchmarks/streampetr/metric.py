"""nuScenes' mean average precision: a box is found where its centre is near enough on the ground.

Caesar et al. 2020 (arXiv 1903.11027), section 3: per class and threshold of 0.5, 1, 2 and 4 m, precision
above recall, without recall below 0.1 and precision below 0.1; the mean over classes and thresholds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

THRESHOLDS = (0.5, 1.0, 2.0, 4.0)
LEAST = 0.1


@dataclass(frozen=True)
class Boxes:
    """Of one frame: kinds (n,), centres on the ground (n, 2) in metres, and scores (n,) where they were
    found."""

    kinds: np.ndarray
    centres: np.ndarray
    scores: np.ndarray | None = None


def mean_average_precision(found: Sequence[Boxes], truth: Sequence[Boxes], classes: int) -> float:
    """Between 0 and 1, over the classes that there are."""
    there = [k for k in range(classes) if any((t.kinds == k).any() for t in truth)]
    if not there:
        raise ValueError("no object in any frame")
    return float(np.mean([_average(found, truth, kind, near) for kind in there for near in THRESHOLDS]))


def _average(found: Sequence[Boxes], truth: Sequence[Boxes], kind: int, near: float) -> float:
    entries = [
        (float(score), frame, centre)
        for frame, boxes in enumerate(found)
        for score, centre, k in zip(boxes.scores, boxes.centres, boxes.kinds, strict=True)
        if k == kind
    ]
    left = [t.centres[t.kinds == kind].tolist() for t in truth]
    total = sum(map(len, left))
    right = []
    for _, frame, centre in sorted(entries, key=lambda entry: -entry[0]):
        away = [float(np.hypot(*(np.array(other) - centre))) for other in left[frame]]
        nearest = int(np.argmin(away)) if away else -1
        hit = nearest >= 0 and away[nearest] < near
        if hit:
            left[frame].pop(nearest)  # each object is found once
        right.append(hit)
    if not right:
        return 0.0
    hits = np.cumsum(right)
    recall, precision = hits / total, hits / np.arange(1, len(hits) + 1)
    at = np.interp(np.linspace(0, 1, 101), recall, precision, right=0.0)[round(100 * LEAST) + 1 :]
    return float(np.clip(at - LEAST, 0, None).mean() / (1 - LEAST))
