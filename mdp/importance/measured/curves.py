"""Losses of a dim over its widths: measured here and there, joined along a cheap score. Plain numbers.

A dim's `removed` is what the score says is lost at each of its options: falling, 0 at the last, the dense
one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

# How steeply a loss may rise with the score that is removed, on two logarithmic scales. A few measurements
# say no more; 1 is a loss in proportion.
SLOPES = (0.5, 3.0)


@dataclass(frozen=True)
class Rate:
    """The exchange rate of a score for one kind of dim: loss = factor · removed ** power."""

    factor: float
    power: float = 1.0

    def of(self, removed: np.ndarray) -> np.ndarray:
        """The losses that it predicts, of the same shape."""
        return self.factor * np.maximum(removed, 0.0) ** self.power


def fitted(removed: Sequence[float], losses: Sequence[float]) -> Rate | None:
    """The rate that fits measured losses best, by least squares of the logarithms; None without any.

    >>> fitted([1.0, 2.0], [3.0, 6.0])
    Rate(factor=3.0, power=1.0)
    """
    pairs = [(r, v) for r, v in zip(removed, losses, strict=True) if r > 0 and v > 0]
    if not pairs:
        return None
    x, y = np.log(np.array(pairs)).T
    spread = float(((x - x.mean()) ** 2).sum())
    slope = float(((x - x.mean()) * (y - y.mean())).sum()) / spread if spread > 1e-9 else 1.0
    power = float(np.clip(slope, *SLOPES))
    return Rate(float(f"{np.exp(y.mean() - power * x.mean()):.12g}"), float(f"{power:.12g}"))


def joined(options: Sequence[int], removed: np.ndarray, measured: Mapping[int, float]) -> np.ndarray:
    """The loss at every option: as measured, monotone, and along `removed` where it was not measured.

    Noise is evened out by isotonic regression, and no loss is below 0. Below the narrowest width that was
    measured the loss grows in proportion to `removed`. Without any measurement it is `removed`.

    >>> joined((1, 2, 3, 4), np.array([6.0, 3.0, 1.0, 0.0]), {2: 30.0}).tolist()
    [60.0, 30.0, 10.0, 0.0]
    """
    removed = np.maximum.accumulate(np.asarray(removed, dtype=np.float64)[::-1])[::-1]
    known = sorted(kept for kept in measured if kept != options[-1])
    if not known:
        return removed.copy()
    falling = isotonic_regression([max(0.0, measured[k]) for k in known] + [0.0], increasing=False).x
    at = [options.index(k) for k in known] + [len(options) - 1]
    losses = np.empty(len(options))
    for a, b, high, low in zip(at[:-1], at[1:], falling[:-1], falling[1:], strict=True):
        inside = slice(a, b + 1)
        drop = removed[a] - removed[b]
        if drop > 0:
            share = (removed[inside] - removed[b]) / drop
        else:  # the score says nothing here: evenly per unit
            units = np.array(options[inside], dtype=np.float64)
            share = (units[-1] - units) / (units[-1] - units[0])
        losses[inside] = low + (high - low) * share
    first = at[0]
    beyond = removed[:first] / removed[first] if removed[first] > 0 else np.ones(first)
    losses[:first] = falling[0] * beyond
    return losses
