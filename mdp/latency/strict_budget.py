"""The hard constraint on real hardware: solve, extract, measure; if the budget breaks, measure anew, repeat.

Each round the entries that the plan uses are visited again and put into the problem; what the tables still
miss of this network is taken off the target. It ends when the *measured* latency meets the budget.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import Infeasible
from ..plan import Plan, within
from ..problem import Problem, Term
from ..progress import Reporter
from ..study import Study
from .grid import survey
from .measure import Run
from .store import Store, device_lock
from .timer import Timer, timer_for
from .verification import deployment_of, network

if TYPE_CHECKING:
    from ..families.found import Found


@dataclass(frozen=True)
class Step:
    """One round: the plan for `target`, what the tables predicted, and what the whole network took (ms)."""

    target: float
    plan: Plan
    predicted: float
    measured: float
    remeasured: int

    @property
    def sentence(self) -> str:
        return (
            f"Asked for {self.target:.4g} ms: predicted {self.predicted:.4g} ms, measured "
            f"{self.measured:.4g} ms; {self.remeasured} entries were measured anew."
        )


@dataclass(frozen=True)
class Strict:
    """A plan whose measured latency meets the budget, the study with entries measured anew, and the story."""

    plan: Plan
    study: Study
    budget: float
    measured: float
    steps: tuple[Step, ...]


def strict(
    study: Study,
    found: "Found",
    budget: float,
    *,
    solve: Callable[[Problem, float], Plan] | None = None,
    most: int = 8,
    report: Reporter | None = None,
    store: Store | None = None,
    timer: Timer | None = None,
) -> Strict:
    """Solve until the extracted network's measured latency is within `budget` ms.

    Args:
        solve: default `mdp.solve.solve`, exact.
        most: give up after so many rounds.

    Raises:
        Infeasible: no plan is left, or none met the budget within `most` rounds.
        MdpError, Cancelled: as for `verify`.
    """
    if solve is None:
        from ..solve import solve
    report = report or Reporter()
    where = timer.deployment if timer else deployment_of(study)
    own = Store() if store is None else None
    try:
        with device_lock(where.device, report.message, report.check):
            return _rounds(study, found, budget, solve, most, report, store or own, timer or timer_for(where))
    finally:
        if own:
            own.close()


def _rounds(study, found, budget, solve, most, report, store, timer) -> Strict:
    options = {dim.name: dim.options for dim in study.problem.dims}
    surfaces, workloads = survey(found.pieces, options)
    target, steps = budget, []
    for n in range(most):
        report.step(n, most, f"solving for {target:.4g} ms")
        plan = solve(study.problem, target)
        whole = network(study, found, plan.choices, plan.removed_blocks)
        run = Run(timer, store, {whole.key: whole}, report, 30.0, visit_ms=400.0)
        for _ in range(run.visits):
            run.measure([whole.key], "measuring the extracted network")
        measured = run.known[whole.key].ms
        if within(measured, budget):
            steps.append(Step(target, plan, plan.latency, measured, 0))
            report.message(steps[-1].sentence)
            return Strict(plan, study, budget, measured, tuple(steps))
        used = used_keys(found, study.problem, plan)
        again = Run(timer, store, {key: workloads[key] for key in used}, report, 30.0)
        for _ in range(again.visits):
            again.measure(used, "measuring the entries that it uses")
        fresh = {key: entry.ms for key, entry in again.known.items() if not entry.failure}
        problem = with_entries(study.problem, surfaces, fresh)
        study = dataclasses.replace(
            study, problem=problem, tables=dataclasses.replace(study.tables, terms=problem.latency)
        )
        steps.append(Step(target, plan, plan.latency, measured, len(fresh)))
        report.message(steps[-1].sentence)
        # What the corrected tables still miss of this network, the next one is expected to miss too. A target
        # that did not shrink by itself shrinks by a little, so that the rounds end.
        corrected = problem.evaluate(plan.choices, plan.removed_blocks)[0]
        target = min(budget * corrected / measured, target * 0.995)
    raise Infeasible(
        f"In {most} rounds no plan's measured latency met {budget:.4g} ms; the last took {measured:.4g} ms. "
        "The machine may be busy: try again, or allow a little more."
    )


def used_keys(found: "Found", problem: Problem, plan: Plan) -> list[str]:
    """The workloads that a plan's network is made of, each once."""
    keys = {}
    for piece in found.pieces:
        if piece.block not in plan.removed_blocks:
            keys[piece.at(*(plan.choices[dim] for dim in piece.dims)).key] = None
    return list(keys)


def with_entries(problem: Problem, surfaces: Sequence, fresh: Mapping[str, float]) -> Problem:
    """The problem with some workloads' times replaced, in every term and entry that they price."""
    by_name = {name: surface for surface in surfaces for name in surface.pieces}

    def flipped(term: Term) -> bool:
        return all(problem.dim[dim].kind == "channels" for dim in term.dims)

    def corrected(term: Term) -> Term:
        surface = by_name.get(term.name)
        changed = {n: fresh[key] for n, key in enumerate(surface.keys) if key in fresh} if surface else {}
        if not changed:
            return term
        # Terms of convolutions are output x input, their surfaces input x output (see profiling).
        index = surface.index.T if flipped(term) else surface.index
        values = np.array(term.values)
        for n, ms in changed.items():
            values[index == n] = ms
        return dataclasses.replace(term, values=values)

    return dataclasses.replace(problem, latency=tuple(corrected(term) for term in problem.latency))
