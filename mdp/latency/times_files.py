"""Files of times that were measured elsewhere, read as rows: a kit's results, CSV, YAML and JSON of others.

A row names what was timed (an id of a kit, or the key of a part), with its time in the file's own unit. What
the names mean, and whether they fit a network, is not looked at here.
"""

import csv
import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core.errors import BadFile
from ..core.files import MOST_BYTES, parse_json

# Columns that hold the name and the time, the first that is there.
NAMES, TIMES = ("id", "key", "part", "block", "name"), ("value", "latency", "time", "mean", "ms")
# In any unit of time: nothing that is timed takes longer, or less than one part of it.
MOST = 1e15
SPREAD, REPEATS = ("spread",), ("repeats", "count")


@dataclass(frozen=True)
class Row:
    """One time: `spread` is relative, `anchor` the anchor's time beside it or None, `where` the line."""

    name: str
    value: float
    where: str
    spread: float = 0.0
    repeats: int = 1
    anchor: float | None = None
    failure: str = ""


@dataclass(frozen=True)
class TimesFile:
    """Rows, and what the file says of itself: kit, device, runtime, unit, where it does.

    `blocks` is a table of whole blocks as it stands in the file (see block_times), instead of rows.
    """

    rows: tuple[Row, ...]
    about: Mapping[str, str] = field(default_factory=dict)
    blocks: Any = None


def read_times(path: str | os.PathLike) -> TimesFile:
    """Read a file of times by what it holds.

    Raises:
        BadFile: it is missing, empty, a pickle, or of no form that is known; a time is no number, negative,
            zero or not finite; something stands in it twice.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadFile(f"The file of times {path} cannot be read: {error.strerror}.") from None
    if len(data) > MOST_BYTES:
        raise BadFile(f"{path} is larger than {MOST_BYTES // 1_000_000} MB, which no file of times is.")
    if path.suffix.lower() in (".pkl", ".pickle", ".npy", ".pt", ".pth") or data[:1] == b"\x80":
        raise BadFile(
            f"{path} is a pickle, as HALP's tables are. It is not opened here, since a pickle can run any "
            "program. Where you trust it, export it: with python, load it, and write a CSV with the columns "
            "key,value (one line for each entry, the key of a part as in list.csv of `mdp kit`)."
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadFile(f"{path} is not a text file. Give a CSV, YAML or JSON file of times.") from None
    if not text.strip():
        raise BadFile(f"The file of times {path} is empty.")
    if path.suffix.lower() in (".yaml", ".yml"):
        found = TimesFile(tuple(_yaml(text, path)))
    elif path.suffix.lower() == ".json" or text.lstrip()[:1] in "{[":
        found = _json(text, path)
    else:
        try:
            found = _csv(text, path)
        except csv.Error as error:
            raise BadFile(f"{path} is not a CSV file: {error}.") from None
    if not found.rows and found.blocks is None:
        raise BadFile(f"The file of times {path} holds no times.")
    seen: dict[str, str] = {}
    for row in found.rows:
        if row.name in seen:
            raise BadFile(f"{path}: {row.name:.80} stands there twice, at {seen[row.name]} and {row.where}.")
        seen[row.name] = row.where
    return found


def _csv(text: str, path: Path) -> TimesFile:
    about, lines, numbers = {}, [], []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#"):
            word, _, value = line[1:].partition(":")
            about[word.strip().lower()] = value.strip()
        elif line.strip():
            lines.append(line)
            numbers.append(number)
    reader = csv.DictReader(lines)
    columns = [c.strip().lower() for c in reader.fieldnames or ()]
    reader.fieldnames = columns
    name, value = _first(columns, NAMES), _first(columns, TIMES)
    if not name or not value:
        raise BadFile(
            f"{path} has the columns {', '.join(c[:30] for c in columns[:8])}. "
            "A CSV of times needs one that names what was "
            f"timed ({', '.join(NAMES)}) and one with its time ({', '.join(TIMES)})."
        )
    rows = []
    for number, line in zip(numbers[1:], reader, strict=False):
        where = f"line {number}"
        if line[name] is None or None in line or line[value] is None:
            raise BadFile(f"{path}, {where}: it has not as many fields as the first line.")
        failure = (line.get("failure") or "").strip()
        given = float("nan") if failure else _number(line[value], path, where)
        spread = _number(line.get("spread") or "0", path, where, zero=True)
        repeats = _repeats(line.get("repeats") or line.get("count") or "1", path, where)
        anchor = _number(line["anchor"], path, where) if (line.get("anchor") or "").strip() else None
        rows.append(Row(line[name].strip(), given, where, spread, repeats, anchor, failure))
    return TimesFile(tuple(rows), about)


def _yaml(text: str, path: Path) -> Iterator[Row]:
    """Once-for-all's tables: `key: {mean: 1.2, count: 3}`, or the same over several lines, or `key: 1.2`."""
    inline = re.compile(r"""^(['"]?)(.+?)\1\s*:\s*\{(.*)\}\s*$""")
    plain = re.compile(r"""^(['"]?)(.+?)\1\s*:\s*(\S+)\s*$""")
    head = re.compile(r"""^(['"]?)(.+?)\1\s*:\s*$""")
    lines = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip() not in ("", "---")]
    name, facts, start = "", {}, 0
    for number, line in [*lines, (0, "end:")]:
        if line[0] in " \t" and name:
            word, _, value = line.strip().partition(":")
            facts[word.strip()] = value.strip()
            continue
        if line.lstrip().startswith("#"):
            continue
        if name:
            yield _of_facts(name, facts, path, f"line {start}")
            name, facts = "", {}
        if number == 0:
            return
        if found := inline.match(line):
            words = (item.partition(":") for item in found[3].split(","))
            told = {k.strip(): v.strip() for k, _, v in words}
            yield _of_facts(found[2], told, path, f"line {number}")
        elif found := head.match(line):
            name, start = found[2], number
        elif found := plain.match(line):
            yield Row(found[2], _number(found[3], path, f"line {number}"), f"line {number}")
        else:
            raise BadFile(
                f"{path}, line {number}: not understood. Tables in YAML hold one block key a line, with its "
                "mean: `key: {mean: 1.2, count: 3}`."
            )


def _json(text: str, path: Path) -> TimesFile:
    data = parse_json(text, f"file of times {path}")
    if isinstance(data, list) or (isinstance(data, dict) and isinstance(data.get("table"), list)):
        return TimesFile((), {"unit": "s"}, data)  # NViT's, over five axes
    return TimesFile(tuple(_json_rows(data, path)))


def _json_rows(data, path: Path) -> Iterator[Row]:
    if not isinstance(data, dict):
        raise BadFile(f"{path} holds no table: give {{key: time}}.")
    for key, value in data.items():
        where = f"entry {key!r:.80}"
        if isinstance(value, dict):
            yield _of_facts(key, value, path, where)
        else:
            yield Row(key, _number(value, path, where), where)


def _of_facts(name: str, facts: Mapping, path: Path, where: str) -> Row:
    time = _first(list(facts), TIMES)
    if not time:
        raise BadFile(f"{path}, {where}: there is no mean. Each key needs one: {{mean: 1.2, count: 3}}.")
    spread = _number(facts.get("spread", 0), path, where, zero=True)
    repeats = _repeats(_value(facts, REPEATS, 1), path, where)
    return Row(name, _number(facts[time], path, where), where, spread, repeats)


def _value(facts: Mapping, names: tuple[str, ...], default: float):
    name = _first(list(facts), names)
    return facts[name] if name else default


def _first(columns: list[str], names: tuple[str, ...]) -> str:
    return next((name for name in names if name in columns), "")


def _repeats(word, path: Path, where: str) -> int:
    """How many readings a time is of. Raises BadFile for what is no number of at least 1."""
    number = _number(word, path, where, zero=True)
    if number < 1:
        raise BadFile(
            f"{path}, {where}: a time of {word!s:.80} readings is none. Leave the number out, or say 1."
        )
    return int(number)


def _number(word, path: Path, where: str, zero: bool = False) -> float:
    try:
        if isinstance(word, bool):
            raise ValueError
        number = float(word)
    except (TypeError, ValueError, OverflowError):
        raise BadFile(f"{path}, {where}: {word!r:.80} is no number.") from None
    if not math.isfinite(number) or number > MOST or 0 < number < 1 / MOST:
        raise BadFile(f"{path}, {where}: {word!s:.80} is no time. Measure it again, or leave it out and "
                      "say why in the column failure.")  # fmt: skip
    if number < 0 or (number == 0 and not zero):
        raise BadFile(f"{path}, {where}: {word!s:.80} is no time, since nothing takes that long.")
    return number
