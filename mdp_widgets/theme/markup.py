"""The one way to make HTML of values: what is filled in is escaped, unless it is HTML made here already."""

from collections.abc import Iterable
from typing import Any

from markupsafe import Markup

__all__ = ["Markup", "html", "joined"]


def html(template: str, **values: Any) -> Markup:
    """A template of ours with values in it: `html("<b>{name}</b>", name="<x>")` is `<b>&lt;x&gt;</b>`."""
    return Markup(template).format(**values)


def joined(parts: Iterable[Any], between: str = "") -> Markup:
    """Parts one after the other, each escaped unless it is HTML."""
    return Markup(between).join(parts)
