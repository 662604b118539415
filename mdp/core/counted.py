"""Studies without a table of times: parameters, multiply-adds or weight memory stand in latency's place.

They follow exactly from the counts of a network, so that nothing has to be measured, and hold on any device.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from .errors import BadFile, MdpError
from .problem import Problem
from .resources import MACS, MEMORY, PARAMETERS, UNITS, counted
from .space import Space
from .terms import Term

BUDGETS = (PARAMETERS, MACS, MEMORY)
# What the provenance of counted tables says its budget is of.
KEY = "counted"


def counted_terms(space: Space, budget_in: str) -> tuple[tuple[Term, ...], dict[str, Any]]:
    """(terms, provenance) in the place of latency tables where the budget is of `budget_in`.

    Raises:
        MdpError: it is none of `BUDGETS`, or the network does not know its counts.
    """
    if budget_in not in BUDGETS:
        raise MdpError(f"A budget in {budget_in!r} is not known. Choose one of {', '.join(BUDGETS)}.")
    dims = tuple(d.as_dim() for d in space.dims)
    resource = next((r for r in counted(space.counts, dims, "float32") if r.name == budget_in), None)
    if resource is None:
        raise MdpError(
            f"The {budget_in.replace('_', ' ')} of {space.model} are not known as a table over its widths. "
            "Measure its latency (mdp profile), and build the study from that."
        )
    facts = {"device": "no device", "batch": 1, "dtype": "float32", KEY: budget_in, "model": space.model}
    return _named(resource.terms), facts


def counted_in(provenance: Mapping[str, Any]) -> str:
    """What a study's budget is of where nothing was timed; "" where it is of latency."""
    name = provenance.get(KEY)
    return name if name in BUDGETS else ""


def unit_of(provenance: Mapping[str, Any]) -> str:
    """The unit of a study's budget: ms, or that of what is counted."""
    return UNITS.get(counted_in(provenance), "ms")


def check_counted(problem: Problem, counts, name: str, source: str) -> None:  # type: ignore[no-untyped-def]
    """Hold a counted study's budget against its counts.

    Raises:
        BadFile: its unit or one of its tables is not what the counts make.
    """
    made = next((r for r in counted(counts, problem.dims, "float32") if r.name == name), None)
    terms = _named(made.terms) if made else ()
    same = len(terms) == len(problem.latency) and all(map(_same, terms, problem.latency))
    if not same or problem.latency_unit != UNITS[name]:
        raise BadFile(
            f"The {source} is damaged: its budget is of {name}, and its tables are not what its counts make. "
            "Build it anew (mdp build --budget-in)."
        )


def _same(one: Term, other: Term) -> bool:
    return (one.block, one.dims) == (other.block, other.dims) and np.array_equal(one.values, other.values)


def _named(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """Each with a name of its own: blocks have the same dims over and over."""
    return tuple(
        dataclasses.replace(t, name=f"{t.block}: {t.name}" if t.block is not None else t.name) for t in terms
    )
