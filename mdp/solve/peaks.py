"""Limits of a peak, such as the memory of activations: choices beyond them are taken out of the problem.

What is over such a limit is over it by one table entry alone: a limit forbids entries and adds nothing up. A
forbidden entry gets so much latency, and so little importance, that every choice with it is slower and worth
less than any without. So no budget has room for it, no optimum wants it, and no solver has to know why.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..core.limits import kept_to
from ..core.plan import Plan, within
from ..core.problem import Problem
from ..core.terms import Term
from .cache import kept_few
from .precision import facts


def peaks_in(problem: Problem, most: Mapping[str, float]) -> dict[str, float]:
    """Those of some limits that are of a peak."""
    return {name: limit for name, limit in most.items() if problem.resource[name].peak}


@dataclass(frozen=True, eq=False)
class Capped:
    """A problem without what limits of peaks forbid.

    Attributes:
        problem: the whole problem, `inside` the one to solve.
        ceiling: no choice that is allowed takes more latency, and every other takes more.
        most: the limits that are left to hold.
    """

    problem: Problem
    inside: Problem
    ceiling: float
    most: dict[str, float]

    def budget(self, budget: float) -> float:
        """The budget to solve `inside` with."""
        return min(budget, self.ceiling)

    def allowed(self, latency: float | None) -> float | None:
        """The smallest latency `inside`, None where it is one of what is forbidden."""
        return latency if latency is not None and within(latency, self.ceiling) else None

    def plan(self, found: Plan, budget: float, most: Mapping[str, float]) -> Plan:
        """A plan of `inside` as one of the whole problem, with what it uses of everything limited."""
        # A dim of which nothing is forbidden may be of no table inside, and of one of the peak.
        gone = self.problem.unused_dims(found.removed_blocks)
        widths = {d.name: found.choices[d.name] or d.dense for d in self.problem.dims}
        choices = {name: None if name in gone else kept for name, kept in widths.items()}
        latency, importance = self.problem.evaluate(choices, found.removed_blocks)
        prices = {
            n: limit.shadow_price for n, limit in found.limits.items() if limit.shadow_price is not None
        }
        limits = kept_to(self.problem, most, choices, found.removed_blocks, prices)
        bound = found.bound if found.bound is None else max(found.bound, importance)
        return replace(
            found, fingerprint=self.problem.fingerprint, budget=float(budget), latency=latency,
            importance=importance, bound=importance if found.optimal else bound, choices=choices,
            limits=limits,
        )  # fmt: skip


def capped(problem: Problem, most: Mapping[str, float], *, worthless: bool = True) -> Capped:
    """The problem without the choices over the limits of peaks; kept with it for the last few limits.

    Args:
        worthless: whether forbidden entries lose their importance, too, which keeps the bounds of proofs
            tight. Rivals rank by importance alone, and must not see other scores.
    """
    peaks = peaks_in(problem, most)
    key = (tuple(sorted(peaks.items())), worthless)
    inside, ceiling = kept_few(problem, "_capped", key, lambda: _inside(problem, peaks, worthless))
    return Capped(problem, inside, ceiling, {n: limit for n, limit in most.items() if n not in peaks})


def _inside(problem: Problem, peaks: Mapping[str, float], worthless: bool) -> tuple[Problem, float]:
    low, high = _span(problem, problem.latency)
    least, best = _span(problem, problem.importance)
    slow, lost = _more_than(high - low, low, high), _more_than(best - least, least, best)
    latency, importance = list(problem.latency), list(problem.importance)
    for name, limit in peaks.items():
        for term in problem.resource[name].terms:
            over = term.values > limit + 1e-9 * abs(limit)
            if over.any():
                called = f"over the limit of {name}: {term.name}"
                latency.append(Term(called, term.block, term.dims, np.where(over, slow, 0.0)))
                if worthless:
                    importance.append(Term(called, term.block, term.dims, np.where(over, -lost, 0.0)))
    rest = tuple(r for r in problem.resources if not r.peak)
    found = replace(problem, latency=tuple(latency), importance=tuple(importance), resources=rest)
    # No sum of an allowed choice has a forbidden entry in it, so that these decide nothing about rounding.
    found.__dict__["_sizes"] = facts(problem)
    return found, high


def _span(problem: Problem, terms: tuple[Term, ...]) -> tuple[float, float]:
    """What no choice is below, and none above."""
    low = high = 0.0
    for term in terms:
        ends = float(term.values.min()), float(term.values.max())
        if term.block is not None and problem.block[term.block].removable:
            ends = min(ends[0], 0.0), max(ends[1], 0.0)
        low, high = low + ends[0], high + ends[1]
    return low, high


def _more_than(difference: float, *sizes: float) -> float:
    """Surely more than a difference of sums of these sizes, rounding included; a power of two, which adds no
    digits to whole numbers."""
    size = max(difference, *(1e-3 * abs(s) for s in sizes))
    return float(2.0 ** np.ceil(np.log2(1.01 * size))) if size > 0 else 1.0
