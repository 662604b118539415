"""The front from coarse to fine: a few exact points at once, the rest between two messages of the page."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from IPython import get_ipython

from mdp.core.errors import MdpError
from mdp.core.plan import Plan
from mdp.core.problem import Problem
from mdp.solve import Front, FrontPoint, solve
from mdp.solve.analysis.front import settled, supported, without_repeats

STRIDES = (8, 4, 2, 1)
# Work this long, then let the page speak: shorter than anybody notices.
SLICE = 0.03
# Seconds for a point: at first, and for those that this leaves unproven. The page waits for each.
FIRST, AGAIN = 0.25, 2.0
# All points together: they may be many that only the MILP solves.
PATIENCE = 20.0


def rounds(low: float, high: float, count: int) -> list[list[float]]:
    """`count` evenly spaced budgets in rounds, each halving the gaps; together each budget once."""
    grid = np.linspace(low, max(low, high), count).tolist()
    seen: set[int] = set()
    found = []
    for stride in STRIDES:
        fresh = [i for i in {*range(0, count, stride), count - 1} if i not in seen]
        seen.update(fresh)
        found.append([grid[i] for i in sorted(fresh)])
    return found


def growing_front(
    problem: Problem,
    low: float,
    count: int,
    most: Mapping[str, float] | None = None,
    high: float | None = None,
) -> Iterator[Front | None]:
    """Yields a finer Front after each round and None after each point on the way; the last has the hull.

    Budgets go from `low` to `high`, which is dense without it. A point takes little time at first, and what
    is left unproven is looked at again. Under limits a plan that settles several budgets is one point.
    """
    high = problem.dense_latency if high is None else high
    points: dict[float, FrontPoint] = {}
    start = time.monotonic()

    def so_far() -> tuple[FrontPoint, ...]:
        found = [points[b] for b in sorted(points)]
        return tuple(without_repeats(found) if most else found)

    def solved(budget: float, seconds: float) -> None:
        plan = settled(points, budget) if most else None
        try:
            plan = plan or solve(problem, budget, most=most, time_limit=seconds)
            points[budget] = FrontPoint(budget, _better(plan, points.get(budget)))
        except MdpError:
            pass  # nothing fits, or nothing was found in time: a point less

    for budgets in rounds(low, high, count):
        for budget in budgets:
            solved(budget, FIRST)
            yield None
            if time.monotonic() - start > PATIENCE:
                yield Front(so_far(), ())
                return
        yield Front(so_far(), ())
    for budget in [b for b in sorted(points) if not points[b].plan.optimal]:
        if time.monotonic() - start > PATIENCE:
            break
        solved(budget, AGAIN)
        yield None
    yield Front(so_far(), () if most else supported(problem))


def _better(plan: Plan, known: FrontPoint | None) -> Plan:
    """The more important of two plans for one budget."""
    if known is None or plan.optimal or plan.importance >= known.plan.importance:
        return plan
    return known.plan


def kernel_loop() -> asyncio.AbstractEventLoop | None:
    """The event loop of the kernel that we run in, None in a plain script."""
    if getattr(get_ipython(), "kernel", None) is None:
        return None
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def grow(
    problem: Problem,
    low: float,
    count: int,
    tell: Callable[[Front], None],
    loop: asyncio.AbstractEventLoop | None,
    most: Mapping[str, float] | None = None,
    high: float | None = None,
) -> asyncio.Task | None:
    """Tell the coarse front now, finer ones from `loop` as they are ready; without a loop, all of them now.

    Returns the task that goes on, for whoever wants to cancel or await it.
    """
    steps = growing_front(problem, low, count, most, high)
    for front in steps:
        if front is not None:
            tell(front)
            if loop is not None:
                break
    return None if loop is None else loop.create_task(_go_on(steps, tell))


async def _go_on(steps: Iterator[Front | None], tell: Callable[[Front], None]) -> None:
    since = time.monotonic()
    for front in steps:
        if front is not None:
            tell(front)
        if time.monotonic() - since > SLICE:
            await asyncio.sleep(SLICE / 3)
            since = time.monotonic()
