"""Whether a share measured on a part of the test images is the one that a file says of all."""

import math

ALL = 10_000  # test images of Fashion-MNIST


def assert_as_said(measured: float, said: float, images: int) -> None:
    """Within four standard errors of a share of `images` drawn without replacement from `ALL`."""
    error = math.sqrt(said * (1 - said) / images * (1 - images / ALL))
    assert abs(measured - said) <= 4 * error
