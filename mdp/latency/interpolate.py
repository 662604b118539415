"""Filling in what was not measured, with an error bar: universal kriging over the widths.

The trend is the cost model of matrix products: a sum of products of the widths whose coefficients are not
negative. What it misses (kernel choice, tiles, caches) is a Gaussian process on the relative residual.
Source of the formulas: Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, sections 2.2
and 5.4.2 (the leave-one-out residual is [K^-1 r]_i / [K^-1]_ii).
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import nnls

# Length scales tried, as shares of dense; the one with the smallest leave-one-out error is taken.
LENGTHS = (0.1, 0.25, 0.6, 1.5)
# Relative standard deviation that no reading is better than.
LEAST_NOISE = 0.002


@dataclass(frozen=True, eq=False)
class Filled:
    """A whole table from some of its entries.

    Attributes:
        values: as measured where measured, else predicted; shape (entries,).
        deviation: predicted standard deviation over the value; 0 where measured.
        error: median of the relative leave-one-out errors; `worst` is their 95th percentile. Both are inf
            where the trend has a coefficient for every measured entry: how well it tells others is not known.
    """

    values: np.ndarray
    deviation: np.ndarray
    error: float
    worst: float


def fill(
    points: np.ndarray,
    trend: np.ndarray,
    measured: np.ndarray,
    noise: np.ndarray,
    holdout: np.ndarray | None = None,
) -> Filled:
    """Predict every entry that is NaN in `measured`.

    Args:
        points: coordinates, shape (entries, axes).
        trend: values of the trend's products, shape (entries, products), see `products`.
        measured: ms, NaN where not measured, shape (entries,). At least one must be there.
        noise: relative standard error of each measured entry, same shape.
        holdout: which entries were drawn at random, same shape. If some are measured, the median is theirs:
            entries of a regular grid are of rounder widths, and told more easily, than what is inferred.
    """
    known = np.isfinite(measured)
    y, sigma = measured[known], np.maximum(noise[known], LEAST_NOISE)
    weights, _ = nnls(trend[known] / y[:, None], np.ones(len(y)))
    expected = np.maximum(trend @ weights, 1e-3 * y.min())
    residual = y / expected[known] - 1
    scale = max(float(np.sqrt(np.mean(residual**2))), LEAST_NOISE)
    fits = [_process(points[known], residual, sigma, scale, length) for length in LENGTHS]
    length, factor, left_out, score = min(fits, key=lambda fit: np.mean(np.abs(fit[2])))
    # The trend has seen the entry that is left out. In a fit of p coefficients to n entries, a residual is on
    # average (n - p) / n of what it would be without (the mean leverage is p / n).
    free = len(y) - np.count_nonzero(weights)
    error = np.abs(left_out) * expected[known] / y * len(y) / max(free, 1)
    told = error[holdout[known]] if holdout is not None and holdout[known].any() else error
    values, deviation = measured.astype(float), np.zeros(len(measured))
    if not known.all():
        cross = scale**2 * _matern(points[~known], points[known], length)
        mean = np.maximum(1 + cross @ cho_solve(factor, residual), 0.2)
        variance = scale**2 - np.einsum("ij,ji->i", cross, cho_solve(factor, cross.T))
        values[~known] = expected[~known] * mean
        # A deviation that the left-out errors exceed is too small: it grows until they are as it says.
        deviation[~known] = max(1.0, score) * np.sqrt(np.maximum(variance, 0)) / mean
    if not free and not known.all():
        return Filled(values, deviation, np.inf, np.inf)
    worst = max(float(np.quantile(errors, 0.95)) for errors in (told, error))  # those drawn are few
    return Filled(values, deviation, float(np.median(told)), worst)


def products(shares: np.ndarray) -> np.ndarray:
    """Products of every subset of the widths, the empty one first: (entries, axes) -> (entries, 2^axes)."""
    columns = [np.ones(len(shares))]
    for axis in range(shares.shape[1]):
        columns += [column * shares[:, axis] for column in columns]
    return np.stack(columns, axis=1)


def _matern(a: np.ndarray, b: np.ndarray, length: float) -> np.ndarray:
    """Matérn kernel of smoothness 3/2: (n, axes), (m, axes) -> (n, m)."""
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1)[None, :] - 2 * a @ b.T
    distance = np.sqrt(3 * np.maximum(squares, 0)) / length
    return (1 + distance) * np.exp(-distance)


def _process(points, residual, sigma, scale, length):
    """(length, Cholesky factor of the kernel matrix, leave-one-out errors of the residual, their root mean
    square in predicted standard deviations)."""
    kernel = scale**2 * _matern(points, points, length) + np.diag(sigma**2)
    factor = cho_factor(kernel, lower=True)
    inverse = cho_solve(factor, np.eye(len(points)))
    left_out = (inverse @ residual) / np.diag(inverse)
    return length, factor, left_out, float(np.sqrt(np.mean(left_out**2 * np.diag(inverse))))
