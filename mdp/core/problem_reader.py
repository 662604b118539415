"""Checking the entries of a problem file one at a time; what is wrong is named. Nothing is trusted.

The limits are far from what networks have, and near enough that no file can use up memory or patience.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any, NoReturn

import numpy as np

from .errors import BadFile
from .terms import Block, Dim, Resource, Term
from .unit_names import check_unit

# The largest networks in timm have some hundred dims and terms, tables over five dims at most, and some
# ten thousand units in a dim.
MOST_ENTRIES = 10_000  # of a list of dims, blocks or terms
MOST_UNITS = 10_000_000  # of a dim
MOST_AXES = 8  # of a table
MOST_CELLS = 2_000_000  # of all tables together
# What float64 holds with all its digits, and with room for sums of everything that a file may hold.
SMALLEST, LARGEST = 1e-304, 1e300


class Reader:
    """Checks one entry at a time and says which one is wrong. `source` names the file in errors."""

    def __init__(self, source: str):
        self.source = source
        self._cells = 0

    def fail(self, entry: str, problem: str) -> NoReturn:
        raise BadFile(f"The {self.source} is damaged: {entry} {problem}.")

    def entries(self, data: Mapping, key: str) -> list:
        value = data.get(key)
        if not isinstance(value, list):
            self.fail(key, "must be a list")
        if len(value) > MOST_ENTRIES:
            self.fail(key, f"has {len(value)} entries, more than any network; {MOST_ENTRIES} are read")
        return value

    def text(self, value: Any, entry: str) -> str:
        if not isinstance(value, str) or not value:
            self.fail(entry, "must be a text that is not empty")
        return value

    def unique(self, entry: str, names: Sequence[str]) -> None:
        twice = next((name for name, times in Counter(names).items() if times > 1), None)
        if twice is not None:
            self.fail(entry, f"name {twice!r} twice")

    def dim(self, item: Any, i: int) -> Dim:
        entry = f"dims[{i}]"
        if not isinstance(item, dict):
            self.fail(entry, "must be an object")
        name = self.text(item.get("name"), f"{entry}.name")
        options = item.get("options")
        whole = isinstance(options, list) and options and all(type(o) is int for o in options)
        if not whole or options[0] < 1 or any(b <= a for a, b in pairwise(options)):
            self.fail(f"{entry}.options ({name!r})", "must be whole numbers of at least 1, increasing")
        if options[-1] > MOST_UNITS:
            self.fail(
                f"{entry}.options ({name!r})", f"has more units than any network; {MOST_UNITS} are read"
            )
        return Dim(name, self.text(item.get("kind"), f"{entry}.kind"), tuple(options))

    def block(self, item: Any, i: int) -> Block:
        entry = f"blocks[{i}]"
        if not isinstance(item, dict):
            self.fail(entry, "must be an object")
        removable = item.get("removable", True)
        if type(removable) is not bool:
            self.fail(f"{entry}.removable", "must be true or false")
        return Block(self.text(item.get("name"), f"{entry}.name"), removable)

    def term(self, item: Any, entry: str, sizes: Mapping[str, int], blocks: Collection[str]) -> Term:
        if not isinstance(item, dict):
            self.fail(entry, "must be an object")
        name = self.text(item.get("name"), f"{entry}.name")
        entry = f"{entry} ({name!r})"
        block = item.get("block")
        if block is not None and (not isinstance(block, str) or block not in blocks):
            self.fail(f"{entry}.block", f"names {block!r}, which is not among the blocks")
        dims = item.get("dims")
        if not isinstance(dims, list) or any(not isinstance(d, str) or d not in sizes for d in dims):
            self.fail(f"{entry}.dims", "must list names of dims")
        if len(set(dims)) < len(dims):
            self.fail(f"{entry}.dims", "names a dim twice")
        if len(dims) > MOST_AXES:
            self.fail(
                f"{entry}.dims", f"has {len(dims)} dims; a table over more than {MOST_AXES} is not read"
            )
        values = self._values(item.get("values"), f"{entry}.values", tuple(sizes[d] for d in dims))
        return Term(name, block, tuple(dims), values)

    def resources(
        self, data: Mapping, sizes: Mapping[str, int], blocks: Collection[str]
    ) -> tuple[Resource, ...]:
        """What a problem has beside latency; none where it says nothing."""
        found = []
        for i, item in enumerate(self.entries({"resources": [], **data}, "resources")):
            entry = f"resources[{i}]"
            if not isinstance(item, dict):
                self.fail(entry, "must be an object")
            name = self.text(item.get("name"), f"{entry}.name")
            if name in ("latency", "importance", "budget"):
                self.fail(f"{entry}.name", f"is {name!r}, which the problem has already; call it otherwise")
            unit = check_unit(self.text(item.get("unit"), f"{entry}.unit"), self.source, name)
            peak = item.get("peak", False)
            if type(peak) is not bool:
                self.fail(f"{entry}.peak", "must be true or false")
            terms = enumerate(self.entries(item, "terms"))
            own = tuple(self.term(t, f"{entry}.terms[{j}]", sizes, blocks) for j, t in terms)
            found.append(Resource(name, unit, own, peak))
        self.unique("resources", [r.name for r in found])
        return tuple(found)

    def _values(self, raw: Any, entry: str, shape: tuple[int, ...]) -> np.ndarray:
        if not _all_numbers(raw, len(shape)):
            self.fail(entry, f"must hold numbers only, in lists of shape {shape}")
        try:
            values = np.array(raw, dtype=np.float64)
        except ValueError:
            self.fail(entry, f"is ragged; shape {shape} was expected")
        except OverflowError:
            self.fail(entry, "holds a number that is too large")
        if values.shape != shape:
            self.fail(entry, f"has shape {values.shape}, but its dims offer {shape}")
        if not np.isfinite(values).all():
            self.fail(entry, "holds a number that is not finite")
        sizes = np.abs(values[values != 0])
        if sizes.size and (sizes.max() > LARGEST or sizes.min() < SMALLEST):
            odd, other = (sizes.max(), "larger") if sizes.max() > LARGEST else (sizes.min(), "smaller")
            self.fail(entry, f"holds {odd:g}, which sums cannot take in; give all numbers in a {other} unit")
        self._cells += values.size
        if self._cells > MOST_CELLS:
            self.fail(entry, f"makes more than {MOST_CELLS} numbers of the tables; offer fewer options")
        values.setflags(write=False)
        return values


def _all_numbers(value: Any, axes: int) -> bool:
    """Whether lists, no deeper than `axes`, hold nothing but numbers."""
    if isinstance(value, list):
        return axes > 0 and all(_all_numbers(v, axes - 1) for v in value)
    return type(value) in (int, float)
