"""Iterated pruning: step by step down to the budget, with scores taken anew in between."""

from collections.abc import Callable, Mapping

import numpy as np

from ...core.errors import MdpError
from ...core.pins import Pins
from ...core.plan import Plan, infeasible, within
from ...core.problem import Problem
from ...core.progress import Reporter
from ..exact import solver as exact
from ..limited import solver as limited
from ..protocol import Limits, Solver


def budgets(start: float, target: float, steps: int, kind: str = "geometric") -> np.ndarray:
    """Falling budgets from below `start` to exactly `target`, shape (steps,). One step is one shot.

    Raises:
        MdpError: no steps, an unknown kind, or a geometric schedule through zero.
    """
    if steps < 1:
        raise MdpError("A pruning schedule needs at least one step.")
    if kind == "linear":
        line = np.linspace(start, target, steps + 1)[1:]
    elif kind == "geometric":
        if start <= 0 or target <= 0:
            raise MdpError("A geometric schedule needs a positive start and target; use a linear one.")
        line = np.geomspace(start, target, steps + 1)[1:]
    else:
        raise MdpError(f"A schedule is geometric or linear, not {kind!r}.")
    line[-1] = target
    return line


def iterate(
    problem: Problem,
    target: float,
    rescore: Callable[[Plan], Problem],
    *,
    steps: int = 5,
    kind: str = "geometric",
    solver: Solver = exact.solve,
    report: Reporter | None = None,
    most: Mapping[str, float] | None = None,
) -> list[Plan]:
    """Prune in steps, as the method's CNN baseline does: the plan of every step, the last for `target`.

    After each step but the last, `rescore(plan)` returns a Problem with the same dims and blocks whose
    importance was taken anew on the network of that plan. Nothing comes back: a dim never grows again, and a
    removed block stays removed.

    Args:
        most: limits of other resources at the last step; they fall on the way there as the budget does.

    Raises:
        Infeasible: a budget that nothing left meets.
        MdpError: `rescore` returned a problem with other dims or blocks.
        Cancelled: the reporter was cancelled.
    """
    report = report or Reporter()
    plans: list[Plan] = []
    pins = Pins()
    path = budgets(max(problem.dense_latency, target), target, steps, kind)
    falling = {
        name: budgets(max(problem.dense_use(name), limit), limit, steps, kind)
        for name, limit in (most or {}).items()
    }
    # Said at once, of the budget that was asked for: not at a step on the way, after an hour of scoring.
    smallest = exact.fastest(problem).latency
    if not within(smallest, target):
        raise infeasible(problem, target, smallest)
    best = limited.solve if most else solver
    for step, budget in enumerate(path.tolist()):
        here = {name: float(line[step]) for name, line in falling.items()}
        plans.append(best(problem, budget, Limits(pins, most=here)))
        report.step(step + 1, steps, f"pruned to {plans[-1].latency:.4g} {problem.latency_unit}")
        if step + 1 < steps:
            pins = _nothing_grows(problem, plans[-1])
            problem = _same_shape(problem, rescore(plans[-1]))
    return plans


def _nothing_grows(problem: Problem, plan: Plan) -> Pins:
    dims = {
        name: (problem.dim[name].options[0], kept) for name, kept in plan.choices.items() if kept is not None
    }
    return Pins(dims, {block: False for block in plan.removed_blocks})


def _same_shape(old: Problem, new: Problem) -> Problem:
    if new.dims != old.dims or [b.name for b in new.blocks] != [b.name for b in old.blocks]:
        raise MdpError(
            f"The problem {new.name!r} has other dims or blocks than {old.name!r} before rescoring."
        )
    return new
