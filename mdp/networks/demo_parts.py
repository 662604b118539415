"""What a demo network has that no argument of timm's makes: stems for small images, and three stages."""

from typing import TYPE_CHECKING

from .demos import Demo
from .same_numbers import same_numbers

if TYPE_CHECKING:
    from torch import nn


def shaped(model: "nn.Module", demo: Demo) -> "nn.Module":
    """The built timm model with the demo's stem, and nothing where timm's ResNet expects a fourth stage."""
    from torch import nn

    if demo.full_stem:
        model.maxpool = nn.Identity()
        model.conv1[0].stride = (1, 1)
    if demo.plain_stem:
        first, last = model.conv1[0], model.conv1[-1]
        with same_numbers():
            model.conv1 = nn.Conv2d(first.in_channels, last.out_channels, 3, padding=1, bias=False)
            nn.init.kaiming_normal_(model.conv1.weight, mode="fan_out", nonlinearity="relu")  # as timm
    if len(demo.arguments.get("channels", (0,) * 4)) == 3:
        model.layer4 = nn.Identity()
    return model
