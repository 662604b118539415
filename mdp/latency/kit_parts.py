"""What stands in a kit.json, looked at piece by piece: nothing in a file that has travelled is trusted."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

KINDS = ("part", "network")
# No axis has more widths, and no image batch more images.
MOST = 10**7


def options_of(data: Any) -> dict[str, tuple[int, ...]]:
    """The widths of every dim. Raises ValueError, naming what is wrong."""
    if not isinstance(data, Mapping):
        raise ValueError("options, which must be an object")
    found = {}
    for name, widths in data.items():
        whole = isinstance(widths, list) and all(is_count(n) for n in widths) and bool(widths)
        if not whole or any(a >= b for a, b in pairwise(widths)):
            raise ValueError(f"options of {name!r:.60}, which must be growing widths")
        found[name] = tuple(widths)
    return found


def items_of(data: Any, options: Mapping[str, tuple[int, ...]]) -> list[dict[str, Any]]:
    """Parts and whole networks, each id once, and each network one of these widths. Raises ValueError."""
    if not isinstance(data, list):
        raise ValueError("items, which must be a list")
    seen: set[str] = set()
    for item in data:
        if not isinstance(item, Mapping) or not all(isinstance(item.get(k), str) for k in ("id", "key")):
            raise ValueError("an item, which must have an id and a key")
        if item.get("kind") not in KINDS:
            raise ValueError(f"the kind of {item['id']!r:.60}")
        if item["id"] in seen:
            raise ValueError(f"{item['id']!r:.60}, which stands there twice")
        if item["kind"] == "network" and not _is_network(item, options):
            raise ValueError(f"the network {item['id']!r:.60}, which is none of these widths")
        seen.add(item["id"])
    return [dict(item) for item in data]


def is_count(value: Any) -> bool:
    """Whether it is a whole number of units or images."""
    return type(value) is int and 1 <= value <= MOST


def _is_network(item: Mapping[str, Any], options: Mapping[str, tuple[int, ...]]) -> bool:
    choices, removed = item.get("choices"), item.get("removed")
    return (
        isinstance(choices, Mapping)
        and choices.keys() == options.keys()
        and all(type(n) is int and n in options[dim] for dim, n in choices.items())
        and isinstance(removed, list)
        and all(isinstance(block, str) for block in removed)
    )
