"""Bases by principal components. Pure functions of second moments, in float64."""

import torch
from torch import Tensor

# Directions in which activations hardly ever point are kept apart from zero by this share of the mean moment.
FLOOR = 1e-6


def stream_basis(moment: Tensor, step: int) -> Tensor:
    """An orthogonal matrix Q, new = Q · old, under which a layer norm does the same; shape (units, units).

    A layer norm subtracts the mean of the units: one direction of the stream, the diagonal one, is lost, and
    in a stream cut to its first k units it is their diagonal. So the units come in groups of `step`, and each
    group's sum is zero for all principal components but the last few, one a group, that carry least. Then a
    cut behind any group loses what is least and nothing else. (SliceGPT, arXiv 2401.15024, replaces layer
    norms by RMS norms instead.)

    Args:
        moment: sum of x xᵀ over normalised streams x without their means, (units, units).
        step: units of a group; the last may be larger.
    """
    units = len(moment)
    starts = list(range(0, units, step)) if units > step else [0]
    if len(starts) > 1 and units - starts[-1] < step:
        starts.pop()
    ends = [*starts[1:], units]
    sums, within = torch.zeros(units, len(starts)).double(), []
    for i, (a, b) in enumerate(zip(starts, ends, strict=True)):
        sums[a:b, i] = (b - a) ** -0.5
        inside = torch.zeros(units, b - a - 1).double()
        inside[a:b] = _zero_sum(b - a)
        within.append(inside)
    # The groups' sums: all but the whole's, which is zero, and last.
    diagonal = torch.full((units, 1), units**-0.5).double()
    last = torch.linalg.qr(torch.cat([sums.mT @ diagonal, torch.eye(len(starts)).double()], 1))[0][:, 1:]
    there = torch.cat([*within, sums @ last], 1)  # (units, units - 1)
    away = torch.eye(units).double() - diagonal @ diagonal.mT
    values, vectors = torch.linalg.eigh(away @ moment @ away)
    vectors = vectors[:, values.argsort(descending=True)][:, : units - 1]
    # Of directions that are never taken, eigh may mix the diagonal in.
    vectors = torch.linalg.qr(torch.cat([diagonal, vectors], 1))[0]
    here = vectors[:, 1:]
    return there @ here.mT + diagonal @ diagonal.mT


def pair_bases(queries: Tensor, keys: Tensor) -> tuple[Tensor, Tensor]:
    """(A, B) with (A q) · (B k) = q · k, whose first units carry most of the products; each (units, units).

    Q^½ K^½ = U S Vᵀ of the second moments; A = S^½ Uᵀ Q^-½, and B, its inverse
    transposed, is S^½ Vᵀ K^-½.
    """
    (q, q_inverse), (k, _) = _root(queries), _root(keys)
    u, s, _ = torch.linalg.svd(q @ k)
    s = s.clamp_min(float(s.max()) * FLOOR + 1e-30).sqrt()[:, None]
    a = s * (u.mT @ q_inverse)
    return a, torch.linalg.inv(a).mT


def value_basis(values: Tensor, written: Tensor) -> Tensor:
    """An invertible A, new = A · old: what is written of the first units is the most that so many can carry.

    Args:
        values: second moment of a head's output, (units, units).
        written: the weights from it to the stream, (stream, units).
    """
    root, inverse = _root(values)
    vt = torch.linalg.svd(written @ root, full_matrices=True)[2]
    return vt @ inverse * float(values.diagonal().mean().clamp_min(1e-30).sqrt())


def _zero_sum(size: int) -> Tensor:
    """Orthonormal columns that sum to zero, (size, size - 1)."""
    start = torch.cat([torch.ones(size, 1), torch.eye(size)[:, : size - 1]], 1).double()
    return torch.linalg.qr(start)[0][:, 1:]


def _root(moment: Tensor) -> tuple[Tensor, Tensor]:
    """Square root and its inverse."""
    values, vectors = torch.linalg.eigh(moment)
    values = values.clamp_min(float(values.mean()) * FLOOR + 1e-30).sqrt()
    return vectors * values @ vectors.mT, vectors / values @ vectors.mT
