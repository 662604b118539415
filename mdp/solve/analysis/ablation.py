"""Ablations as switches on the same Problem: what may be pruned, and which latency model is believed."""

import dataclasses
import heapq
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ...core.errors import Infeasible, MdpError
from ...core.pins import Pins
from ...core.plan import Plan, make_plan, within
from ...core.problem import Block, Problem, Term
from ..cache import kept
from ..exact import solver as exact
from ..outputs import outputs
from ..protocol import Limits


def without_block_removal(problem: Problem) -> Problem:
    """The same problem in which every block stays."""
    return dataclasses.replace(problem, blocks=tuple(Block(b.name, removable=False) for b in problem.blocks))


def with_linear_latency(problem: Problem) -> Problem:
    """Latency as HALP models it: per layer a function of its output width alone, its input at dense width.

    Of a table with several dims, each output (see mdp.solve.outputs) adds its own change from dense, all
    other dims at dense width.
    """
    return dataclasses.replace(
        problem, latency=tuple(part for term in problem.latency for part in _linear(problem, term))
    )


def _linear(problem: Problem, term: Term) -> list[Term]:
    if len(term.dims) < 2:
        return [term]
    dense = float(term.values[(-1,) * term.values.ndim])
    parts = [Term(term.name, term.block, (), np.array(dense))]
    for name in outputs(problem, term):
        line = term.values[tuple(slice(None) if d == name else -1 for d in term.dims)]
        parts.append(Term(f"{term.name}:{name}", term.block, (name,), line - dense))
    return parts


def with_few_removed(
    problem: Problem,
    budget: float,
    most: int,
    *,
    pins: Pins | None = None,
    time_limit: float | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Plan:
    """The best plan with at most `most` blocks removed, by branching on blocks: exact.

    Where the time limit passes first, the best plan found so far, its bound, and a note that says so.

    Raises:
        Infeasible: nothing with so few removed blocks meets the budget.
        MdpError: a negative cap, or the time limit passed before any plan was found.
        Cancelled: `cancelled()` became true.
    """
    if most < 0:
        raise MdpError("The number of removed blocks cannot be capped below 0.")
    start = time.perf_counter()
    end = math.inf if time_limit is None else start + time_limit
    best, bound = _branch(problem, budget, most, pins or Pins(), end, cancelled)
    unit = problem.latency_unit
    if best is None and bound is None:
        raise Infeasible(f"No choice with at most {most} removed blocks meets a budget of {budget:g} {unit}.")
    if best is None:
        raise MdpError(
            f"No plan with at most {most} removed blocks and {budget:g} {unit} was found within "
            f"{time_limit:g} s. Give it more time, or allow more removed blocks."
        )
    note = f"at most {most} removed blocks"
    if bound is not None:
        note += f"; stopped after {time_limit:g} s"
    return dataclasses.replace(
        best,
        seconds=time.perf_counter() - start,
        bound=best.importance if bound is None else max(bound, best.importance),
        optimal=bound is None,
        note=note,
    )


def _branch(
    problem: Problem, budget: float, most: int, pins: Pins, end: float, cancelled
) -> tuple[Plan | None, float | None]:
    """The best plan, and a bound on all where time ran out (None where the plan is proven).

    Best first: a node is a set of blocks held kept or removed; a relaxed optimum that removes too many is
    split on which of its removed blocks is the first to stay.
    """
    best: Plan | None = None
    heap: list = []

    def add(blocks: dict[str, bool]) -> None:
        nonlocal best
        plan = _attempt(problem, budget, pins.merged(Pins(blocks=blocks)), cancelled)
        if plan is None:
            return
        if len(plan.removed_blocks) > most:
            heapq.heappush(heap, (-plan.importance, len(heap), tuple(blocks.items()), plan))
        elif best is None or plan.importance > best.importance:
            best = plan

    add({})
    while heap and (best is None or -heap[0][0] > best.importance):
        if time.perf_counter() > end:
            return best, -heap[0][0]
        _, _, blocks, plan = heapq.heappop(heap)
        forced = dict(blocks)
        for name in [b for b in plan.removed_blocks if b not in forced and b not in pins.blocks]:
            add({**forced, name: True})
            forced[name] = False
            if sum(not kept for kept in forced.values()) > most:
                break
    return best, None


def _attempt(problem: Problem, budget: float, pins: Pins, cancelled) -> Plan | None:
    try:
        return exact.solve(problem, budget, Limits(pins, cancelled=cancelled))
    except Infeasible:
        return None


@dataclass(frozen=True)
class Corner:
    """One corner of the ablation: what may be pruned, and the latency model that the solver believes."""

    blocks: bool
    multidimensional: bool

    @property
    def name(self) -> str:
        axes = "channels and blocks" if self.blocks else "channels only"
        return f"{axes}, {'multi-dimensional' if self.multidimensional else 'linear'} latency"

    def problem(self, problem: Problem) -> Problem:
        """The problem that this corner solves, kept with the original."""

        def make() -> Problem:
            changed = problem if self.blocks else without_block_removal(problem)
            return changed if self.multidimensional else with_linear_latency(changed)

        return problem if self == CORNERS[-1] else kept(problem, f"_corner{self}", make)


CORNERS = tuple(Corner(blocks, multi) for blocks in (False, True) for multi in (False, True))


def ablation(
    problem: Problem,
    budgets: Sequence[float],
    *,
    corners: Sequence[Corner] = CORNERS,
    cancelled: Callable[[], bool] | None = None,
):
    """Every corner at every budget: a pandas DataFrame with one row per corner and budget.

    Columns: corner, blocks, multidimensional, budget, latency (on the true tables), believed_latency (on
    those that the corner solved), within_budget (by the true tables), importance, removed_blocks (how many),
    plan (a Plan of `problem`; None where the corner finds nothing, or its plan truly breaks the budget).
    Where a corner finds nothing, its numbers are NaN.

    Raises:
        Cancelled: `cancelled()` became true.
    """
    import pandas as pd

    return pd.DataFrame(
        [_row(problem, corner, float(budget), cancelled) for corner in corners for budget in budgets]
    )


def _row(problem: Problem, corner: Corner, budget: float, cancelled) -> dict:
    row = {
        "corner": corner.name,
        "blocks": corner.blocks,
        "multidimensional": corner.multidimensional,
        "budget": budget,
        "latency": math.nan,
        "believed_latency": math.nan,
        "within_budget": False,
        "importance": math.nan,
        "removed_blocks": math.nan,
        "plan": None,
    }
    try:
        solved = exact.solve(corner.problem(problem), budget, Limits(cancelled=cancelled))
    except Infeasible:
        return row
    latency, importance = problem.evaluate(solved.choices, solved.removed_blocks)
    plan = None
    if within(latency, budget):
        exactly = corner.blocks and corner.multidimensional
        plan = make_plan(
            problem,
            budget,
            solved.choices,
            solved.removed_blocks,
            solver="exact",
            seconds=solved.seconds,
            bound=solved.bound if exactly else None,
            optimal=exactly,
            note=f"ablation: {corner.name}",
        )
    return row | {
        "latency": latency,
        "believed_latency": solved.latency,
        "within_budget": plan is not None,
        "importance": importance,
        "removed_blocks": len(solved.removed_blocks),
        "plan": plan,
    }
