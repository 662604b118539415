"""Networks that run, and that nobody can train: what their gradients stumble over, in words."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from ..core.errors import MdpError, first_line

# What torch says of a step in place on what a gradient needs, and of a function that has none.
_SAID = ("inplace", "in-place", "derivative for", "is not differentiable")


@contextmanager
def of_network(model: nn.Module) -> Iterator[None]:
    """Around a forward and backward.

    Raises:
        MdpError: a step of the network's own has no gradient.
    """
    try:
        yield
    except RuntimeError as error:
        if not any(words in str(error) for words in _SAID):
            raise
        raise MdpError(
            f"This {type(model).__name__} runs, but has no gradient: {first_line(error).rstrip('.')}. Write "
            "that step so that it can be trained (x = x * 2 in place of x.mul_(2)), or take what needs no "
            "gradient: the score magnitude."
        ) from error
