"""Latencies are milliseconds: the units that are read as such, and what no table of times may hold. No torch.

A problem file may budget anything (MACs, parameters); tables, studies and whatever is measured are of times.
"""

import dataclasses
from collections import Counter
from collections.abc import Collection

from .errors import BadFile, MdpError
from .problem import Problem, Term
from .problem_reader import SMALLEST
from .unit_names import milliseconds


def in_ms(problem: Problem, source: str) -> Problem:
    """The problem with its latency in ms; the same object if it is.

    Raises:
        BadFile: its unit is none of time.
    """
    factor = milliseconds(problem.latency_unit)
    if factor is None:
        raise BadFile(
            f"The {source} gives latency in {problem.latency_unit!r}, which is no unit of time that is known "
            "here. Give it in ms, s, us or ns."
        )
    if problem.latency_unit == "ms":
        return problem
    # Dividing by 1000 is exact where multiplying by 0.001 is not.
    return dataclasses.replace(problem, latency_unit="ms", latency=scaled(problem.latency, factor))


def scaled(terms: Collection[Term], factor: float) -> tuple[Term, ...]:
    """Tables with every number times `factor`."""
    return tuple(_scaled(term, factor) for term in terms) if factor != 1 else tuple(terms)


def _scaled(term: Term, factor: float) -> Term:
    values = term.values * factor if factor >= 1 else term.values / (1 / factor)
    values.setflags(write=False)
    return dataclasses.replace(term, values=values)


def check_times(problem: Problem, source: str, listed: Collection[str] = ()) -> None:
    """Refuse latency tables that cannot be those of a network.

    Args:
        listed: names of the tables that the profiler measured, where they are known.

    Raises:
        BadFile: a part of the network has no table or two, a time is negative or not finite, or the dense
            network takes none.
    """

    def refuse(what: str):
        raise BadFile(f"The {source} cannot be used: {what}. Measure the model again (mdp profile).")

    for term in problem.latency:
        # A comparison that is false for what is no number, too.
        if not ((term.values >= 0) & (term.values < float("inf"))).all():
            refuse(f"the table of {term.name} holds a time that is negative or not finite")
        if ((term.values > 0) & (term.values < SMALLEST)).any():
            refuse(f"the table of {term.name} holds a time that is next to nothing")
    names = Counter(term.name for term in problem.latency)
    if twice := next((name for name, times in names.items() if times > 1), None):
        refuse(f"it holds the table of {twice} more than once")
    if lost := [name for name in listed if name not in names]:
        more = f" (and {len(lost) - 1} more)" if len(lost) > 1 else ""
        refuse(f"it lacks the table of {lost[0]}{more}, which was measured")
    dims = {dim for term in problem.latency for dim in term.dims}
    blocks = {term.block for term in problem.latency}
    lacking = [f"dim {d.name!r}" for d in problem.dims if d.name not in dims]
    lacking += [f"block {b.name!r}" for b in problem.blocks if b.name not in blocks]
    if lacking:
        more = f" (and of {len(lacking) - 1} more)" if len(lacking) > 1 else ""
        refuse(f"it lacks the latency of {lacking[0]}{more}")
    try:
        dense = problem.dense_latency
    except OverflowError:
        dense = float("inf")
    if not 0 < dense < float("inf"):
        refuse(f"the dense network takes {dense:g} ms, which no network does")


def check_parts(terms, segments, source: str) -> None:
    """Refuse tables without one of the parts that a network is made of, by name.

    Args:
        terms: names of the tables.
        segments: names of the parts.

    Raises:
        MdpError: one is missing.
    """
    there = set(terms)
    lacking = [name for name in segments if name not in there]
    if lacking:
        more = f" (and {len(lacking) - 1} more)" if len(lacking) > 1 else ""
        raise MdpError(
            f"The {source} lack the latency of {lacking[0]}{more}, a part of this model: they are of another "
            "version of it, or were cut. Measure the model again (mdp profile)."
        )


def refuse_other_units(problem: Problem) -> None:
    """Raise MdpError unless latency is in ms: what is measured can be compared with nothing else."""
    if problem.latency_unit != "ms":
        raise MdpError(
            f"The latency of {problem.name!r} is in {problem.latency_unit!r}, and what is measured is in ms: "
            "they cannot be compared. Build the study from tables that were measured."
        )
