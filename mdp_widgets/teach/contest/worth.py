"""What a network made by hand is worth: importance, accuracy as far as it is known, points. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mdp.core.plan import Plan
from mdp.core.plan_accuracy import Known, measured_plans
from mdp.core.study import StudyRecord
from mdp.plot import formats as fmt
from mdp.plot.accuracy_words import IN_WORDS, dense_accuracy

# Points of a network as important as the solver's.
FULL = 100


@dataclass(frozen=True)
class Guess:
    """Accuracy guessed from importance: between measured optimal plans of about that importance.

    Attributes:
        share: of images right; `end` says that it is at the lower end of what was measured: at most so much.
    """

    share: float
    end: bool = False


def guess(study: StudyRecord, importance: float) -> Guess | None:
    """A guess for a plan of some importance; None where too little was measured.

    Measured optimal plans say which accuracy goes with which importance. A plan made by hand may differ: the
    guess is marked as one wherever it is shown.
    """
    plans = [p for p in measured_plans(study) if p.method == "exact"]
    if len(plans) < 3:
        return None
    points = sorted((p.importance, p.best) for p in plans)
    dense = dense_accuracy(study)
    if dense is not None:
        points.append((max(points[-1][0], study.problem.dense_importance), dense))
    x, y = np.array([p[0] for p in points]), np.maximum.accumulate([p[1] for p in points])
    return Guess(float(np.interp(importance, x, y)), importance < x[0])


def accuracy_words(study: StudyRecord, known: Known | None, importance: float) -> str:
    """What is known of a network's accuracy: measured, a guess that says so, or what is missing."""
    if known is not None and not known.estimate:
        return (
            f"{fmt.percent(known.share)} of {known.images:,} images right, measured ({IN_WORDS[known.stage]})"
        )
    if known is not None:
        return f"about {fmt.percent(known.share)} of images right, an estimate between measured plans"
    guessed = guess(study, importance)
    if guessed is None:
        return "not measured for this study: importance decides"
    most = "at most about" if guessed.end else "about"
    return f"{most} {fmt.percent(guessed.share)} of images right, a guess from its importance (not measured)"


def points(importance: float, answer: float) -> int:
    """0 to 100: importance as a share of what the solver's plan keeps.

    >>> points(0.9, 1.0), points(-0.2, 1.0)
    (90, 0)
    """
    return FULL if answer <= 0 else round(max(0.0, min(FULL, FULL * importance / answer)))


def missing(study: StudyRecord) -> str:
    """What a study lacks for the contest, "" if nothing."""
    if len(measured_plans(study)) >= 3:
        return ""
    return (
        f"Accuracy was not measured for “{study.name}”, so importance decides here. "
        f"mdp measure '{study.name}' --budgets 15,25,40,60,80 --save measures it."
    )


def facts(
    study: StudyRecord, plan: Plan, known: Known | None, parameters: float | None
) -> Sequence[tuple[str, str]]:
    """(name, value) pairs of one network."""
    problem = study.problem
    found = [
        ("latency", fmt.ms(plan.latency, problem.latency_unit)),
        ("importance kept", fmt.percent(plan.importance / (problem.dense_importance or 1.0))),
        ("accuracy", accuracy_words(study, known, plan.importance)),
    ]
    if parameters is not None:
        found.insert(1, ("parameters", f"{fmt.percent(parameters)} of dense"))
    return found


def whole(study: StudyRecord, choices: Mapping[str, int | None]) -> dict[str, int]:
    """A width for every dim; the smallest where none is said."""
    return {d.name: choices.get(d.name) or d.options[0] for d in study.problem.dims}
