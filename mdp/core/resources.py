"""What a network uses beside latency: parameters, multiply-adds, weight memory; tables as latency has them.

A study knows its counts as sums of products of widths; the tables follow from them exactly, so that no study
on disk has to change. A problem file may bring resources of its own: the latency of another deployment, say.
"""

import math
from collections.abc import Collection, Mapping

import numpy as np

from .amounts import amount as amount  # what other rooms ask this module for
from .amounts import example, parsed
from .errors import MdpError
from .near import did_you_mean
from .problem_reader import MOST_CELLS
from .space import Product
from .terms import Dim, Resource, Term

PARAMETERS, MACS, MEMORY = "parameters", "macs", "weight_memory"
ACTIVATIONS = "activation_memory"  # a peak: see mdp.core.activations
# Resources that follow from a study's counts, with their unit and the word that a limit's sentence uses.
UNITS = {PARAMETERS: "params", MACS: "MACs", MEMORY: "bytes"}
WORDS = {
    PARAMETERS: "parameters", MACS: "multiply-adds", MEMORY: "weight memory",
    ACTIVATIONS: "activation memory",
}  # fmt: skip
# What follows from a network's structure, and is not in its study's tables.
MADE = (*UNITS, ACTIVATIONS)
# Bytes of one weight as it is deployed; of a type that is not here, weight memory is not known.
BYTES = {"float32": 4, "tf32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "float64": 8}


def counted(
    counts: Mapping[str, Collection[Product]], dims: Collection[Dim], dtype: str = ""
) -> tuple[Resource, ...]:
    """The resources that sums of products describe: parameters, MACs, and with a dtype weight memory.

    A count whose tables would be larger than a problem may hold is left out.
    """
    by_name = {d.name: d for d in dims}
    found = []
    for name, factor, kind in (
        (PARAMETERS, 1, PARAMETERS),
        (MACS, 1, MACS),
        (MEMORY, BYTES.get(dtype.lower(), 0), PARAMETERS),
    ):
        terms = _terms(counts.get(kind, ()), by_name, factor) if factor else None
        if terms:
            found.append(Resource(name, UNITS[name], terms))
    return tuple(found)


def _terms(products: Collection[Product], dims: Mapping[str, Dim], factor: int) -> tuple[Term, ...] | None:
    """One table for each block and set of dims; None where they are too large."""
    tables: dict[tuple[str | None, tuple[str, ...]], np.ndarray] = {}
    scopes = {(p.block, tuple(sorted(set(p.dims)))) for p in products}
    if sum(math.prod(len(dims[d].options) for d in scope) for _, scope in scopes) > MOST_CELLS:
        return None
    for p in products:
        scope = tuple(sorted(set(p.dims)))
        values = np.full((), p.factor * factor)
        for axis, name in enumerate(scope):
            width = np.array(dims[name].options, dtype=float) ** p.dims.count(name)
            values = values * width.reshape([-1 if i == axis else 1 for i in range(len(scope))])
        tables[p.block, scope] = tables.get((p.block, scope), 0.0) + values
    return tuple(
        Term(" x ".join(scope) or "fixed", block, scope, np.asarray(values))
        for (block, scope), values in tables.items()
    )


def budgeted(unit: str) -> str:
    """What a budget in this unit is of: "latency", "parameters", "multiply-adds", "weight memory"."""
    return next((WORDS[name] for name, own in UNITS.items() if own == unit), "latency")


def said(resource: Resource) -> str:
    """What a sentence calls a resource."""
    return WORDS.get(resource.name, resource.name)


def parse_limit(text: str | float, resource: Resource, dense: float) -> float:
    """A limit in the resource's unit, from `12M`, `1.2G`, `25MB`, `30ms` or a share of dense as `50%`.

    Raises:
        MdpError: not a finite number of at least 0, or in a unit that the resource does not have.

    >>> from mdp.core.terms import Resource
    >>> parse_limit("1.2G", Resource("macs", "MACs", ()), 4e9)
    1200000000.0
    """
    value = parsed(text, resource.unit, dense)
    if value is None or value < 0:
        raise MdpError(
            f"The limit {str(text).strip()!r} of {said(resource)} cannot be used. Write a number of "
            f"{resource.unit} such as {example(resource.unit)}, or a share of dense as 50%."
        )
    return abs(value)  # of -0 none would know what to think


def limits_of(problem, asked: Mapping[str, str | float | None]) -> dict[str, float]:
    """Limits as people write them, by resource, in its unit; what is None or empty is not asked for.

    Raises:
        MdpError: a resource that the problem does not know, or a limit that is no amount.
    """
    most = {}
    for name, text in asked.items():
        if text is None or str(text).strip() == "":
            continue
        resource = problem.resource.get(name)
        if resource is None:
            known = ", ".join(["latency", *problem.resource])
            instead = "give a study or problem file that knows it"
            if name == ACTIVATIONS:
                instead = "count it: `mdp count STUDY` adds it to a study, and says where it cannot be known"
            raise MdpError(
                f"{problem.name!r} holds no {WORDS.get(name, repr(name))} to limit: it knows {known}."
                f"{did_you_mean(name, problem.resource)} Leave that limit out, or {instead}."
            )
        most[name] = parse_limit(text, resource, problem.dense_use(name))
    return most


def pairs_of(words: Collection[str], what: str = "limit", value: str = "amount") -> dict[str, str]:
    """`NAME=AMOUNT` words as a mapping. `what` they are, and their `value`, are for the sentences.

    Raises MdpError for one without a name or an amount, and for two that contradict each other.
    """
    example = {"limit": "laptop=30", "deployment": "laptop=laptop.json"}[what]
    found = {}
    for word in words:
        # A name of a resource may have "=" in it; of a deployment it has none, and its file may.
        parts = word.rpartition("=") if what == "limit" else word.partition("=")
        name, sign, given = (part.strip() for part in parts)
        if not (sign and name and given):
            form = f"NAME={value.upper()}: {example}"
            raise MdpError(f"The {what} {word!r} cannot be read. Write it as {form}.")
        if found.setdefault(name, given) != given:
            raise MdpError(f"The {what} {name!r} is given twice, with different {value}s. Give one of them.")
    return found
