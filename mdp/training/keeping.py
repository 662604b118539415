"""Which network is kept of a fine-tuning: the trained, or the repaired where training made it worse."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from ..datasets.source import Split, stratified

# Training images that are held out to compare on: a share of those asked for, at most and at least so many.
SHARE, MOST, LEAST = 0.05, 3000, 200


@dataclass(frozen=True)
class Repaired:
    """What training began with: its weights, and its share of the held-out images right."""

    weights: dict[str, Tensor]
    accuracy: float

    @classmethod
    def of(cls, network: nn.Module, accuracy: float) -> "Repaired":
        weights = {name: t.detach().cpu().clone() for name, t in network.state_dict().items()}
        return cls(weights, accuracy)

    def instead(self, network: nn.Module, accuracy: float, images: int) -> str:
        """Put the repaired weights back where `accuracy`, the trained network's, is lower; why, in words."""
        if accuracy >= self.accuracy:
            return ""
        network.load_state_dict(self.weights)
        return (
            f"Training made it worse: {100 * accuracy:.1f} % of {images:,} training images that were held "
            f"out, repaired alone {100 * self.accuracy:.1f} %. The repaired network is kept."
        )


def held_out(train: Split, images: int | None, seed: int) -> tuple[Split, Split]:
    """(images to train on, others to compare on); the second is empty where there are too few.

    Where not all images are asked for, the others are of those left over, and training loses none.

    >>> part, others = held_out(Split(np.arange(10_000) % 10), 4000, seed=0)
    >>> len(part), len(others)
    (4000, 200)
    """
    chosen = stratified(train.labels, images, seed) if images else np.arange(len(train))
    wanted = min(MOST, round(SHARE * len(chosen)))
    left = np.setdiff1d(np.arange(len(train)), chosen)
    if len(left) >= max(wanted, LEAST):
        others = left[stratified(train.labels[left], max(wanted, LEAST), seed)]
    elif wanted >= LEAST:
        others = chosen[stratified(train.labels[chosen], wanted, seed)]
        chosen = chosen[~np.isin(chosen, others)]
    else:
        others = left[:0]
    return train.take(chosen), train.take(others)
