"""What a network uses beside latency: parameters, multiply-adds, weight memory; tables as latency has them.

A study knows its counts as sums of products of widths; the tables follow from them exactly, so that no study
on disk has to change. A problem file may bring resources of its own: the latency of another deployment, say.
"""

import math
import re
from collections.abc import Collection, Mapping

import numpy as np

from .errors import MdpError
from .problem_reader import MOST_CELLS
from .space import Product
from .terms import Dim, Resource, Term
from .unit_names import milliseconds

PARAMETERS, MACS, MEMORY = "parameters", "macs", "weight_memory"
# Resources that follow from a study's counts, with their unit and the word that a limit's sentence uses.
UNITS = {PARAMETERS: "params", MACS: "MACs", MEMORY: "bytes"}
WORDS = {PARAMETERS: "parameters", MACS: "multiply-adds", MEMORY: "weight memory"}
# Bytes of one weight as it is deployed; of a type that is not here, weight memory is not known.
BYTES = {"float32": 4, "tf32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "float64": 8}
# The suffixes of a count; of bytes with B, and with iB in steps of 1024.
SCALES = {"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "b": 1e9, "t": 1e12}
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([a-zµ% ]*)", re.IGNORECASE)
# The nouns that may follow an amount, by the unit that they belong to.
_NOUNS = {"params": ("parameters", "params", "param"), "macs": ("macs", "mac")}


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


def said(resource: Resource) -> str:
    """What a sentence calls a resource."""
    return WORDS.get(resource.name, resource.name)


def parse_limit(text: str | float, resource: Resource, dense: float) -> float:
    """A limit in the resource's unit, from `12M`, `1.2G`, `25MB` or a share of dense as `50%`.

    Raises:
        MdpError: not a finite number of at least 0, or in a unit that the resource does not have.

    >>> from mdp.core.terms import Resource
    >>> parse_limit("1.2G", Resource("macs", "MACs", ()), 4e9)
    1200000000.0
    """
    raw = str(text).strip()
    match = _NUMBER.fullmatch(raw)
    scale = _scale(match[2], resource.unit, dense) if match else None
    value = float("nan") if match is None or scale is None else float(match[1]) * scale
    if not 0 <= value < math.inf:
        name = said(resource)
        example = "30" if milliseconds(resource.unit) else "25MB" if resource.unit == "bytes" else "12M"
        raise MdpError(
            f"The limit {raw!r} of {name} cannot be used. Write a number of {resource.unit} such as "
            f"{example}, or a share of dense as 50%."
        )
    return abs(value)  # of -0 none would know what to think


def _scale(suffix: str, unit: str, dense: float) -> float | None:
    """How much one of a suffix is in the unit; None for a suffix that fits none."""
    word = "".join(suffix.lower().split())
    if word == "%":
        return dense / 100
    if time := milliseconds(unit):
        own = milliseconds(word) if word else time
        return None if own is None else own / time
    if unit == "bytes":
        if word.endswith("ib"):
            power = "kmgt".find(word[:-2]) + 1 if len(word) == 3 else 0
            return 1024.0**power if power else None
        word = word.removesuffix("bytes").removesuffix("b") if word != "b" else ""
        return SCALES.get(word) if word != "b" else None
    for noun in _NOUNS.get(unit.lower(), (unit.lower(),)):
        if word.endswith(noun):
            word = word.removesuffix(noun)
            break
    return SCALES.get(word)


def amount(value: float, unit: str) -> str:
    """A quantity as it is read: `11.2 M params`, `25 MB`, `12.4 ms`."""
    if milliseconds(unit):
        return f"{value:.4g} {unit}"
    power = min(max(math.floor(math.log10(abs(value)) / 3), 0), 4) if value else 0
    number = f"{value / 1000**power:.4g}"
    if unit == "bytes":
        return f"{number} {('', 'k', 'M', 'G', 'T')[power]}B"
    letter = ("", "k", "M", "G", "T")[power]
    return f"{number} {letter} {unit}" if letter else f"{number} {unit}"


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
            known = ", ".join(problem.resource) or "latency alone"
            raise MdpError(
                f"{problem.name!r} does not know its {WORDS.get(name, name)}: it knows {known}. Leave that "
                "limit out, or give a study or problem file that knows it."
            )
        most[name] = parse_limit(text, resource, problem.dense_use(name))
    return most


def pairs_of(words: Collection[str]) -> dict[str, str]:
    """`NAME=AMOUNT` words as a mapping.

    Raises MdpError for one without a name or an amount, and for two that contradict each other.
    """
    found = {}
    for word in words:
        name, sign, value = word.rpartition("=")
        if not (sign and name.strip() and value.strip()):
            raise MdpError(f"The limit {word!r} cannot be read. Write it as NAME=AMOUNT: laptop=30.")
        if found.setdefault(name.strip(), value.strip()) != value.strip():
            raise MdpError(f"{name.strip()!r} is limited twice, with different amounts. Give one of them.")
    return found
