"""Fields for options of an operation: labels, tooltips, defaults, choices and bounds are those of its record.

parts = form(FinetuneOptions, "epochs", "rate")       # name -> widget
values_of(FinetuneOptions, parts)                     # {"epochs": 3, "rate": 0.0005}, or MdpError
argv(FinetuneOptions(source=..., out=..., **values))  # the words of the job
"""

from collections.abc import Mapping
from typing import Any

import ipywidgets as widgets

from mdp.core.errors import MdpError
from mdp.operations import Option, Options, check, described

from .components import dropdown, text

READ = {int: (int, "a whole number"), float: (float, "a number")}


def form(operation: type[Options], *names: str) -> dict[str, widgets.Widget]:
    """A field for each of these options: a list to choose from, or a line to type in."""
    known = {about.name: about for about in described(operation)}
    return {name: _field(known[name]) for name in names}


def _field(about: Option) -> widgets.Widget:
    tooltip = about.help[0].upper() + about.help[1:]
    if about.choices:
        return dropdown(
            about.title, [(label, v) for v, label in about.choices.items()], about.default, tooltip
        )
    if about.kind is bool:
        wide = widgets.Layout(width="auto")
        box = widgets.Checkbox(about.default, description=about.title, indent=False, layout=wide)
        box.tooltip = tooltip
        return box
    shown = about.default if isinstance(about.default, int | float | str) else about.absent
    return text(about.title, f"{shown:g}" if isinstance(shown, float) else str(shown), tooltip=tooltip)


def values_of(operation: type[Options], parts: Mapping[str, widgets.Widget]) -> dict[str, Any]:
    """What was typed and chosen, by option.

    Raises:
        MdpError: `Batch size 0 cannot be used; give 1 or more.`
    """
    known = {about.name: about for about in described(operation)}
    values = {name: _read(known[name], part.value) for name, part in parts.items()}
    check(operation, lambda about: about.title, **values)
    return values


def _read(about: Option, typed: Any) -> Any:
    if not isinstance(typed, str) or about.choices:
        return typed
    word = typed.strip()
    if about.default is None and word.lower() in ("", about.absent.lower()):
        return None
    if about.kind is tuple:
        return () if word.lower() == about.absent.lower() else tuple(word.replace(",", " ").split())
    read, wanted = READ.get(about.kind, (str, ""))
    try:
        return read(word)
    except ValueError:
        raise MdpError(f"{about.title} “{word}” cannot be used; give {wanted}.") from None
