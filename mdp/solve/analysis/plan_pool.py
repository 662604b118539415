"""Many different plans of nearly one latency: what the importance is tested on, by measuring their networks.

Importance that follows accuracy must rank plans of *equal latency* right; between budgets almost any does.
"""

import dataclasses
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from ...core.errors import Infeasible, MdpError
from ...core.plan import Plan, make_plan
from ...core.problem import Problem, Term
from ..solvers import solve

# A plan belongs to a band if it takes at most this share of dense less than the band's budget.
BAND = 0.03
# How far one kind's importance is weighed up or down, so that plans trade kinds in other proportions.
WEIGHT = 8.0
BLOCKS = "block"


def plans_in_band(
    problem: Problem, budget: float, count: int, solvers: Collection[str], seed: int = 1
) -> list[Plan]:
    """Distinct plans whose latency lies within 3 points of dense below the budget; the optimal one first.

    After the optimum and what each of `solvers` (names) finds come optima of the same problem with the
    importance of every kind of dim, and of the blocks, weighed by a random factor from 1/8 to 8, and every
    term by one from 1/2 to 2: plans that somebody whose scores stood in other proportions would call optimal.
    Each is priced on the true tables and importance.

    Raises:
        Infeasible: nothing meets the budget.
    """
    random = np.random.default_rng(seed)
    lowest = budget - BAND * problem.dense_latency
    found: dict[tuple, Plan] = {}

    def add(plan: Plan, name: str) -> None:
        priced = make_plan(
            problem,
            budget,
            plan.choices,
            plan.removed_blocks,
            solver=name,
            seconds=plan.seconds,
            bound=plan.bound if name == "exact" else None,
            optimal=plan.optimal and name == "exact",
            note=plan.note,
        )
        if lowest <= priced.latency:
            found.setdefault((tuple(sorted(priced.choices.items(), key=str)), priced.removed_blocks), priced)

    add(solve(problem, budget), "exact")
    for name in solvers:
        try:
            add(solve(problem, budget, name), name)
        except (Infeasible, MdpError):
            continue  # this method finds nothing here
    kinds = sorted({kind_of(problem, term) for term in problem.importance})
    for _ in range(20 * count):
        if len(found) >= count:
            break
        of_kind = {kind: WEIGHT ** random.uniform(-1, 1) for kind in kinds}
        of_term = 2.0 ** random.uniform(-1, 1, len(problem.importance))
        add(solve(reweighted(problem, of_kind, of_term), budget), "other rates")
    return list(found.values())


def kind_of(problem: Problem, term: Term) -> str:
    """The kind of an importance term: that of its dim, or "block" where it belongs to no dim."""
    return problem.dim[term.dims[0]].kind if term.dims else BLOCKS


def reweighted(problem: Problem, of_kind: Mapping[str, float], of_term: Sequence[float]) -> Problem:
    """The problem with each importance term times the weight of its kind and its own."""
    importance = tuple(
        dataclasses.replace(term, values=term.values * of_kind.get(kind_of(problem, term), 1.0) * own)
        for term, own in zip(problem.importance, of_term, strict=True)
    )
    return dataclasses.replace(problem, importance=importance)


def plan_of_one_kind(problem: Problem, kind: str, lost: float) -> Plan | None:
    """A plan that takes the share `lost` of importance from dims of one kind, or from blocks, alone.

    Dims of the kind all shrink together, by the same ratio of their options; blocks go, the least important
    first. It takes as much as the kind has to give where that is less; None where that is nothing.
    """
    dense = problem.dense_importance
    last = None
    for choices, removed in _blocks(problem) if kind == BLOCKS else _widths(problem, kind):
        _, importance = problem.evaluate(choices, removed)
        if importance < dense:
            last = choices, removed
        if importance <= (1 - lost) * dense:
            break
    return last and make_plan(problem, None, *last, solver=f"{kind} alone", seconds=0.0)


def _widths(problem: Problem, kind: str):
    dims = [d for d in problem.dims if d.kind == kind and len(d.options) > 1]
    for ratio in np.linspace(1, 0, 65):
        yield {**problem.dense_choices, **{d.name: _nearest(d.options, ratio) for d in dims}}, ()


def _nearest(options: Sequence[int], ratio: float) -> int:
    return options[round(ratio * (len(options) - 1))]


def _blocks(problem: Problem):
    dense = problem.dense_choices
    removable = [b.name for b in problem.blocks if b.removable]
    worth = {name: problem.evaluate(dense, (name,))[1] for name in removable}
    order = sorted(removable, key=lambda name: -worth[name])
    for count in range(1, len(order) + 1):
        yield dense, tuple(order[:count])
