"""The solver's plan under a latency budget and, if wanted, a limit on parameters.

A limit on parameters is priced: every parameter costs some importance, the exact solver solves that problem,
and the price is raised until the limit is met (Lagrange). The plan found is feasible; the bound holds for
every plan within both. When `solve` takes several limits by itself, this file is the one to change.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np

from mdp.core.plan import Plan, make_plan
from mdp.core.problem import Problem
from mdp.core.study import StudyRecord
from mdp.core.terms import Term
from mdp.solve import solve

# Doublings of the price until the limit is met, and halvings of the interval after that.
RAISES, HALVINGS = 7, 7


@dataclass(frozen=True)
class Answer:
    """What the solver says.

    Attributes:
        plan: of the study's problem.
        bound: no plan within the limits keeps more importance.
        parameters: of the plan, as a share of dense; None where they are not limited.
        proven: whether the plan is the best.
    """

    plan: Plan
    bound: float
    parameters: float | None
    proven: bool


def answer_within(study: StudyRecord, budget: float, parameters: float | None) -> Answer:
    """The plan within a latency budget and a share of dense's parameters.

    Raises:
        Infeasible: nothing meets the latency budget.
    """
    problem = study.problem
    plan = solve(problem, budget)
    bound = plan.importance if plan.bound is None else plan.bound
    if parameters is None:
        return Answer(plan, bound, None, plan.optimal)
    used = _used(study, plan)
    if used <= parameters:
        return Answer(plan, bound, used, plan.optimal)
    return _priced(study, budget, parameters, Answer(plan, bound, used, False))


def _priced(study: StudyRecord, budget: float, limit: float, start: Answer) -> Answer:
    best, bound = start, start.bound
    low, price = 0.0, study.problem.dense_importance or 1.0
    raises = halvings = 0
    high: float | None = None
    while raises < RAISES and halvings < HALVINGS:
        found = solve(charged(study, price), budget)
        plan = make_plan(
            study.problem,
            budget,
            _full(study, found),
            found.removed_blocks,
            solver="exact",
            seconds=found.seconds,
        )
        used = _used(study, plan)
        bound = min(bound, (found.importance if found.bound is None else found.bound) + price * limit)
        if used <= limit:
            if best is start or plan.importance > best.plan.importance:
                best = Answer(plan, bound, used, False)
            high = price
        else:
            low = price
        if high is None:
            price, raises = 2 * price, raises + 1
        else:
            price, halvings = (low + high) / 2, halvings + 1
    gap = bound - best.plan.importance
    return dataclasses.replace(best, bound=bound, proven=best is not start and gap <= 1e-9 * abs(bound))


def charged(study: StudyRecord, price: float) -> Problem:
    """The problem in which all parameters of the dense network together cost `price` of importance."""
    problem, whole = study.problem, study.count("parameters")
    sums: dict[tuple[str | None, tuple[str, ...]], np.ndarray] = {}
    for product in study.counts["parameters"]:
        dims = tuple(dict.fromkeys(product.dims))
        values = np.asarray(product.factor, dtype=float)
        for i, dim in enumerate(dims):
            widths = np.asarray(problem.dim[dim].options, dtype=float) ** product.dims.count(dim)
            shape = [1] * len(dims)
            shape[i] = len(widths)
            values = values * widths.reshape(shape)
        key = (product.block, dims)
        sums[key] = sums.get(key, 0.0) + values
    costs = tuple(
        Term(f"parameters {i}", block, dims, -price / whole * np.asarray(values))
        for i, ((block, dims), values) in enumerate(sums.items())
    )
    return dataclasses.replace(problem, importance=(*problem.importance, *costs))


def _full(study: StudyRecord, plan: Plan) -> dict[str, int]:
    """Widths of every dim: those that no kept block uses stand at their smallest."""
    return {d.name: plan.choices.get(d.name) or d.options[0] for d in study.problem.dims}


def _used(study: StudyRecord, plan: Plan) -> float:
    return study.count("parameters", _full(study, plan), plan.removed_blocks) / study.count("parameters")
