"""Many different plans, all nearly as good as the best by importance: a pool to choose from by measurement.

Accuracy does not follow importance to the last per cent. Plans that differ little in importance and much in
what they keep are therefore worth measuring, each of them.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from ...core.errors import MdpError, Unsupported
from ...core.pins import Pins, allowed_options, pins_text
from ...core.plan import Plan, make_plan
from ...core.problem import Problem
from ..exact import solver as exact
from ..exact.elimination import Restriction
from ..exact.point_pool import TooMany
from ..limited import solver as limited
from ..protocol import Limits, OutOfTime, checked_budget, checked_time_limit
from .apart import is_near, is_shared
from .best_apart import BestApart
from .tilted import tilted


@dataclass(frozen=True)
class Candidates:
    """Different plans within one budget, best first.

    The frame of a plan is the blocks that it removes and the widths that several blocks share. Two frames
    differ if one removes a block that the other keeps, or if a shared width stands apart by a quarter of its
    options, and by 2 at least.

    Attributes:
        plans: each with the optimum's importance, or the best bound known, as its `bound`.
        gaps: of each plan, the share of that bound that its importance is below it, at most.
        gap: what was asked for: no plan is further below the best.
        covered: every choice less than this share below the bound has a frame like that of one of the plans,
            proven. 0 where nothing is.
        complete: the same of every choice within the whole gap.
        note: how complete the list is, in words.
    """

    plans: tuple[Plan, ...]
    gaps: tuple[float, ...]
    gap: float
    covered: float
    complete: bool
    note: str

    def __repr__(self) -> str:
        return f"Candidates({len(self.plans)} plans; {self.note})"


def candidates(
    problem: Problem,
    budget: float,
    count: int = 16,
    gap: float = 0.02,
    *,
    pins: Pins | None = None,
    time_limit: float | None = None,
    cancelled: Callable[[], bool] | None = None,
    most: Mapping[str, float] | None = None,
) -> Candidates:
    """Up to `count` different plans within a budget whose importance is at most a share `gap` below the best.

    The optimum comes first. Plans that are optimal once the importance of one kind of dim, or of whole
    blocks, counts 30 % more or less take up to half of the places: they trade kinds for one another, where
    scores are least sure. Then come the best plans of other frames, found by branching on decisions, each
    branch solved exactly. Where no other frame is left within the gap, plans follow that differ from the rest
    in a width within some block.

    Args:
        budget: in the problem's latency unit.
        count: the most plans to list, 1 or more.
        gap: a share of the optimum's importance, 0 or more.
        pins: decisions taken by hand, the same in every plan.
        time_limit: in seconds, 60 by default, infinity for none; what was found by then is listed, and `note`
            says so.
        cancelled: asked now and then.
        most: limits of other resources, which every plan meets.

    Raises:
        Infeasible: nothing meets the budget.
        MdpError: a count, gap, budget, time limit or pins that cannot be.
        Cancelled: `cancelled()` became true.

    >>> import mdp
    >>> problem = mdp.load_study("fmnist-resnet-cpu").problem
    >>> found = mdp.candidates(problem, 0.5 * problem.dense_latency, count=4)
    >>> len(found.plans), found.plans[0].is_optimal, max(found.gaps) <= 0.02
    (4, True, True)
    """
    budget, count, gap = checked_budget(budget), _count(count), _gap(gap)
    limits = Limits(pins, checked_time_limit(time_limit), cancelled, most or {}).or_default()
    only = Restriction(allowed_options(problem, pins), pins.blocks if pins else {})
    clock = limits.clock()
    best = solve(problem, budget, limits)
    bound = best.bound if best.bound is not None else math.inf
    least = best.importance - gap * abs(best.importance)
    frame = tuple(d for d in problem.dims if is_shared(problem, d.name))
    taken, reason = [best], ""
    frames = BestApart(problem, budget, only, taken, frame, least, clock)
    try:
        for other, word in tilted(problem, budget, pins, clock):
            if len(taken) >= (count + 1) // 2:
                break
            plan = _as_candidate(problem, budget, other, bound, word, limits.most)
            if plan.importance >= least and not any(is_near(plan, t, problem.dims) for t in taken):
                taken.append(plan)
        for branches, word in (
            (frames, "the best with another frame"),
            (
                BestApart(problem, budget, only, taken, problem.dims, least, clock),
                "the best with other widths",
            ),
        ):
            while len(taken) < count and (plan := branches.next()) is not None:
                taken.append(_as_candidate(problem, budget, plan, bound, word, limits.most))
    except OutOfTime:
        reason = f"stopped after {limits.time_limit:g} s" if limits.time_limit else "not proven"
    except (TooMany, Unsupported):
        reason = "too large to branch on"
    held = pins_text(pins) if pins else ""
    plans = tuple(replace(p, pins=held) for p in sorted(taken, key=lambda p: -p.importance))[:count]
    gaps = tuple(_gap_to(bound, p.importance) for p in plans)
    complete = best.optimal and frames.bound < least
    covered = gap if complete else min(gap, _gap_to(bound, frames.bound)) if best.optimal else 0.0
    return Candidates(plans, gaps, gap, covered, complete, _note(len(plans), covered, complete, reason))


def solve(problem: Problem, budget: float, limits: Limits) -> Plan:
    """The optimum, under limits of other resources where there are some."""
    return limited.solve(problem, budget, limits) if limits.most else exact.solve(problem, budget, limits)


def _as_candidate(
    problem: Problem, budget: float, plan: Plan, bound: float, note: str, most: Mapping[str, float]
) -> Plan:
    """A plan found for one restriction, or one tilted importance, as a plan of the problem itself."""
    return make_plan(
        problem,
        budget,
        plan.choices,
        plan.removed_blocks,
        solver="exact",
        seconds=plan.seconds,
        bound=bound if math.isfinite(bound) else None,
        note=note,
        most=most,
    )


def _gap_to(bound: float, importance: float) -> float:
    """How far an importance is below a bound, as a share of that; 0 where it is not, or both are 0."""
    below = bound - importance
    if not below > 0:
        return 0.0
    return below / abs(bound) if bound and math.isfinite(bound) else math.inf


def _note(count: int, covered: float, complete: bool, reason: str) -> str:
    found = (
        ("the best one" if count == 1 else f"the best {count}")
        + " found"
        + (f" ({reason})" if reason else "")
    )
    if not complete and not covered:
        return found
    where = f"within {100 * covered:.3g} %" if complete else f"less than {100 * covered:.3g} % below the best"
    return f"{found}; every plan {where} has the frame of one of them, proven"


def _count(count: int) -> int:
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise MdpError(f"The number of candidates must be a whole number of at least 1, not {count!r}.")
    return count


def _gap(gap: float) -> float:
    if not 0 <= gap < math.inf:
        raise MdpError(f"The gap must be a share of the best importance, such as 0.02, not {gap!r}.")
    return float(gap)
