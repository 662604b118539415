"""Decisions taken by hand: a dim held to an option or a range, a block held kept or removed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from .errors import MdpError
from .given import must_be
from .near import did_you_mean
from .problem import Block, Dim, Problem, Term

# How a pinned block is written, and how people say it.
WORDS = {"kept": True, "removed": False}
_VERBS = {**WORDS, "keep": True, "remove": False}

# Widths that a sentence can name one by one, and letters of a pin that it can show.
MOST_NAMED = 16
MOST_SHOWN = 80


@dataclass(frozen=True)
class Pins:
    """What is held fixed.

    Attributes:
        dims: dim -> smallest and largest number of kept units, both included. It binds where the dim exists,
            that is where a kept block uses it.
        blocks: removable block -> True (kept) or False (removed).
    """

    dims: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    blocks: Mapping[str, bool] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.dims or self.blocks)

    def merged(self, other: "Pins") -> "Pins":
        """Join these pins and `other`'s; where both speak, `other` wins."""
        return Pins({**self.dims, **other.dims}, {**self.blocks, **other.blocks})


def allowed_options(problem: Problem, pins: Pins | None) -> dict[str, np.ndarray]:
    """Indices of the options that remain of each pinned dim, increasing.

    Raises:
        MdpError: a dim, block or range that the problem does not have, or a block that cannot be removed.
    """
    if pins is None:
        return {}
    for name, kept in pins.blocks.items():
        if name not in problem.block:
            raise MdpError(f"The problem has no block {name!r} to pin.{did_you_mean(name, problem.block)}")
        if not kept and not problem.block[name].removable:
            raise MdpError(f"Block {name!r} cannot be pinned removed: it cannot be removed in this problem.")
    allowed = {}
    for name, (low, high) in pins.dims.items():
        if name not in problem.dim:
            raise MdpError(f"The problem has no dim {name!r} to pin.{did_you_mean(name, problem.dim)}")
        options = np.asarray(problem.dim[name].options)
        allowed[name] = np.flatnonzero((options >= low) & (options <= high))
        if not len(allowed[name]):
            asked = f"{low}" if low == high else f"from {low} to {high}"
            offers = (
                ", ".join(map(str, options))
                if len(options) <= MOST_NAMED
                else f"{options[0]} to {options[-1]}"
            )
            raise MdpError(f"Dim {name!r} has no option {asked}; it offers {offers}.")
    return allowed


def pinned(problem: Problem, pins: Pins | None) -> Problem:
    """The problem with fewer choices: options outside the pins and terms of removed blocks are gone.

    A block pinned kept is no longer removable; a block pinned removed stays by name, without terms. Plans of
    it are plans of `problem` once `removed_with` has added the blocks pinned removed.
    """
    allowed = allowed_options(problem, pins)
    if not pins:
        return problem
    gone = {name for name, kept in pins.blocks.items() if not kept}

    def cut(term: Term) -> Term:
        values = term.values
        for axis, name in enumerate(term.dims):
            if name in allowed:
                values = values.take(allowed[name], axis)
        return Term(term.name, term.block, term.dims, values)

    return Problem(
        name=problem.name,
        latency_unit=problem.latency_unit,
        provenance=problem.provenance,
        dims=tuple(
            Dim(d.name, d.kind, tuple(d.options[i] for i in allowed[d.name])) if d.name in allowed else d
            for d in problem.dims
        ),
        blocks=tuple(
            Block(b.name, b.removable and not pins.blocks.get(b.name, False)) for b in problem.blocks
        ),
        latency=tuple(cut(t) for t in problem.latency if t.block not in gone),
        importance=tuple(cut(t) for t in problem.importance if t.block not in gone),
        resources=tuple(
            replace(r, terms=tuple(cut(t) for t in r.terms if t.block not in gone)) for r in problem.resources
        ),
    )


def removed_with(removed, pins: Pins | None) -> set[str]:
    """The removed blocks of a pinned problem's answer, as removed blocks of the problem itself."""
    return set(removed) | {name for name, kept in (pins.blocks if pins else {}).items() if not kept}


def pins_text(pins: Pins) -> str:
    """`blocks.3=removed,embed=96,blocks.0.qk=8..64`; "" without pins."""
    words = {kept: word for word, kept in WORDS.items()}
    blocks = [f"{name}={words[kept]}" for name, kept in pins.blocks.items()]
    return ",".join([*blocks, *(f"{name}={_range(*ends)}" for name, ends in pins.dims.items())])


def _range(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}..{high}"


def pins_from_text(text: str, problem: Problem) -> Pins:
    """The pins that `pins_text` wrote. Raises MdpError for what the problem does not have."""
    blocks: dict[str, bool] = {}
    dims: dict[str, tuple[int, int]] = {}
    for part in filter(None, text.split(",")):
        name, _, value = part.rpartition("=")
        low, _, high = value.partition("..")
        if value in _VERBS and name in problem.block:
            _once(name, blocks)
            blocks[name] = _VERBS[value]
        elif name in problem.dim and _is_width(low) and _is_width(high or low):
            _once(name, dims)
            dims[name] = (int(low), int(high or low))
        else:
            raise MdpError(_cannot_pin(part, problem))
    return Pins(dims, blocks)


def _cannot_pin(part: str, problem: Problem) -> str:
    """What is wrong with a pin that nothing can be made of, and how to write it."""
    name, sign, value = part[:MOST_SHOWN].rpartition("=")
    if name in problem.block:
        return f"Block {name!r} cannot be pinned to {value!r}: write {name}=kept or {name}=removed."
    if name in problem.dim:
        width = problem.dim[name].options[-1]
        forms = f"a width, {name}={width}, or a range, {name}=1..{width}"
        return f"Dim {name!r} cannot be pinned to {value!r}: write {forms}."
    if not sign:
        return f"{value!r} cannot be pinned: write NAME=kept, NAME=removed, NAME=WIDTH or NAME=LEAST..MOST."
    return f"{part[:MOST_SHOWN]!r} cannot be pinned: {_unknown(name, problem)}"


def _unknown(name: str, problem: Problem) -> str:
    return f"the problem has no block or dim {name!r}.{did_you_mean(name, [*problem.block, *problem.dim])}"


def _once(name: str, pinned: Mapping[str, object]) -> None:
    if name in pinned:
        raise MdpError(f"{name!r} is pinned twice; pin it once.")


def _is_width(text: str) -> bool:
    """Whether a text is a number of units. Python refuses to read one of thousands of digits."""
    return text.isdecimal() and len(text) <= 20


def pins_of(pins: Pins | Mapping[str, object] | str | None, problem: Problem) -> Pins | None:
    """Pins as people write them: `{"blocks.3": "remove", "embedding": 96, "blocks.0.qk": (8, 64)}`, or text.

    Raises:
        MdpError: a name that is neither a block nor a dim, or a value that says nothing about it.
    """
    if pins is None or isinstance(pins, Pins):
        return pins
    if isinstance(pins, str):
        return pins_from_text(pins, problem)
    must_be(pins, Mapping, 'pins as {"blocks.3": "remove", "embedding": 96}')
    blocks: dict[str, bool] = {}
    dims: dict[str, tuple[int, int]] = {}
    for name, value in pins.items():
        ends = value if isinstance(value, tuple | list) else (value, value)
        if name in problem.block and (type(value) is bool or value in _VERBS):
            blocks[name] = _VERBS.get(value, value)
        elif name in problem.dim and len(ends) == 2 and all(type(e) is int for e in ends):
            dims[name] = (ends[0], ends[1])
        elif name in problem.block:
            raise MdpError(f'Block {name!r} can be pinned to "keep" or "remove", not to {value!r}.')
        elif name in problem.dim:
            raise MdpError(f"Dim {name!r} can be pinned to a width or a (low, high) range, not to {value!r}.")
        else:
            raise MdpError(f"{name!r} cannot be pinned: {_unknown(str(name), problem)}")
    return Pins(dims, blocks)
