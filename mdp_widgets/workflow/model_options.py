"""How a model is built beside its name: classifier, image size, channels, and arguments for timm."""

import shlex
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from mdp.cli.model_args import arguments, input_size
from mdp.core.errors import MdpError
from mdp.datasets import find
from mdp.networks.model_input import check_channels
from mdp.operations.shared import Model

from ..theme import ui
from .components import dropdown
from .form import form
from .refusals import in_titles, with_places
from .study_draft import StudyDraft, checked_data

HEADS = {"of the weights": "", "new, for my classes": "data", "none (features)": "0"}
PLACEHOLDERS = {"input_size": "its own, or 160x192", "in_chans": "its own; 1 or 3", "arg": "none, or depth=6"}


class ModelOptions(widgets.VBox):
    """Fields that set `options` of the draft. Its parts are `head`, `size`, `channels` and `arguments`;
    `checks` are what the card's button waits for."""

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
        checks = (self._check_head, self._check_size, self._check_channels, self._check_arguments)
        shown = {"head": self.head, **parts}
        places = {n: (ui.sentence(), check, "error") for n, check in zip(shown, checks, strict=True)}
        self.checks = list(places.values())
        super().__init__(with_places(shown, places))
        self.add_class("mdp-fields")
        self._follow()

    def _follow(self, _=None) -> None:
        typed = tuple(part.value.strip() for part in (self.size, self.channels, self.arguments))
        self._draft.options = (self.head.value, *typed)

    def _check_head(self) -> None:
        if self.head.value == "data":
            named_images(self._draft.data)  # counting their classes may take long

    def _check_size(self) -> None:
        image_size(self._draft.options[1], "")

    def _check_channels(self) -> None:
        image_size("", self._draft.options[2])
        image_size(*self._draft.options[1:3])

    def _check_arguments(self) -> None:
        given_arguments(self._draft.options[3])


def built_as(options: tuple[str, ...], data: str) -> dict[str, Any]:
    """What was chosen as options of `mdp.operations.shared.BuiltAs`; {} for a model as it is.

    Args:
        options: (head, size, channels, arguments) as typed; the head is "", "data" or a number.
        data: the images, whose classes a new head is for.

    Raises:
        MdpError: something typed makes no sense, or there are no images to count classes in.
    """
    head, size, channels, typed = options
    image_size(size, channels)
    given = given_arguments(typed)
    chosen = {
        "classes": str(_classes_of(data)) if head == "data" else head,
        "input_size": size.replace(" ", ""),
        "in_chans": channels,
        "arg": given,
    }
    return {name: value for name, value in chosen.items() if value}


def image_size(size: str, channels: str) -> None:
    """Refuse what is no size of a picture. Raises MdpError."""
    found = _said_here(lambda: input_size(size or None, channels or None, lambda: (1, 1, 1)))
    if found:
        check_channels(found[0], "The network")


def given_arguments(typed: str) -> tuple[str, ...]:
    """The words of the arguments. Raises MdpError where the command line would."""
    try:
        given = tuple(shlex.split(typed))
    except ValueError:
        raise MdpError("A quotation mark among the arguments is not closed.") from None
    _said_here(lambda: arguments(list(given)))
    return given


def _said_here(read: Callable[[], Any]) -> Any:
    """What the command line reads; where it refuses, in the words of these fields."""
    try:
        return read()
    except MdpError as error:
        raise MdpError(in_titles(Model, str(error))) from None


def named_images(data: str) -> str:
    """The images, for a classifier of as many classes. Raises MdpError where there are none."""
    if not data.strip():
        raise MdpError(
            "A new head needs your images, which say how many classes there are. Name their folder."
        )
    return checked_data(data)


def _classes_of(data: str) -> int:
    return len(find(named_images(data)).classes)
