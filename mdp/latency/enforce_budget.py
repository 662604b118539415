"""The hard constraint on real hardware: solve, extract, measure; if the budget breaks, measure anew, repeat.

Each round the entries that the plan uses are visited again and put into the problem; what the tables still
miss of this network is taken off the target. It ends when the *measured* latency meets the budget, and is
close to it if that takes no more than two further rounds.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import Infeasible, MdpError
from ..core.plan import Plan, plan_to_json, within
from ..core.problem import Problem, Term
from ..core.progress import PartOf, Reporter
from ..core.study import StudyRecord
from ..core.units import refuse_other_units
from .grid import survey
from .measure import Run
from .profiling import weight_bytes
from .store import Store
from .timer import Timer, device_timer, timer_for
from .verification import anchor_of_tables, deployment_of, network, refuse_another
from .whole_networks import correction_of

if TYPE_CHECKING:
    from ..networks.prunable import PrunableNetwork
    from ..solve import Pins

# A plan this close below the budget needs no further round, nor is there more than RELAX of them.
CLOSE, RELAX = 0.97, 2
# A target that has to shrink shrinks at least by this factor.
SHRINK = 0.995


@dataclass(frozen=True)
class Round:
    """One round: the plan for `target`, what the tables predicted, and what the whole network took (ms).

    `corrected` is the prediction after the `remeasured` entries that the plan uses were measured anew.
    """

    target: float
    plan: Plan
    predicted: float
    measured: float
    corrected: float
    remeasured: int
    met: bool

    @property
    def sentence(self) -> str:
        return (
            f"Asked for {self.target:.4g} ms: predicted {self.predicted:.4g} ms, measured "
            f"{self.measured:.4g} ms, {'within' if self.met else 'over'} the budget; its {self.remeasured} "
            f"entries, measured anew, say {self.corrected:.4g} ms."
        )

    def to_json(self) -> dict[str, Any]:
        """Plain numbers and the sentence; `plan` is left to mdp.core.plan."""
        facts = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "plan"}
        return {**facts, "importance": self.plan.importance, "sentence": self.sentence}


@dataclass(frozen=True)
class EnforcedBudget:
    """A plan whose measured latency meets the budget, the study with entries measured anew, and the story.

    `study.tables.provenance["strict"]` is `to_json()`, so that the story is kept with the study.
    """

    plan: Plan
    study: StudyRecord
    budget: float
    measured: float
    steps: tuple[Round, ...]
    pins: str = ""

    def to_json(self) -> dict[str, Any]:
        """`budget`, `measured` (ms), `round` (which of the steps is the plan, from 0), `steps`, `plan`, and
        `pins`, what it was solved with (see mdp.core.pins)."""
        chosen = next(i for i, step in enumerate(self.steps) if step.plan is self.plan)
        return {
            "budget": self.budget,
            "measured": self.measured,
            "round": chosen,
            "steps": [step.to_json() for step in self.steps],
            "plan": plan_to_json(self.plan),
            "pins": self.pins,
        }


def enforce(
    study: StudyRecord,
    found: "PrunableNetwork",
    budget: float,
    *,
    pins: "Pins | None" = None,
    limits: Mapping[str, float] | None = None,
    solve: Callable[[Problem, float], Plan] | None = None,
    most: int = 8,
    report: Reporter | None = None,
    store: Store | None = None,
    timer: Timer | None = None,
) -> EnforcedBudget:
    """Solve until the extracted network's measured latency is within `budget` ms.

    Args:
        pins: what every plan has to keep to; `limits` the most of each resource beside latency.
        solve: default `mdp.solve.solve`, exact, with the pins.
        most: give up after so many rounds.

    Raises:
        Infeasible: no plan is left (with these pins), or none met the budget within `most` rounds.
        MdpError: the tables are of another device, or as for `verify`.
        Cancelled: on request.
    """
    from ..core.pins import pins_text
    from ..solve import Pins
    from ..solve import solve as exactly

    refuse_other_units(study.problem)
    solve = solve or functools.partial(exactly, pins=pins, most=limits)
    report = report or Reporter()
    where = timer.deployment if timer else deployment_of(study)
    refuse_another(study, where)
    own = Store() if store is None else None
    try:
        with device_timer(where, report, lambda: timer or timer_for(where)) as clock:
            study, steps = _rounds(study, found, budget, solve, most, report, store or own, clock)
            return _held(study, budget, steps, pins_text(pins or Pins()))
    finally:
        if own:
            own.close()


def _rounds(study, found, budget, solve, most, report, store, timer) -> tuple[StudyRecord, list[Round]]:
    """The study with entries measured anew, and the rounds, one of which at least met the budget."""
    options = {dim.name: dim.options for dim in study.problem.dims}
    surfaces, workloads = survey(found.segments, options)
    reference_ms, resident_bytes = (
        anchor_of_tables(study, timer.deployment),
        weight_bytes(found, timer.deployment),
    )
    target, steps = budget, []
    for n in range(most):
        # Nobody knows how many rounds it takes: after each, a third of what was left of the bar is behind us.
        begin, end = 1 - (2 / 3) ** n, 1 - (2 / 3) ** (n + 1)
        half = (begin + end) / 2
        report.step(begin, 1.0, f"round {n + 1}: solving for {target:.4g} ms")
        plan = solve(study.problem, target)
        whole = network(study, found, plan.choices, plan.removed_blocks)
        run = Run(timer, store, {whole.key: whole}, PartOf(report, begin, half), 30.0, visit_ms=400.0,
                  reference_ms=reference_ms)  # fmt: skip
        for _ in range(run.visits):
            run.measure([whole.key], f"round {n + 1}: measuring the extracted network")
        if run.known[whole.key].failure:
            raise MdpError(run.known[whole.key].failure)
        measured = run.known[whole.key].ms
        used = used_keys(found, study.problem, plan)
        segments = {key: workloads[key] for key in used}
        again = Run(
            timer,
            store,
            segments,
            PartOf(report, half, end),
            30.0,
            reference_ms=reference_ms,
            resident_bytes=resident_bytes,
        )
        for _ in range(again.visits):
            again.measure(used, f"round {n + 1}: measuring the entries that it uses")
        made_whole = correction_of(study.tables.provenance)
        fresh = {k: float(made_whole(e.ms)) for k, e in again.known.items() if not e.failure}
        problem = with_entries(study.problem, surfaces, fresh)
        study = dataclasses.replace(
            study, problem=problem, tables=dataclasses.replace(study.tables, terms=problem.latency)
        )
        corrected = problem.evaluate(plan.choices, plan.removed_blocks)[0]
        met = within(measured, budget)
        steps.append(Round(target, plan, plan.latency, measured, corrected, len(fresh), met))
        report.message(steps[-1].sentence)
        target = next_target(budget, steps)
        if target is None:
            return study, steps
    if any(step.met for step in steps):
        return study, steps
    best = min(step.measured for step in steps)
    raise Infeasible(
        f"In {most} rounds no plan's measured latency met {budget:.4g} ms; the best took {best:.4g} ms. "
        "The machine may be busy: try again, or allow a little more."
    )


def next_target(budget: float, steps: Sequence[Round]) -> float | None:
    """What to ask the solver for next; None: the last plan is within the budget and close enough to it.

    What the corrected tables still miss of the last network, the next one is expected to miss too. After a
    network over the budget the target shrinks by at least a little, so that the rounds end; after one well
    within it, it grows, but not to where another one was over.
    """
    last = steps[-1]
    target = budget * last.corrected / last.measured
    if not last.met:
        return min(target, last.target * SHRINK)
    target = min([target, *(step.target * SHRINK for step in steps if not step.met)])
    rounds = sum(step.met for step in steps)
    enough = last.measured >= CLOSE * budget or target <= last.target / SHRINK or rounds > RELAX
    return None if enough else target


def _held(study: StudyRecord, budget: float, steps: Sequence[Round], pins: str) -> EnforcedBudget:
    """The most important of the plans that met the budget, with the story kept in the tables' provenance."""
    chosen = max((step for step in steps if step.met), key=lambda step: step.plan.importance)
    problem = study.problem
    # The tables were corrected since: the plan is of the corrected problem, and says what that says.
    latency = problem.evaluate(chosen.plan.choices, chosen.plan.removed_blocks)[0]
    plan = dataclasses.replace(
        chosen.plan,
        fingerprint=problem.fingerprint,
        budget=max(budget, latency),
        latency=latency,
        bound=None,
        optimal=False,
        note=f"The whole network was measured: {chosen.measured:.4g} ms, within {budget:.4g} ms.",
    )
    final = [dataclasses.replace(s, plan=plan) if s is chosen else s for s in steps]
    held = EnforcedBudget(plan, study, budget, chosen.measured, tuple(final), pins)
    provenance = {**study.tables.provenance, "strict": held.to_json()}
    tables = dataclasses.replace(study.tables, provenance=provenance)
    return dataclasses.replace(held, study=dataclasses.replace(study, tables=tables))


def used_keys(found: "PrunableNetwork", problem: Problem, plan: Plan) -> list[str]:
    """The workloads that a plan's network is made of, each once."""
    keys = {}
    for segment in found.segments:
        if segment.block not in plan.removed_blocks:
            keys[segment.at(*(plan.choices[dim] for dim in segment.dims)).key] = None
    return list(keys)


def with_entries(problem: Problem, surfaces: Sequence, fresh: Mapping[str, float]) -> Problem:
    """The problem with some workloads' times replaced, in every term and entry that they price."""
    by_name = {name: surface for surface in surfaces for name in surface.segments}

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
