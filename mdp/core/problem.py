"""The problem: plain numbers between measurement (left) and solving and drawing (right). No torch here.

Choose one option for every dim and keep or remove every removable block. A term counts when its block is
null or kept. Maximise total importance subject to total latency <= budget. The file format is
`mdp-problem/1`, or `mdp-problem/2` where it knows more than one resource; docs/reference/problem-file.md
describes both.
"""

import hashlib
import json
import math
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from .errors import BadFile, MdpError
from .files import read_json, said_format, write_json
from .problem_reader import LARGEST, Reader
from .problem_writer import FORMAT, FORMATS, SEVERAL, problem_to_json
from .terms import Block, Dim, Resource, Term
from .totals import Totals
from .unit_names import check_unit


@dataclass(frozen=True, eq=False)
class Problem:
    """Dims, blocks, and the latency and importance terms over them. Built through `from_json` or by code
    that calls `check` afterwards. `resources` are what else can be limited."""

    name: str
    latency_unit: str
    dims: tuple[Dim, ...]
    blocks: tuple[Block, ...]
    latency: tuple[Term, ...]
    importance: tuple[Term, ...]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    resources: tuple[Resource, ...] = ()

    def __repr__(self) -> str:
        """One line: a notebook shows it, and the tables are long."""
        terms = f"{len(self.latency)} + {len(self.importance)} terms"
        return f"Problem({self.name!r}, {len(self.dims)} dims, {len(self.blocks)} blocks, {terms})"

    @cached_property
    def dim(self) -> dict[str, Dim]:
        return {dim.name: dim for dim in self.dims}

    @cached_property
    def block(self) -> dict[str, Block]:
        return {block.name: block for block in self.blocks}

    @cached_property
    def _index(self) -> dict[str, dict[int, int]]:
        return {dim.name: {kept: i for i, kept in enumerate(dim.options)} for dim in self.dims}

    @cached_property
    def _totals(self) -> tuple[Totals, Totals]:
        return Totals(self._index, self.latency), Totals(self._index, self.importance)

    @cached_property
    def dim_blocks(self) -> dict[str, frozenset[str | None]]:
        """For each dim, the blocks of the terms that use it (None for terms outside every block)."""
        users: dict[str, set[str | None]] = {dim.name: set() for dim in self.dims}
        others = (term for resource in self.resources for term in resource.terms)
        for term in (*self.latency, *self.importance, *others):
            for name in term.dims:
                users[name].add(term.block)
        return {name: frozenset(blocks) for name, blocks in users.items()}

    @cached_property
    def resource(self) -> dict[str, Resource]:
        return {resource.name: resource for resource in self.resources}

    def uses(self, choices: Mapping[str, int | None], removed: Collection[str] = ()) -> dict[str, float]:
        """Sum what one choice uses of each resource beside latency, each in its unit."""
        return {r.name: self.use(r.name, choices, removed) for r in self.resources}

    def use(self, name: str, choices: Mapping[str, int | None], removed: Collection[str] = ()) -> float:
        """What one choice uses of a resource: the sum of its terms that count, of a peak the largest."""
        resource = self.resource[name]
        if not resource.peak:
            return self.total(resource.terms, choices, removed)
        self._check_removed(removed)
        kept = (term for term in resource.terms if term.block not in removed)
        return max((self.entry(term, choices) for term in kept), default=0.0)

    def dense_use(self, name: str) -> float:
        """What the dense model uses of a resource."""
        return self.use(name, self.dense_choices)

    @cached_property
    def dense_latency(self) -> float:
        return self.evaluate(self.dense_choices)[0]

    @cached_property
    def dense_importance(self) -> float:
        return self.evaluate(self.dense_choices)[1]

    @property
    def dense_choices(self) -> dict[str, int]:
        return {dim.name: dim.dense for dim in self.dims}

    @cached_property
    def fingerprint(self) -> str:
        """A short hash of all that a solution depends on; provenance and names of terms do not count.

        Nor do resources beside latency: a plan says what it uses of those that were limited, which is held
        against the tables, and a study's plans stay its plans whatever else is counted.
        """
        body = problem_to_json(self)
        for key in ("name", "provenance", "resources"):
            body.pop(key, None)
        body["format"] = FORMAT
        for term in (*body["latency"], *body["importance"]):
            term.pop("name")
        return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]

    def evaluate(
        self, choices: Mapping[str, int | None], removed: Collection[str] = ()
    ) -> tuple[float, float]:
        """Sum (latency, importance) of one choice: kept units for every dim that a kept block uses.

        A dim that only removed blocks use may be None or absent.

        Raises:
            MdpError: a dim, block or option that the problem does not have, or a needed dim left out.
        """
        self._check_removed(removed)
        sums = [totals.sum(choices, removed) for totals in self._totals]
        if None in sums:  # the slow way says which entry is missing
            sums = [self.total(terms, choices, removed) for terms in (self.latency, self.importance)]
        return sums[0], sums[1]

    def total(
        self, terms: Iterable[Term], choices: Mapping[str, int | None], removed: Collection[str]
    ) -> float:
        """Sum the terms that count under this choice, exactly rounded."""
        self._check_removed(removed)
        return math.fsum(self.entry(term, choices) for term in terms if term.block not in removed)

    def entry(self, term: Term, choices: Mapping[str, int | None]) -> float:
        """Look up the one number that `term` contributes under `choices`, its block taken as kept."""
        return float(term.values[tuple(self._option_index(name, choices) for name in term.dims)])

    def unused_dims(self, removed: Collection[str]) -> set[str]:
        """List the dims that no longer exist because every block that uses them is removed."""
        gone = frozenset(removed)
        return {name for name, blocks in self.dim_blocks.items() if blocks and blocks <= gone}

    def _option_index(self, name: str, choices: Mapping[str, int | None]) -> int:
        kept = choices.get(name)
        index = self._index[name].get(kept)
        if kept is None:
            raise MdpError(f"Dim {name!r} is used by a kept block, but the choice says nothing about it.")
        if index is None:
            offered = _short(self.dim[name].options)
            raise MdpError(f"Dim {name!r} cannot keep {kept} units; it offers {offered}.")
        return index

    def _check_removed(self, removed: Collection[str]) -> None:
        for name in removed:
            if name not in self.block:
                raise MdpError(f"The problem has no block {name!r}.")
            if not self.block[name].removable:
                raise MdpError(f"Block {name!r} cannot be removed in this problem.")


def problem_from_json(data: Any, source: str = "problem") -> Problem:
    """Check and build a Problem from parsed JSON of either format.

    Raises:
        BadFile: the first entry that is wrong is named, with what was expected.
    """
    if not isinstance(data, dict) or data.get("format") not in FORMATS:
        raise BadFile(f"The {source} is not an {FORMAT} or {SEVERAL} file{said_format(data)}.")
    read = Reader(source)
    dims = tuple(read.dim(item, i) for i, item in enumerate(read.entries(data, "dims")))
    blocks = tuple(read.block(item, i) for i, item in enumerate(read.entries(data, "blocks")))
    read.unique("dims", [d.name for d in dims])
    read.unique("blocks", [b.name for b in blocks])
    sizes = {d.name: len(d.options) for d in dims}
    names = {b.name for b in blocks}
    terms: dict[str, tuple[Term, ...]] = {
        kind: tuple(
            read.term(item, f"{kind}[{i}]", sizes, names) for i, item in enumerate(read.entries(data, kind))
        )
        for kind in ("latency", "importance")
    }
    resources = read.resources(data, sizes, names) if data["format"] == SEVERAL else ()
    for kind, own in (*terms.items(), *((f"resource {r.name!r}", r.terms) for r in resources)):
        with np.errstate(over="ignore"):
            if sum(float(np.abs(t.values).max()) for t in own) > LARGEST:
                read.fail(kind, f"adds up beyond {LARGEST:g}; give its numbers in a larger unit")
    provenance = data.get("provenance", {})
    if not isinstance(provenance, dict):
        read.fail("provenance", "must be an object")
    return Problem(
        name=read.text(data.get("name"), "name"),
        latency_unit=check_unit(read.text(data.get("latency_unit"), "latency_unit"), source),
        dims=dims,
        blocks=blocks,
        **terms,
        provenance=provenance,
        resources=resources,
    )


def check(problem: Problem) -> Problem:
    """Return the same problem if it is well formed; used by code that builds problems.

    Raises:
        BadFile: what is wrong, as for a file.
    """
    return problem_from_json(problem_to_json(problem), f"problem {problem.name!r}") and problem


def load_problem(path: str | os.PathLike) -> Problem:
    """Read a problem file. Raises BadFile, saying which entry is wrong.

    >>> import tempfile, mdp
    >>> problem = mdp.load_study("fmnist-vit-cpu").problem
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mdp.save_problem(problem, f"{folder}/problem.json")
    ...     mdp.load_problem(f"{folder}/problem.json").fingerprint == problem.fingerprint
    True
    """
    return problem_from_json(read_json(path, "problem file"), f"problem file {path}")


def save_problem(problem: Problem, path: str | os.PathLike) -> None:
    """Write a problem file, `mdp-problem/2` where it knows more than latency, for any other tool.

    Raises:
        MdpError: it cannot be written.

    >>> import tempfile, mdp
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mdp.save_problem(mdp.load_study("fmnist-vit-cpu").problem, f"{folder}/problem.json")
    """
    write_json(path, problem_to_json(problem))


def _short(options: tuple[int, ...]) -> str:
    if len(options) <= 12:
        return ", ".join(map(str, options))
    return f"{options[0]}, {options[1]}, … {options[-1]} ({len(options)} options)"
