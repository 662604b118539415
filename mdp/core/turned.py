"""A problem with another of its resources in latency's place: the front over parameters, latency limited."""

from dataclasses import replace

from .errors import MdpError
from .near import did_you_mean
from .problem import Problem
from .resources import WORDS, budgeted, said
from .terms import Resource

LATENCY = "latency"


def turned(problem: Problem, name: str) -> Problem:
    """The problem whose budget is of the resource `name`, and where what it was of can be limited.

    What was the budget is a resource then: "latency", or "parameters" of a study that counts these.

    Raises:
        MdpError: the problem does not know that resource, or it is a peak, which adds nothing up.
    """
    if name == budgeted(problem.latency_unit):
        return problem
    resource = problem.resource.get(name)
    if resource is None:
        known = ", ".join((LATENCY, *(r.name for r in problem.resources if not r.peak)))
        hint = did_you_mean(name, problem.resource)
        raise MdpError(f"{problem.name!r} holds no {name[:60]!r}: it knows {known}.{hint}")
    if resource.peak:
        flag = f"--{name.replace('_', '-')}" if name in WORDS else f"--limit {name}="
        raise MdpError(
            f"A front does not go over {said(resource)}, which is a peak and no sum. Limit it ({flag} 60%), "
            "and let the front go over latency or another resource."
        )
    rest = tuple(r for r in problem.resources if r.name != name)
    if budgeted(problem.latency_unit) == LATENCY:
        rest = (*rest, Resource(LATENCY, problem.latency_unit, problem.latency))
    return replace(problem, latency=resource.terms, latency_unit=resource.unit, resources=rest)
