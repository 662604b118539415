"""Whether a data set is one for a model: channels and classes."""

import numpy as np

from ..core.errors import MdpError
from ..core.study import ModelRef
from ..networks.model_input import check_channels
from ..networks.torchvision_models import is_detector
from .source import Source, Split


def check_fit(split: Split, source: Source, ref: ModelRef) -> np.ndarray:
    """The labels of a split as the model's classes, where its pictures are fit for the model.

    Raises:
        MdpError: the model wants other channels than grey or colour, or other classes, or finds boxes.
    """
    if is_detector(ref.name):
        raise MdpError(
            f"{ref.name} answers with boxes, and folders of pictures say classes. In Python, mdp.Detection "
            'takes pictures with boxes, and the task "match" pictures alone: see '
            "docs/how-to/other-tasks.md."
        )
    check_channels(ref.input_size[0], ref.name)
    return model_labels(split, source, ref)


def model_labels(split: Split, source: Source, ref: ModelRef) -> np.ndarray:
    """The labels as the model's classes.

    ImageNet's folders are told by their names, so that a few of the classes are enough: all of them WordNet
    identifiers (n01440764) or all of them indices (0 to 999).

    Raises:
        MdpError: the classes of the data are not those of the model.
    """
    if ref.classes == 1000 and len(source.classes) <= 1000:
        from timm.data import ImageNetInfo

        wordnet = {name: i for i, name in enumerate(ImageNetInfo().label_names())}
        if all(name.isdecimal() and int(name) < 1000 for name in source.classes):
            return np.array([int(name) for name in source.classes])[split.labels]
        if all(name in wordnet for name in source.classes):
            return np.array([wordnet[name] for name in source.classes])[split.labels]
    if not ref.classes:
        raise MdpError(
            f"{ref.name} is without a classifier (0 classes), so that labels mean nothing to it. Give it as "
            f"many classes as the data has: {len(source.classes)}."
        )
    if len(source.classes) == 1:
        raise MdpError(
            f"The data has one class only ({source.classes[0]}): there is nothing to tell apart. Give a "
            "folder that holds one folder of images for each of several classes."
        )
    if len(source.classes) != ref.classes:
        raise MdpError(
            f"The data has {len(source.classes)} classes and {ref.name} has {ref.classes}: its labels mean "
            "nothing to this network. Use images of the same classes, or a network with that many, or a "
            f"new classifier (--classes {len(source.classes)}; on the page: a new head). For an ImageNet "
            "network, name the folders by WordNet identifier (n01440764) or index (0 to 999)."
        )
    return split.labels
