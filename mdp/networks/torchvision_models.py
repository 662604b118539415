"""torchvision's classification models, named `torchvision/NAME`, untrained or with a checkpoint's weights."""

import difflib
from typing import TYPE_CHECKING, Any

from ..core.errors import MdpError

if TYPE_CHECKING:
    from timm.models import PretrainedCfg
    from torch import nn

PREFIX = "torchvision/"


def is_torchvision(name: str) -> bool:
    """Whether a model's name is one of torchvision's."""
    return name.startswith(PREFIX)


def names() -> list[str]:
    """All that can be built, with the prefix."""
    import torchvision

    return [PREFIX + name for name in torchvision.models.list_models(module=torchvision.models)]


def config(name: str) -> "PretrainedCfg":
    """What timm would say of such a model.

    Raises:
        MdpError: torchvision has no such classification model; near names are offered.
    """
    import torchvision
    from timm.models import PretrainedCfg

    own = name.removeprefix(PREFIX)
    if PREFIX + own not in names():
        if own in torchvision.models.list_models():
            raise MdpError(
                f"{name} is no classification model. Build it and give it to mdp.prunable(module, "
                "example_inputs)."
            )
        near = difflib.get_close_matches(own, [n.removeprefix(PREFIX) for n in names()], n=3)
        hint = f" Did you mean {' or '.join(PREFIX + n for n in near)}?" if near else ""
        raise MdpError(f"torchvision has no model {own!r}.{hint}")
    side = 299 if own == "inception_v3" else 224
    return PretrainedCfg(
        input_size=(3, side, side), num_classes=1000, fixed_input_size=own.startswith("vit_"), classifier=""
    )


def build(name: str, classes: int, channels: int, arguments: dict[str, Any]) -> "nn.Module":
    """The model with random weights.

    Raises:
        MdpError: it is built for something that torchvision does not offer.
    """
    import torchvision

    config(name)  # a name out of a file may be anything
    if channels != 3:
        raise MdpError(f"{name} takes images of 3 channels, not {channels}; torchvision builds no other.")
    if classes < 1:
        raise MdpError(f"{name} has a classifier. Give 1 class or more.")
    arguments = dict(arguments)
    size = arguments.pop("img_size", None)
    if size is not None:
        if size[0] != size[1]:
            raise MdpError(f"{name} takes square images, not {size[0]} x {size[1]}.")
        arguments["image_size"] = size[0]
    return torchvision.models.get_model(
        name.removeprefix(PREFIX), weights=None, num_classes=classes, **arguments
    )
