"""Least squares with a ridge towards the present weights, from sums that grow batch by batch."""

from dataclasses import dataclass

import torch
from torch import Tensor

# A ridge that leaves the matrix singular in float64 grows by this, so often.
GROWTH, TRIES = 10.0, 4


@dataclass(frozen=True)
class Solution:
    """New weights (groups, outputs, inputs) and what to add to the outputs, (groups · outputs,)."""

    weight: Tensor
    shift: Tensor


class Gram:
    """Sums over rows, in float64 and about a first mean, so that large means cost no digits.

    Matrices are as many as the layer has groups: XᵀX is (groups, inputs, inputs).
    """

    def __init__(self) -> None:
        self.rows = 0

    def add(self, x: Tensor, y: Tensor) -> None:
        """x: (groups, rows, inputs), y: (groups, rows, outputs), float32, on any device."""
        if not self.rows:
            self.x0, self.y0 = x.mean(1, keepdim=True), y.mean(1, keepdim=True)
            sizes = [x.shape[2], x.shape[2]], [x.shape[2], y.shape[2]]
            self.xx, self.xy = (torch.zeros(len(x), *size, dtype=torch.float64) for size in sizes)
            self.x1, self.y1, self.yy = (
                torch.zeros(len(x), 1, size, dtype=torch.float64)
                for size in (x.shape[2], y.shape[2], y.shape[2])
            )
        x, y = x - self.x0, y - self.y0
        self.rows += x.shape[1]
        xt = x.transpose(1, 2)
        for total, part in (
            (self.xx, xt @ x),
            (self.xy, xt @ y),
            (self.x1, x.sum(1, keepdim=True)),
            (self.y1, y.sum(1, keepdim=True)),
            (self.yy, y.square().sum(1, keepdim=True)),
        ):
            total += part.cpu()

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
        n = self.rows
        x0, y0 = self.x0.cpu().double(), self.y0.cpu().double()
        x1, y1 = self.x1 / n, self.y1 / n
        xx, xy, yy = self.xx / n, self.xy / n, self.yy / n
        if centred:
            xx, xy, yy = xx - x1.mT @ x1, xy - x1.mT @ y1, yy - y1.square()
        else:  # back to sums about zero, and targets without the bias that stays
            y0 = y0 - bias
            xy = xy + x1.mT @ y0 + x0.mT @ y1 + x0.mT @ y0
            xx = xx + x1.mT @ x0 + x0.mT @ x1 + x0.mT @ x0
            yy = yy + 2 * y1 * y0 + y0.square()
        change = _ridge(xx, xy - xx @ weight.mT, ridge).mT
        new = weight + change
        if variance:
            ours = ((new @ xx) * new).sum(2)[:, None]
            raise_by = (yy / ours.clamp_min(1e-30)).clamp(1, 4).nan_to_num(1).pow(variance / 2)
            new = new * raise_by.mT
        shift = (y0 + y1) - (x0 + x1) @ new.mT - bias if centred else torch.zeros_like(bias)
        if not (new.isfinite().all() and shift.isfinite().all()):
            raise ArithmeticError("no numbers")
        return Solution(new, shift.flatten())


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
