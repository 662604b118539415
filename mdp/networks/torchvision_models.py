"""torchvision's classification models and one-stage detectors, named `torchvision/NAME`, untrained or with a
checkpoint's weights. Of a detector it is the body: see detector_body.py."""

from typing import TYPE_CHECKING, Any

from ..core.errors import MdpError
from ..core.near import did_you_mean

if TYPE_CHECKING:
    from timm.models import PretrainedCfg
    from torch import nn

PREFIX = "torchvision/"
# One-stage detectors, and the side of the images that each is made for.
DETECTORS = {
    "ssdlite320_mobilenet_v3_large": 320,
    "ssd300_vgg16": 300,
    "retinanet_resnet50_fpn": 800,
    "retinanet_resnet50_fpn_v2": 800,
    "fcos_resnet50_fpn": 800,
}
# Of COCO, the background among them.
DETECTED = 91


def is_torchvision(name: str) -> bool:
    """Whether a model's name is one of torchvision's."""
    return name.startswith(PREFIX)


def is_detector(name: str) -> bool:
    """Whether a model's name is one of torchvision's one-stage detectors: its answers are no classes."""
    return is_torchvision(name) and name.removeprefix(PREFIX) in DETECTORS


def names() -> list[str]:
    """All that can be built, with the prefix."""
    import torchvision

    classifiers = torchvision.models.list_models(module=torchvision.models)
    return [PREFIX + name for name in (*classifiers, *DETECTORS)]


def config(name: str) -> "PretrainedCfg":
    """What timm would say of such a model.

    Raises:
        MdpError: torchvision has no such model; near names are offered.
    """
    import torchvision
    from timm.models import PretrainedCfg

    own = name.removeprefix(PREFIX)
    if PREFIX + own not in names():
        if own in torchvision.models.list_models():
            raise MdpError(
                f"{name} is no classification model and no one-stage detector. Build it and give it to "
                "mdp.prunable(module, example_inputs)."
            )
        hint = did_you_mean(own, [n.removeprefix(PREFIX) for n in names()], 3, PREFIX)
        raise MdpError(f"torchvision has no model {own!r}.{hint}")
    if own in DETECTORS:
        side = DETECTORS[own]
        return PretrainedCfg(
            input_size=(3, side, side), num_classes=DETECTED, fixed_input_size=False, classifier=""
        )
    side = 299 if own == "inception_v3" else 224
    return PretrainedCfg(
        input_size=(3, side, side), num_classes=1000, fixed_input_size=own.startswith("vit_"), classifier=""
    )


def build(name: str, classes: int, channels: int, arguments: dict[str, Any]) -> "nn.Module":
    """The model with random weights; of a detector the body.

    Raises:
        MdpError: it is built for something that torchvision does not offer.
    """
    import torchvision

    from .detector_body import DetectorBody

    config(name)  # a name out of a file may be anything
    if channels != 3:
        raise MdpError(f"{name} takes images of 3 channels, not {channels}; torchvision builds no other.")
    if classes < 1:
        raise MdpError(f"{name} has a classifier. Give 1 class or more.")
    arguments = dict(arguments)
    if is_detector(name):
        arguments.pop("img_size", None)
        return DetectorBody(detector(name, classes, arguments))
    size = arguments.pop("img_size", None)
    if size is not None:
        if size[0] != size[1]:
            raise MdpError(f"{name} takes square images, not {size[0]} x {size[1]}.")
        arguments["image_size"] = size[0]
    return torchvision.models.get_model(
        name.removeprefix(PREFIX), weights=None, num_classes=classes, **arguments
    )


def detector(name: str, classes: int = DETECTED, arguments: dict[str, Any] | None = None) -> "nn.Module":
    """A whole detector of DETECTORS, untrained, in eval mode. Nothing is downloaded.

    Raises:
        MdpError: it is no such detector, or takes other arguments.
    """
    import torchvision

    own = name.removeprefix(PREFIX)
    if own not in DETECTORS:
        raise MdpError(f"{name} is no one-stage detector; those are {', '.join(DETECTORS)}.")
    return torchvision.models.get_model(
        own, weights=None, weights_backbone=None, num_classes=classes, **(arguments or {})
    ).eval()
