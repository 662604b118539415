"""What was measured on whole networks of a study: random sub-networks, and fine-tuned ones with accuracy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mdp.errors import MdpError
from mdp.files import read_json
from mdp.paths import network_dirs
from mdp.plan import Plan, plan_from_json
from mdp.study import Study


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


def network_files() -> list[Path]:
    """The architecture file of every pruned network at hand."""
    return [path for folder in network_dirs() for path in sorted(folder.glob("*/architecture.json"))]


def finetuned(study: Study) -> tuple[Measured, ...]:
    """The fine-tuned networks at hand that were pruned with this study, by what they keep."""
    found = []
    for path in network_files():
        try:
            extra = read_json(path, "architecture").get("extra") or {}
            facts, plan = extra["finetuned"], plan_from_json(extra["plan"], f"plan in {path}")
            if plan.fingerprint != study.problem.fingerprint or facts["accuracy_tuned"] is None:
                continue
            found.append(
                Measured(
                    path.parent.name,
                    plan.latency,
                    _number(facts.get("latency_measured")),
                    plan.importance / (study.problem.dense_importance or 1.0),
                    plan.removed_blocks,
                    plan.choices,
                    _number(facts["accuracy_tuned"]),
                    plan,
                )
            )
        except (MdpError, AttributeError, KeyError, TypeError):
            continue  # not fine-tuned, or damaged: the take-away tab is the place to say so
    return tuple(sorted(found, key=lambda m: m.predicted))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
