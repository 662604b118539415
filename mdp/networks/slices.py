"""Where the units of a dim live in the model's tensors. The contract between families, scores and surgery.

A unit of a dim (a channel, a head, a Q/K component of every head, an embedding channel) owns positions along
one axis of several tensors. Masking zeroes what a pruned unit owns; extraction keeps, along every axis, the
positions that every dim that owns them keeps; a score sums over what a unit owns.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Slice:
    """The part of one tensor that the units of one dim own.

    Attributes:
        dim: name of the dim.
        tensor: name in the model's state dict.
        axis: the axis along which units are told apart.
        index: positions along `axis` that each unit owns, shape (units, positions per unit), int. Unit u of a
            head owns `head_dim` rows of each of q, k and v; a channel owns one row.
        block: the block whose removal takes the tensor away, or None.
        role: "output" where the unit is produced (a convolution's rows, a norm's scale and shift), "input"
            where it is consumed (the columns of the next layer).
    """

    dim: str
    tensor: str
    axis: int
    index: np.ndarray
    block: str | None
    role: str
