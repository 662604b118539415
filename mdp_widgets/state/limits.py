"""Limits beside the latency budget, as views and addresses write them. No solver here."""

import string
from collections.abc import Mapping
from urllib.parse import quote, unquote

from mdp.core.errors import MdpError
from mdp.core.problem import Problem
from mdp.core.resources import MEMORY, PARAMETERS, UNITS, limits_of, pairs_of

# Of a name in a text of limits.
_AS_IT_IS = string.punctuation.replace("%", "").replace(",", "")


def limits_text(most: Mapping[str, float]) -> str:
    """`parameters=480000,macs=7.2e6`; "" without limits. Amounts are exact; commas and spaces of a name are
    written as in addresses: a problem file may have any."""
    return ",".join(f"{quote(name, safe=_AS_IT_IS)}={value!r}" for name, value in most.items())


def limits_from_text(text: str, problem: Problem) -> dict[str, float]:
    """What `limits_text` wrote. Raises MdpError for what the problem does not know."""
    pairs = pairs_of([part for part in text.split(",") if part.strip()])
    return limits_of(problem, {unquote(name): amount for name, amount in pairs.items()})


def changed(
    most: Mapping[str, float], problem: Problem, name: str, text: str | float | None
) -> dict[str, float]:
    """The limits with one of them as typed: `12M`, `50%`; None or "" leaves that resource free.

    A limit of the dense model or more is none. Raises MdpError for one that is no amount.
    """
    if name not in problem.resource:
        raise MdpError(f"{problem.name!r} does not know {name!r}, so it cannot be limited.")
    left = {key: value for key, value in most.items() if key != name}
    typed = limits_of(problem, {name: text})
    return left | {k: v for k, v in typed.items() if v < problem.dense_use(k)}


def shown_resources(problem: Problem) -> list[str]:
    """The resources to show a slider of: not what the budget is of, and weight memory is the parameters times
    what one of them takes."""
    names = resources_beside(problem)
    twins = {MEMORY} if PARAMETERS in names else set()
    twins |= {PARAMETERS} if problem.latency_unit == UNITS[MEMORY] else set()
    return [name for name in names if name not in twins]


def resources_beside(problem: Problem) -> list[str]:
    """The resources that are not what the budget is of."""
    return [name for name in problem.resource if UNITS.get(name) != problem.latency_unit]


def sums_beside(problem: Problem) -> list[str]:
    """Those of them that add up, so that a front can go over them."""
    return [name for name in resources_beside(problem) if not problem.resource[name].peak]
