"""What every solver is: a function of a problem, a budget and its limits that answers with a plan."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from ..core.errors import Cancelled, MdpError
from ..core.pins import Pins
from ..core.plan import Plan
from ..core.problem import Problem

# The time limit of exact and milp where none is given. The problems of networks take seconds at most; some
# problems of other kinds would take for ever.
SECONDS = 60.0


class OutOfTime(Exception):
    """A time limit has passed; what is known so far is the answer."""


@dataclass(frozen=True)
class Limits:
    """What a solver has to respect besides the budget.

    Attributes:
        pins: decisions taken by hand.
        time_limit: seconds; None leaves it to the solver (exact and milp take SECONDS), infinity is no limit.
        cancelled: asked now and then; once it is true, the solver stops with Cancelled.
        most: resource beside latency -> what a plan may use of it, in the resource's unit.
    """

    pins: Pins | None = None
    time_limit: float | None = None
    cancelled: Callable[[], bool] | None = None
    most: Mapping[str, float] = field(default_factory=dict)

    def clock(self) -> "Clock":
        """The clock of the time limit, which starts now."""
        end = math.inf if self.time_limit is None else time.monotonic() + self.time_limit
        return Clock(self, end)

    def or_default(self) -> "Limits":
        """The same, with SECONDS where nothing is said of time: no solve without end."""
        return self if self.time_limit is not None else replace(self, time_limit=SECONDS)

    def longer(self, seconds: float) -> "Limits":
        """The same with some more seconds."""
        return self if self.time_limit is None else replace(self, time_limit=self.time_limit + seconds)


@dataclass(frozen=True)
class Clock:
    """Limits with the moment at which time is up. Call it now and then.

    Raises:
        Cancelled: on request.
        OutOfTime: after the time limit.
    """

    limits: Limits
    end: float

    def __call__(self) -> None:
        if self.limits.cancelled is not None and self.limits.cancelled():
            raise Cancelled("Stopped on request.")
        if time.monotonic() > self.end:
            raise OutOfTime

    def rest(self, pins: Pins | None = None) -> Limits:
        """What is left for one solve within longer work, with pins of its own."""
        self()
        left = None if self.end == math.inf else max(self.end - time.monotonic(), 1e-3)
        return Limits(pins, left, self.limits.cancelled, self.limits.most)


NO_LIMITS = Limits()


class Solver(Protocol):
    """A plan within the budget, in the problem's latency unit; the plan says what is proven of it.

    Raises:
        Infeasible: nothing meets the budget, or nothing that this solver can reach; `.smallest` says what
            does.
        Cancelled: `limits.cancelled()` became true.
        MdpError: pins that the problem does not have, or no plan within the time limit.
    """

    def __call__(self, problem: Problem, budget: float, limits: Limits = NO_LIMITS) -> Plan: ...


def checked_budget(budget: float) -> float:
    """A budget as a float. Raises MdpError for what is no finite number."""
    try:
        found = float(budget)
    except (TypeError, ValueError):
        found = math.nan
    if not math.isfinite(found):
        raise MdpError(f"A budget must be a finite number, not {budget}.")
    return found


def checked_time_limit(seconds: float | None) -> float | None:
    """A time limit; None is the solver's own, infinity is none. Raises MdpError for what is no time."""
    if seconds is None or seconds == math.inf:
        return seconds
    if not seconds > 0:  # NaN too
        raise MdpError(
            f"A time limit of {seconds:g} s gives no time to solve in. Give seconds above 0, or none."
        )
    return float(seconds)
