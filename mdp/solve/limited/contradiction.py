"""Limits that contradict each other: which do, and what would do instead of each, proven.

The least that a resource can be while the others hold is a problem of the same kind: its importance is what
is saved of that resource. With one limit left it is the exact solver's.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from ...core.errors import Infeasible, MdpError
from ...core.pins import Pins
from ...core.plan import infeasible, within
from ...core.problem import Problem
from ...core.resources import amount, budgeted, said
from ...core.terms import Resource, Term
from ..peaks import capped
from ..protocol import Limits, OutOfTime

# Stands for the budget among the names of what is limited; no resource of a network is called so.
LATENCY = "(budget)"


def contradiction(problem: Problem, budget: float, limits: Limits) -> Infeasible | None:
    """What is true where nothing meets the budget and all limits; None where something does.

    Limits that nothing meets even alone are named, all of them, before any that only contradict each other.
    """
    most = {LATENCY: budget, **limits.most}
    if impossible := list(_impossible(problem, most, limits.pins)):
        return Infeasible(" ".join(map(str, impossible)), impossible[0].smallest)
    nearest = {}
    for name in most:
        others = {other: limit for other, limit in most.items() if other != name}
        nearest[name] = found = least(problem, name, others, limits.pins)
        if found is not None and within(found, most[name]):
            return None
    clash = _clash(problem, most, limits.pins)
    asked = " and ".join(f"{_called(problem, n)} of {amount(most[n], _unit(problem, n))}" for n in clash)
    told = "; ".join(
        f"{_called(problem, name)} from {_at_least(value, _unit(problem, name))}"
        for name, value in nearest.items()
        if value is not None and not math.isnan(value)
    )
    instead = f" With the others as they are, there are plans with {told}." if told else ""
    alone = [_called(problem, name) for name in clash if nearest[name] is None]
    if alone:  # the others still contradict each other
        instead += f" Raising {' or '.join(w.removeprefix('a ') for w in alone)} alone is not enough."
    return Infeasible(
        f"The limits contradict each other: no choice has {asked} together.{instead}", nearest[LATENCY]
    )


def _impossible(problem: Problem, most: Mapping[str, float], pins: Pins | None) -> Iterator[Infeasible]:
    """A sentence for each limit that nothing meets, whatever the others are."""
    for name, limit in most.items():
        alone = least(problem, name, {}, pins)
        if alone is None or within(alone, limit):
            continue
        if name == LATENCY:
            yield infeasible(problem, limit, alone)
            continue
        unit = problem.resource[name].unit
        yield Infeasible(
            f"No choice keeps {_called(problem, name)} to {amount(limit, unit)}: the smallest possible "
            f"is {_at_least(alone, unit)}."
        )


def _clash(problem: Problem, most: Mapping[str, float], pins: Pins | None) -> list[str]:
    """Limits that contradict each other already without the rest, none of them to spare."""
    left = list(most)
    for name in most:
        fewer = [other for other in left if other != name]
        if len(fewer) > 1 and _contradict(problem, {n: most[n] for n in fewer}, pins):
            left = fewer
    return left


def _contradict(problem: Problem, most: Mapping[str, float], pins: Pins | None) -> bool:
    """Whether nothing meets all of these limits, for sure."""
    first, *others = most
    found = least(problem, first, {name: most[name] for name in others}, pins)
    return found is None or (found > most[first] and not within(found, most[first]))


def smallest_latency(problem: Problem, limits: Limits) -> float:
    """The smallest latency of any choice that meets the limits of other resources.

    Raises:
        Infeasible: none does; it says which limits contradict each other.
        MdpError: it was not found in time.
    """
    found = least(problem, LATENCY, limits.most, limits.pins)
    if found is None:
        wrong = contradiction(problem, math.inf, limits)
        raise wrong or Infeasible("No choice meets these limits together.", None)
    if math.isnan(found):
        raise MdpError("The smallest latency under these limits was not found in time. Give larger limits.")
    return found


def least(problem: Problem, name: str, most: Mapping[str, float], pins: Pins | None) -> float | None:
    """The least that a resource can be while `most` holds of the others; None where nothing meets those, NaN
    where that is not known."""
    if _is_peak(problem, name):
        return _least_peak(problem, name, most, pins)
    peaks = {n: limit for n, limit in most.items() if _is_peak(problem, n)}
    turned, names = _saving(problem, name, [n for n in most if n not in peaks])
    try:
        if not names:
            from ..exact.solver import fastest

            # Where no choice is within the peaks, the least is more than any that is would take.
            cap = capped(replace(turned, importance=()), peaks, worthless=False)
            plan = fastest(cap.inside, pins)
            if not within(plan.latency, cap.ceiling):
                return None
        else:
            from .solver import solve

            limits = Limits(pins, 20.0, most={n: most[n] for n in (*names[1:], *peaks)})
            plan = solve(turned, most[names[0]], limits, explain=False)
    except Infeasible:
        return None
    except MdpError:  # not in time
        return math.nan
    choices = {d.name: plan.choices[d.name] or d.dense for d in problem.dims}
    return problem.total(_terms(problem, name), choices, plan.removed_blocks)


def _saving(problem: Problem, name: str, names: Sequence[str]) -> tuple[Problem, Sequence[str]]:
    """The problem of saving a resource: the first of the others in latency's place, the rest beside it."""
    saved = tuple(replace(t, values=-t.values) for t in _terms(problem, name))
    first = names[0] if names else name
    rest = tuple(Resource(n, _unit(problem, n), _terms(problem, n)) for n in names[1:])
    peaks = tuple(r for r in problem.resources if r.peak)
    turned = replace(problem, latency=_terms(problem, first), importance=saved, resources=(*rest, *peaks))
    return turned, names


def _least_peak(problem: Problem, name: str, most: Mapping[str, float], pins: Pins | None) -> float | None:
    """As `least`, of a peak: one of its entries, found by halving."""
    first = next((n for n in most if not _is_peak(problem, n)), LATENCY)
    others = {n: limit for n, limit in most.items() if n != first}

    def fits(limit: float) -> bool:
        found = least(problem, first, {**others, name: limit}, pins)
        if found is not None and math.isnan(found):
            raise OutOfTime
        return found is not None and within(found, most.get(first, math.inf))

    entries = np.unique(np.concatenate([np.zeros(1), *(t.values.ravel() for t in _terms(problem, name))]))
    low, high = -1, len(entries) - 1  # what is known not to do, and what is hoped to
    try:
        if not fits(float(entries[high])):
            return None
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if fits(float(entries[middle])) else (middle, high)
    except OutOfTime:
        return math.nan
    return float(entries[high])


def _is_peak(problem: Problem, name: str) -> bool:
    return name != LATENCY and problem.resource[name].peak


def _terms(problem: Problem, name: str) -> tuple[Term, ...]:
    return problem.latency if name == LATENCY else problem.resource[name].terms


def _unit(problem: Problem, name: str) -> str:
    return problem.latency_unit if name == LATENCY else problem.resource[name].unit


def _called(problem: Problem, name: str) -> str:
    if name != LATENCY:
        return said(problem.resource[name])
    what = budgeted(problem.latency_unit)
    return "a latency" if what == "latency" else what


def _at_least(value: float | None, unit: str) -> str:
    """Four digits, rounded up: who asks for that much gets it."""
    if value is None:
        return "a larger one"
    text = amount(value, unit)
    return text if float(f"{value:.4g}") >= value else amount(value * 1.0005, unit)
