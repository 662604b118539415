"""What was measured on whole networks of a study: random sub-networks, and fine-tuned ones with accuracy."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mdp.errors import MdpError
from mdp.plan import Plan
from mdp.study import Study

from .networks import networks_of_study, number


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


def verified(study: Study) -> tuple[Measured, ...]:
    """The random sub-networks that `mdp verify` measured; none where it did not run."""
    problem, found = study.problem, []
    for i, point in enumerate((study.verification or {}).get("points", ())):
        try:
            removed = tuple(point["removed"])
            _, importance = problem.evaluate(point["choices"], removed)
            times = float(point["predicted"]), float(point["measured"])
        except (MdpError, KeyError, TypeError, ValueError):
            continue  # it was measured for other tables
        share = importance / (problem.dense_importance or 1.0)
        found.append(Measured(f"random sub-network {i + 1}", *times, share, removed, point["choices"]))
    return tuple(found)


def finetuned(study: Study) -> tuple[Measured, ...]:
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
