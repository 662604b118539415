"""How a model is built beside its name: classifier, image size, channels, and arguments for timm."""

import shlex

import ipywidgets as widgets

from mdp.cli.model_args import arguments, input_size
from mdp.core.errors import MdpError
from mdp.datasets import find

from .components import dropdown, text
from .study_draft import StudyDraft, checked_data

HEADS = {"of the weights": "", "a new head for my classes": "data", "none (features)": "0"}


class ModelOptions(widgets.VBox):
    """Fields that set `options` of the draft. Its parts are `head`, `size`, `channels` and `arguments`."""

    def __init__(self, draft: StudyDraft):
        self.head = dropdown(
            "Classifier", HEADS.items(), "", "Its width: that of the weights, or of your images"
        )
        self.size = text("Image size", placeholder="its own, or 160x192", tooltip="Height x width in pixels")
        self.channels = text(
            "Channels", placeholder="its own; 1 or 3", tooltip="1 for grey images, 3 for colour"
        )
        self.arguments = text("Arguments", placeholder="none, or depth=6", tooltip="For timm, as JSON")
        self._draft = draft
        for part in (self.head, self.size, self.channels, self.arguments):
            part.observe(self._follow, "value")
        super().__init__([self.head, self.size, self.channels, self.arguments])
        self.add_class("mdp-fields")
        self._follow()

    def _follow(self, _=None) -> None:
        said = tuple(part.value.strip() for part in (self.size, self.channels, self.arguments))
        self._draft.options = (self.head.value, *said)


def option_words(options: tuple[str, ...], data: str) -> list[str]:
    """What was chosen as arguments of a command; [] for a model as it is.

    Args:
        options: (head, size, channels, arguments) as typed; the head is "", "data" or a number.
        data: the images, whose classes a new head is for.

    Raises:
        MdpError: something typed makes no sense, or there are no images to count classes in.
    """
    head, size, channels, typed = options
    words = []
    if head == "data":
        words += ["--classes", str(_classes_of(data))]
    elif head:
        words += ["--classes", head]
    input_size(size or None, channels or None, lambda: (1, 1, 1))  # refuses what is no size
    words += ["--input-size", size.replace(" ", "")] if size else []
    words += ["--in-chans", channels] if channels else []
    try:
        given = shlex.split(typed)
    except ValueError:
        raise MdpError("A quotation mark among the arguments is not closed.") from None
    arguments(given)
    return words + [word for one in given for word in ("--arg", one)]


def _classes_of(data: str) -> int:
    if not data.strip():
        raise MdpError(
            "A new head needs your images, which say how many classes there are. Name their folder."
        )
    return len(find(checked_data(data)).classes)
