"""Least squares with a ridge towards the present weights, from sums that grow batch by batch."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

# A ridge that leaves the matrix singular in float64 grows by this, so often.
GROWTH, TRIES = 10.0, 4


@dataclass(frozen=True)
class Solution:
    """New weights (groups, outputs, inputs) and what to add to the outputs, (groups · outputs,)."""

    weight: Tensor
    shift: Tensor


@dataclass
class Sums:
    """Of rows less their first mean: XᵀX (groups, inputs, inputs), XᵀY, Yᵀ² and the sums of both."""

    rows: int
    xx: Tensor
    xy: Tensor
    yy: Tensor
    x1: Tensor
    y1: Tensor

    def plus(self, other: "Sums") -> "Sums":
        """Those of the rows of both."""
        return Sums(self.rows + other.rows, *(getattr(self, n) + getattr(other, n) for n in _SUMMED))


_SUMMED = ("xx", "xy", "yy", "x1", "y1")


class Gram:
    """Sums over rows, in float64 and about a first mean, so that large means cost no digits.

    Matrices are as many as the layer has groups: XᵀX is (groups, inputs, inputs). Rows are summed up apart
    that a ridge may be judged on (`held`); a solution is of all rows.
    """

    def __init__(self) -> None:
        self._sums: dict[bool, Sums] = {}

    def add(self, x: Tensor, y: Tensor, held: bool = False) -> None:
        """x: (groups, rows, inputs), y: (groups, rows, outputs), float32, on any device."""
        if not self._sums:
            self.x0, self.y0 = x.mean(1, keepdim=True), y.mean(1, keepdim=True)
        x, y = x - self.x0, y - self.y0
        xt, (yy, x1, y1) = x.transpose(1, 2), (z.sum(1, keepdim=True) for z in (y.square(), x, y))
        parts = (xt @ x, xt @ y, yy, x1, y1)
        if held not in self._sums:
            self._sums[held] = Sums(x.shape[1], *(part.cpu().double() for part in parts))
            return
        sums = self._sums[held]
        sums.rows += x.shape[1]
        for name, part in zip(_SUMMED, parts, strict=True):
            getattr(sums, name).add_(part.cpu())

    def best_ridge(self, weight: Tensor, bias: Tensor, ridges: Sequence[float], *, centred: bool) -> float:
        """The ridge whose weights, learnt from the other rows, are nearest to the targets of the held ones.

        With no rows held, or where none can be solved, it is the first. See `solve` for the rest.
        """
        if len(self._sums) < 2 or len(ridges) == 1:
            return ridges[0]
        xx, xy, _, _ = self._about(self._sums[False], bias, centred)
        held_xx, held_xy, _, _ = self._about(self._sums[True], bias, centred)
        right, errors = xy - xx @ weight.mT, {}
        for ridge in ridges:
            try:
                new = weight + _ridge(xx, right, ridge).mT
            except ArithmeticError:
                continue
            error = float(((new @ held_xx - 2 * held_xy.mT) * new).sum())
            if math.isfinite(error):
                errors[ridge] = error
        return min(errors, key=errors.__getitem__) if errors else ridges[0]

    def solve(
        self, weight: Tensor, bias: Tensor, ridge: float, *, centred: bool, variance: float = 0.0
    ) -> Solution:
        """Minimise ‖X Wᵀ + b − Y‖² + ridge · mean(diag XᵀX) · ‖W − weight‖² over W, and over b where centred.

        Args:
            weight: the present weights, (groups, outputs, inputs), float64.
            bias: the present bias, (groups, 1, outputs), zeros where there is none.
            centred: whether something can take the mean: a bias, or the norm that follows.
            variance: 0 to 1, how far each output's variance is brought back up to that of the targets,
                which a regression does not reach.

        Raises:
            ArithmeticError: the sums are no numbers, or the matrix is singular whatever the ridge.
        """
        sums = reduce(Sums.plus, self._sums.values())
        xx, xy, yy, (mean_x, mean_y) = self._about(sums, bias, centred)
        new = weight + _ridge(xx, xy - xx @ weight.mT, ridge).mT
        if variance:
            ours = ((new @ xx) * new).sum(2)[:, None]
            raise_by = (yy / ours.clamp_min(1e-30)).clamp(1, 4).nan_to_num(1).pow(variance / 2)
            new = new * raise_by.mT
        shift = mean_y - mean_x @ new.mT - bias if centred else torch.zeros_like(bias)
        if not (new.isfinite().all() and shift.isfinite().all()):
            raise ArithmeticError("no numbers")
        return Solution(new, shift.flatten())

    def _about(
        self, sums: Sums, bias: Tensor, centred: bool
    ) -> tuple[Tensor, Tensor, Tensor, tuple[Tensor, Tensor]]:
        """(XᵀX, XᵀY, Yᵀ², the means of both) a row: about the means, or about zero and less the bias."""
        n, x0, y0 = sums.rows, self.x0.cpu().double(), self.y0.cpu().double()
        x1, y1 = sums.x1 / n, sums.y1 / n
        xx, xy, yy = sums.xx / n, sums.xy / n, sums.yy / n
        means = x0 + x1, y0 + y1
        if centred:
            return xx - x1.mT @ x1, xy - x1.mT @ y1, yy - y1.square(), means
        y0 = y0 - bias  # back to sums about zero, and targets without the bias that stays
        xy = xy + x1.mT @ y0 + x0.mT @ y1 + x0.mT @ y0
        xx = xx + x1.mT @ x0 + x0.mT @ x1 + x0.mT @ x0
        return xx, xy, yy + 2 * y1 * y0 + y0.square(), means


def _ridge(matrix: Tensor, right: Tensor, ridge: float) -> Tensor:
    """(matrix + ridge · mean diagonal · 1)⁻¹ right, with a larger ridge where it takes one."""
    diagonal = matrix.diagonal(dim1=1, dim2=2)
    size = diagonal.mean(1)[:, None, None]
    if not matrix.isfinite().all() or not right.isfinite().all():
        raise ArithmeticError("no numbers")
    size = torch.where(size > 0, size, torch.ones_like(size))  # inputs that never change: nothing to learn
    one = torch.eye(matrix.shape[1], dtype=matrix.dtype)
    for attempt in range(TRIES):
        factor, failed = torch.linalg.cholesky_ex(matrix + ridge * GROWTH**attempt * size * one)
        if not failed.any():
            return torch.cholesky_solve(right, factor)
    raise ArithmeticError("singular")
