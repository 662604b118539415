"""What was measured on whole networks of a study: random sub-networks, and fine-tuned ones with accuracy."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .errors import MdpError
from .plan import Plan, plan_from_json
from .saved_networks import networks_of_study, number
from .study import StudyRecord


@dataclass(frozen=True)
class Measured:
    """One whole network. Latencies in the study's unit, importance as a share of dense; `accuracy` (share of
    test images) and `plan` only where it was fine-tuned; `measured` is None where it was not timed."""

    name: str
    predicted: float
    measured: float | None
    importance: float
    removed: tuple[str, ...]
    choices: Mapping[str, int | None] = field(default_factory=dict)
    accuracy: float | None = None
    plan: Plan | None = None

    @property
    def latency(self) -> float:
        """As measured, where it was; else as predicted."""
        return self.measured or self.predicted


@dataclass(frozen=True)
class Timed:
    """One whole network that was timed on the device of the tables, in ms, and `by` what."""

    predicted: float
    measured: float
    choices: tuple[tuple[str, int | None], ...]
    removed: tuple[str, ...]
    by: str

    def is_of(self, plan: Plan) -> bool:
        return (dict(self.choices), self.removed) == (dict(plan.choices), plan.removed_blocks)


def timed(study: StudyRecord) -> tuple[Timed, ...]:
    """Networks of a study's plans that fine-tuning or a kept budget measured, beside `mdp verify`."""
    if study.problem.latency_unit != "ms":
        return ()
    p, found = study.tables.provenance, []
    story = p.get("strict")
    if isinstance(story, Mapping):
        try:
            plan = plan_from_json(story["plan"])
            found.append(_timed(plan, float(story["measured"]), "keeping a budget"))
        except (MdpError, ArithmeticError, LookupError, TypeError, ValueError):
            pass  # a story that cannot be read tells nothing
    here = f"{p['device']}, batch {p['batch']}, {p['dtype']}"
    for one in networks_of_study(study.problem.fingerprint):
        measured = number(one.finetuned, "latency_measured")
        if measured and one.finetuned.get("device") == here:
            found.append(_timed(one.plan, measured, "fine-tuning"))
    return tuple(one for one in found if one.measured > 0 and one.predicted > 0)


def _timed(plan: Plan, measured: float, by: str) -> Timed:
    return Timed(plan.latency, measured, tuple(plan.choices.items()), plan.removed_blocks, by)


def verified(study: StudyRecord) -> tuple[Measured, ...]:
    """The random sub-networks that `mdp verify` measured; none where it did not run."""
    problem, found = study.problem, []
    points = (study.verification or {}).get("points")
    for i, point in enumerate(points if isinstance(points, list | tuple) else ()):
        try:
            removed = tuple(point["removed"])
            _, importance = problem.evaluate(dict(point["choices"]), removed)
            times = float(point["predicted"]), float(point["measured"])
        except (MdpError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            continue  # it was measured for other tables, or is damaged
        if min(times) <= 0:
            continue
        share = importance / (problem.dense_importance or 1.0)
        found.append(Measured(f"random sub-network {i + 1}", *times, share, removed, point["choices"]))
    return tuple(found)


def finetuned(study: StudyRecord) -> tuple[Measured, ...]:
    """The fine-tuned networks at hand that were pruned with this study, by their predicted latency."""
    found = [
        Measured(
            one.name,
            one.plan.latency,
            number(one.finetuned, "latency_measured"),
            one.plan.importance / (study.problem.dense_importance or 1.0),
            one.plan.removed_blocks,
            one.plan.choices,
            one.accuracy,
            one.plan,
        )
        for one in networks_of_study(study.problem.fingerprint)
        if one.accuracy is not None
    ]
    return tuple(sorted(found, key=lambda m: m.predicted))
