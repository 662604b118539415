"""What is read beside every reading, so that a slow moment of the machine shows."""

from ..networks.segments import Workload


def anchor_of(batch: int) -> Workload:
    """The workload that never changes: a 3 x 3 convolution of 16 channels on about 32 images of 28 x 28.

    It computes and moves memory, as networks do, so that neighbours slow it as much as them. On a shared
    CPU the time of layers and networks goes with the power 0.98 of its time, with 1.33 of a linear layer's.
    """
    height = 28 * max(1, 32 // batch)

    def make():
        from torch import nn

        return nn.Sequential(nn.Conv2d(16, 16, 3, padding=1), nn.ReLU())

    return Workload(
        f"anchor conv3x3+relu 16>16 @{height}x28", make, ((16, height, 28),), 9 * 16 * 16 * height * 28
    )
