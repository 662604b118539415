"""How a network's tensors lie in memory."""

from typing import TYPE_CHECKING

from ..core.errors import MdpError

if TYPE_CHECKING:
    from torch import nn


def has_channels_last(model: "nn.Module") -> bool:
    """Whether torch lays out this network with channels last: it has no such layout for volumes."""
    return all(t.ndim < 5 for t in (*model.parameters(), *model.buffers()))


def check_channels_last(model: "nn.Module") -> None:
    """Raises MdpError for a network that `has_channels_last` denies."""
    if not has_channels_last(model):
        raise MdpError(
            f"This {type(model).__name__} has tensors of five axes, which torch does not lay out with "
            "channels last. Leave that out: the contiguous layout takes them."
        )
