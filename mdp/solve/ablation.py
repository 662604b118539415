"""Ablations as switches on the same Problem: what may be pruned, and which latency model is believed."""

import dataclasses
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import Infeasible, MdpError
from ..plan import Plan, make_plan, within
from ..problem import Block, Problem, Term
from . import exact
from .kept import kept
from .pins import Pins


def without_block_removal(problem: Problem) -> Problem:
    """The same problem in which every block stays."""
    return dataclasses.replace(problem, blocks=tuple(Block(b.name, removable=False) for b in problem.blocks))


def with_linear_latency(problem: Problem) -> Problem:
    """Latency as HALP models it: per layer a function of its output width alone, its input at dense width.

    Of a table with several dims, the first is the output (as in a convolution's table, output x input); all
    others are held at their dense options. A transformer's tables start with the embedding, which is not what
    their layers prune: there the dims that only the block uses are the outputs, and each adds its own change
    from dense, the others at dense width.
    """
    return dataclasses.replace(
        problem, latency=tuple(part for term in problem.latency for part in _linear(problem, term))
    )


def _linear(problem: Problem, term: Term) -> list[Term]:
    if len(term.dims) < 2:
        return [term]
    own = [d for d in term.dims if problem.dim_blocks[d] == {term.block} and term.block is not None]
    is_conv = all(problem.dim[d].kind == "channels" for d in term.dims)
    outputs = [term.dims[0]] if is_conv or not own else own
    dense = float(term.values[(-1,) * term.values.ndim])
    parts = [Term(term.name, term.block, (), np.array(dense))]
    for name in outputs:
        line = term.values[tuple(slice(None) if d == name else -1 for d in term.dims)]
        parts.append(Term(f"{term.name}:{name}", term.block, (name,), line - dense))
    return parts


def with_few_removed(problem: Problem, budget: float, most: int, **options) -> Plan:
    """The best plan with at most `most` blocks removed, by branching on blocks: exact.

    Raises:
        Infeasible: nothing with so few removed blocks meets the budget.
        MdpError: a negative cap.
    """
    if most < 0:
        raise MdpError("The number of removed blocks cannot be capped below 0.")
    start = time.perf_counter()
    best = _branch(problem, budget, most, options)
    if best is None:
        raise Infeasible(
            f"No choice with at most {most} removed blocks meets a budget of "
            f"{budget:g} {problem.latency_unit}."
        )
    return dataclasses.replace(
        best, seconds=time.perf_counter() - start, note=f"at most {most} removed blocks"
    )


def _branch(problem: Problem, budget: float, most: int, options) -> Plan | None:
    """Best first: a node is a set of blocks held kept; a relaxed optimum that removes too many is split on
    which of its removed blocks is the first to stay."""
    import heapq

    first = _attempt(problem, budget, {}, options)
    heap = [] if first is None else [(-first.importance, 0, {}, first)]
    count = 0
    while heap:
        _, _, held, plan = heapq.heappop(heap)
        if len(plan.removed_blocks) <= most:
            return plan
        free = [b for b in plan.removed_blocks if b not in held]
        forced = dict(held)
        for name in free:
            child = _attempt(problem, budget, {**forced, name: True}, options)
            if child is not None:
                count += 1
                heapq.heappush(heap, (-child.importance, count, {**forced, name: True}, child))
            forced[name] = False
            if sum(not k for k in forced.values()) > most:
                break
    return None


def _attempt(problem: Problem, budget: float, held: dict[str, bool], options) -> Plan | None:
    try:
        return exact.solve(problem, budget, pins=Pins(blocks=held), **options)
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
        solved = exact.solve(corner.problem(problem), budget, cancelled=cancelled)
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
