"""What keeps a card's button from being pressed, said under its fields while somebody types.

The checks are those that the command line makes: a form starts no job that would only refuse.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import ipywidgets as widgets

from mdp import jobs
from mdp.core.errors import MdpError
from mdp.operations import Options, described

from ..theme import ui
from .form import values_of

# Where a sentence goes, the check that may raise it, and its kind: "error", or "note" for what is missing.
Check = tuple[widgets.HTML, Callable[[], Any], str]


def form_checks(
    operation: type[Options], parts: Mapping[str, widgets.Widget], **more: Callable[[], Any]
) -> dict[str, Check]:
    """The check of every field of a form, by the name of its option, with a place for its sentence.

    `more` are checks of fields beside that of their record, made where the record has nothing to say.
    """

    def check_of(name: str) -> Callable[[], None]:
        def check() -> None:
            values_of(operation, {name: parts[name]})
            more.get(name, bool)()

        return check

    return {name: (ui.sentence(), check_of(name), "error") for name in parts}


def with_places(parts: Mapping[str, widgets.Widget], checks: Mapping[str, Check]) -> list[widgets.Widget]:
    """Every field, and under it the place of its sentence."""
    return [
        w for name, part in parts.items() for w in ([part, checks[name][0]] if name in checks else [part])
    ]


def guard(button: widgets.Button, checks: Iterable[Check]) -> Callable[..., str]:
    """Say what each check refuses in its place, and let the button be pressed only while none refuses.

    Returns the function that looks anew, to be observed; it answers the first sentence, "" for none. Where
    this server allows no long work, the button stays as it is.
    """
    checks, usual = list(checks), button.tooltip

    def look(_change: Any = None) -> str:
        said = [refused(check) for _, check, _ in checks]
        for (place, _, kind), sentence in zip(checks, said, strict=True):
            ui.say(place, sentence, kind)
        first = next(filter(None, said), "")
        if not jobs.refusal():
            button.disabled, button.tooltip = bool(first), first or usual
        return first

    return look


def refused(check: Callable[[], Any]) -> str:
    """The sentence with which a check refuses, "" where it does not."""
    try:
        check()
    except MdpError as error:
        return str(error)
    return ""


def in_titles(operation: type[Options], sentence: str) -> str:
    """A sentence of the command line in the titles of fields: `Channels 0` for `--in-chans 0`."""
    for about in sorted(described(operation), key=lambda about: -len(about.flag)):
        if not about.positional:
            sentence = sentence.replace(about.flag, about.title)
    return sentence
