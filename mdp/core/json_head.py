"""The first entries of a JSON file, so that a list of many files reads little of each."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Bytes; what a list says of a file of ours stands before its tables, after the accuracy of some dozen plans.
HEAD = 262_144

_decode = json.JSONDecoder().raw_decode


def read_head(path: Path, wanted: tuple[str, ...]) -> dict[str, Any] | None:
    """The entries of a file's object that are `wanted`, such as "name" or "latency/provenance".

    None where the head does not hold them all, or the file does not end as an object does: whoever asks then
    reads the file, and says what is wrong with it.
    """
    found: dict[str, Any] = {}
    try:
        with path.open("rb") as file:
            text = file.read(HEAD).decode("utf-8", errors="ignore")
            file.seek(max(0, file.seek(0, 2) - 64))
            if not file.read().rstrip().endswith(b"}"):
                return None
        for name, value in _members(text, _space(text, 0), "", wanted):
            found[name] = value
            if len(found) == len(wanted):
                json.dumps(found, ensure_ascii=False).encode()  # no half characters
                return found
    except (OSError, ValueError, IndexError, RecursionError):
        return None
    return None


def _members(text: str, at: int, before: str, wanted: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Wanted members of the object that begins at `at`, in their order, also those of objects within it.

    Raises ValueError where the text breaks off, or is no object.
    """
    if text[at] != "{":
        raise ValueError
    at = _space(text, at + 1)
    while text[at] != "}":
        key, at = _decode(text, at)
        at = _space(text, at)
        if text[at] != ":" or not isinstance(key, str):
            raise ValueError
        at, name = _space(text, at + 1), before + key
        if any(w.startswith(f"{name}/") for w in wanted):
            yield from _members(text, at, f"{name}/", wanted)
        value, at = _decode(text, at)
        if name in wanted:
            yield name, value
        at = _space(text, at)
        if text[at] == ",":
            at = _space(text, at + 1)


def _space(text: str, at: int) -> int:
    while text[at] in " \t\r\n":
        at += 1
    return at
