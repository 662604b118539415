"""How a model is built beside its name: classifier, image size, channels, and arguments for timm."""

import shlex
from typing import Any

import ipywidgets as widgets

from mdp.cli.model_args import arguments, input_size
from mdp.core.errors import MdpError
from mdp.datasets import find
from mdp.operations.shared import Model

from .components import dropdown
from .form import form
from .study_draft import StudyDraft, checked_data

HEADS = {"of the weights": "", "a new head for my classes": "data", "none (features)": "0"}
PLACEHOLDERS = {"input_size": "its own, or 160x192", "in_chans": "its own; 1 or 3", "arg": "none, or depth=6"}


class ModelOptions(widgets.VBox):
    """Fields that set `options` of the draft. Its parts are `head`, `size`, `channels` and `arguments`."""

    def __init__(self, draft: StudyDraft):
        parts = form(Model, *PLACEHOLDERS)
        for name, placeholder in PLACEHOLDERS.items():
            parts[name].value, parts[name].placeholder = "", placeholder
        self.size, self.channels, self.arguments = parts.values()
        self.head = dropdown(
            "Classifier", HEADS.items(), "", "Its width: that of the weights, or of your images"
        )
        self._draft = draft
        for part in (self.head, *parts.values()):
            part.observe(self._follow, "value")
        super().__init__([self.head, *parts.values()])
        self.add_class("mdp-fields")
        self._follow()

    def _follow(self, _=None) -> None:
        typed = tuple(part.value.strip() for part in (self.size, self.channels, self.arguments))
        self._draft.options = (self.head.value, *typed)


def built_as(options: tuple[str, ...], data: str) -> dict[str, Any]:
    """What was chosen as options of `mdp.operations.shared.BuiltAs`; {} for a model as it is.

    Args:
        options: (head, size, channels, arguments) as typed; the head is "", "data" or a number.
        data: the images, whose classes a new head is for.

    Raises:
        MdpError: something typed makes no sense, or there are no images to count classes in.
    """
    head, size, channels, typed = options
    input_size(size or None, channels or None, lambda: (1, 1, 1))  # refuses what is no size
    try:
        given = tuple(shlex.split(typed))
    except ValueError:
        raise MdpError("A quotation mark among the arguments is not closed.") from None
    arguments(list(given))
    chosen = {
        "classes": str(_classes_of(data)) if head == "data" else head,
        "input_size": size.replace(" ", ""),
        "in_chans": channels,
        "arg": given,
    }
    return {name: value for name, value in chosen.items() if value}


def _classes_of(data: str) -> int:
    if not data.strip():
        raise MdpError(
            "A new head needs your images, which say how many classes there are. Name their folder."
        )
    return len(find(checked_data(data)).classes)
