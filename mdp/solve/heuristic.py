"""What all solvers without a proof share: pins, the clock, the sentence where they find nothing, the plan."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from ..core.errors import Cancelled, Infeasible, MdpError
from ..core.pins import pinned, removed_with
from ..core.plan import Plan, infeasible, make_plan, within
from ..core.problem import Problem
from .exact import solver as exact
from .protocol import NO_LIMITS, Clock, Limits, OutOfTime


@dataclass(frozen=True)
class Found:
    """What a search ends with: kept units of every dim, removed blocks, and a word about how."""

    choices: Mapping[str, int]
    removed: frozenset[str] = frozenset()
    note: str = ""


# (problem with the pins applied, budget, clock to call now and then) -> what fits, else the fastest reached.
Search = Callable[[Problem, float, Clock], Found]


@dataclass(frozen=True)
class Heuristic:
    """A search as a Solver. Its plans are never called optimal, and claim no bound."""

    name: str
    search: Search

    def __call__(self, problem: Problem, budget: float, limits: Limits = NO_LIMITS) -> Plan:
        start = time.perf_counter()
        smaller = pinned(problem, limits.pins)
        try:
            found = self.search(smaller, budget, limits.clock())
        except OutOfTime:
            raise MdpError(
                f"{self.name} found no plan within {limits.time_limit:g} s. Give it more time, or use exact."
            ) from None
        removed = removed_with(found.removed, limits.pins)
        latency, _ = problem.evaluate(found.choices, removed)
        if not within(latency, budget):
            self._give_up(problem, budget, limits, latency)
        seconds = time.perf_counter() - start
        return make_plan(
            problem, budget, found.choices, removed, solver=self.name, seconds=seconds, note=found.note
        )

    def _give_up(self, problem: Problem, budget: float, limits: Limits, reached: float) -> NoReturn:
        """Raise what is true: nothing fits, or only this heuristic found nothing."""
        unit = problem.latency_unit
        said = (
            f"{self.name} finds no plan within {budget:.6g} {unit}: the smallest latency that it reaches is "
            f"{reached:.6g} {unit}"
        )
        try:
            smallest = exact.fastest(problem, limits.pins, limits).latency
        except Cancelled:
            raise
        except MdpError:
            raise Infeasible(f"{said}; whether others do is not known. Try exact.", reached) from None
        if not within(smallest, budget):
            raise infeasible(problem, budget, smallest)
        raise Infeasible(f"{said}. Plans exist from {smallest:.6g} {unit}; use exact.", reached)
