"""The one way to make HTML of values: what is filled in is escaped, unless it is HTML made here already."""

from collections.abc import Iterable
from html import escape
from typing import Any


class Markup(str):
    """HTML whose values are escaped. Only this module, and literals of ours, make it."""


def html(template: str, **values: Any) -> Markup:
    """A template of ours with values in it: `html("<b>{name}</b>", name="<x>")` is `<b>&lt;x&gt;</b>`."""
    return Markup(template.format_map({key: safe(value) for key, value in values.items()}))


def joined(parts: Iterable[Any], between: str = "") -> Markup:
    """Parts one after the other, each escaped unless it is HTML."""
    return Markup(between.join(safe(part) for part in parts))


def safe(value: Any) -> str:
    """A value as HTML."""
    return value if isinstance(value, Markup) else escape(str(value))
