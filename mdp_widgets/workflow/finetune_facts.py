"""What a fine-tuning says: accuracy before, repaired and after, latency predicted and measured."""

from dataclasses import dataclass
from typing import Any

from mdp.core.plan import Plan
from mdp.core.saved_networks import Network, number
from mdp.core.study import StudyRecord
from mdp.jobs import JobState
from mdp.plot import formats as fmt
from mdp.plot.accuracy_words import dense_images

from ..theme import ui
from ..theme.markup import html

ACCURACIES = {"accuracy_dense", "accuracy_pruned", "accuracy_repaired", "accuracy_tuned"}
WORSE = "Training made it worse, so the repaired network is kept: more images or epochs may help."


@dataclass(frozen=True)
class FinetuneFacts:
    """Accuracies are shares of the test images, latencies in `unit`; None where not known (yet).

    `of` names the run or the network that they are of, "" where there is none; `images` is how many test
    images the accuracies are of, 0 where not known; `kept` is "repaired" where training made it worse.
    """

    of: str = ""
    dense: float | None = None
    pruned: float | None = None
    repaired: float | None = None
    tuned: float | None = None
    images: int = 0
    kept: str = ""
    epochs: float = 0
    dense_latency: float | None = None
    predicted: float | None = None
    measured: float | None = None
    measured_dense: float | None = None
    device: str = ""
    unit: str = "ms"


def finetune_facts(
    state: JobState | None, study: StudyRecord | None, plan: Plan | None, before: Network | None = None
) -> FinetuneFacts:
    """The record of a job, else of a network that was fine-tuned before; and what study and plan know."""
    said: dict[str, Any] = dict(before.finetuned) if before else {}
    of = f"Network {before.name}" if before else ""
    if state is not None:
        of = state.title
        for metric in state.metrics:
            said |= {k: v for k, v in metric.items() if v is not None}
        said |= state.result
    return FinetuneFacts(
        of=of,
        dense=number(said, "accuracy_dense") or _dense_accuracy(study),
        pruned=number(said, "accuracy_pruned"),
        repaired=number(said, "accuracy_repaired"),
        tuned=number(said, "accuracy_tuned"),
        images=int(number(said, "test_images") or 0) or _images_of_dense(said, study),
        kept=str(said.get("kept", "")),
        epochs=_epochs(state),
        dense_latency=study.problem.dense_latency if study else None,
        predicted=number(said, "latency_predicted") or (plan.latency if plan and state is None else None),
        measured=number(said, "latency_measured"),
        measured_dense=number(said, "latency_measured_dense"),
        device=str(said.get("device", "")),
    )


def facts_table(facts: FinetuneFacts) -> str:
    """The record as an HTML table."""

    def share(value: float | None) -> str:
        return "–" if value is None else fmt.percent(value)

    def time(value: float | None) -> str:
        return "–" if value is None else fmt.ms(value, facts.unit)

    accuracy = ui.table_html(
        ("accuracy", f"of {facts.images:,} test images" if facts.images else "test images right"),
        [
            ("dense", share(facts.dense)),
            ("pruned", share(facts.pruned)),
            *([("repaired", share(facts.repaired))] if facts.repaired is not None else []),
            ("fine-tuned", share(facts.tuned)),
        ],
    )
    latency = ui.table_html(
        ("latency", "predicted", "measured"),
        [
            ("dense", time(facts.dense_latency), time(facts.measured_dense)),
            ("pruned", time(facts.predicted), time(facts.measured)),
        ],
    )
    worse = WORSE if facts.kept == "repaired" else ""
    return _note(facts.of) + accuracy + _note(worse) + latency + _note(_verdict(facts))


def _verdict(facts: FinetuneFacts) -> str:
    if not facts.measured or not facts.predicted:
        return ""
    off = facts.measured / facts.predicted - 1
    sign = "slower" if off > 0 else "faster"
    words = f"The real network is {fmt.percent(abs(off))} {sign} than predicted"
    if facts.measured_dense:
        words += f", and {facts.measured_dense / facts.measured:.2f} times as fast as the dense one"
    return f"{words}."


def _note(words: str) -> str:
    return html('<p class="mdp-note">{words}</p>', words=words) if words else ""


def _epochs(state: JobState | None) -> float:
    words = list(state.arguments) if state else []
    try:
        return float(words[words.index("--epochs") + 1])
    except (ValueError, IndexError):
        return 0


def _images_of_dense(said: dict[str, Any], study: StudyRecord | None) -> int:
    """Those of the study while its accuracy of the dense network is the only one that is known."""
    return 0 if said.keys() & ACCURACIES or study is None else dense_images(study)


def _dense_accuracy(study: StudyRecord | None) -> float | None:
    return number(study.accuracy, "dense") if study and study.accuracy else None
