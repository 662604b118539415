"""What an exercise is, how its answer is read, and the studies that all of them are about."""

import math
import reprlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

import mdp
from mdp.core.errors import MdpError
from mdp.core.plan_accuracy import measured_plans

LONGEST = 400  # letters
MOST_NAMES = 10_000
NOT_YET = "Not yet: put your answer in place of the dots, and run this cell again."


class Verdict(str):
    """A sentence on an answer; `right` says whether it is right. A notebook shows it as plain text."""

    right: bool

    def __new__(cls, words: str, right: bool = False) -> "Verdict":
        made = super().__new__(cls, words)
        made.right = right
        return made


class Wrong(Exception):
    """An answer is not right; the text says what helps."""


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes:
        number: from 1; `grade` from 1 to 3.
        title: a few words.
        judge: raises Wrong or returns what is said to a right answer.
    """

    number: int
    grade: int
    title: str
    judge: Callable[[Any], str]


def checked(exercise: Exercise, answer: Any) -> Verdict:
    """The verdict on any answer whatever; nothing that an answer does comes out as an error."""
    if answer is None or answer is ...:
        return Verdict(NOT_YET)
    try:
        return Verdict(f"Right. {exercise.judge(answer)}", True)
    except Wrong as wrong:
        return Verdict(_short(str(wrong)))
    except MdpError as error:
        return Verdict(f"Not yet. {_short(str(error))}")
    except (Exception, SystemExit) as error:  # a pupil's own function may fail in any way
        return Verdict(
            f"Not yet: this answer could not be read ({type(error).__name__}). Look at the example."
        )


def _short(text: str) -> str:
    """A sentence whose names came from an answer, of a length that a page can show."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} … {text[-LONGEST // 2 :]}"


@cache
def study() -> mdp.Study:
    """The ViT that the lesson is about."""
    return mdp.load_study("fmnist-vit-cpu")


@cache
def two_studies() -> tuple[mdp.Study, mdp.Study]:
    """The ViT and the ResNet."""
    return study(), mdp.load_study("fmnist-resnet-cpu")


@cache
def measured() -> list[dict[str, Any]]:
    """The plans whose accuracy was measured, as cut and not trained: of the ViT, or of the ResNet where the
    ViT's were not. Each says its place, method, latency (ms), importance (share of dense) and accuracy."""
    of = next((s for s in two_studies() if len(measured_plans(s)) > 1), study())
    return [
        {
            "place": place,
            "method": p.method,
            "latency": p.latency,
            "importance": p.importance / of.problem.dense_importance,
            "accuracy": p.cut,
        }
        for place, p in enumerate(measured_plans(of))
    ]


def number(answer: Any, what: str = "a number") -> float:
    """A finite number. Raises Wrong."""
    if isinstance(answer, bool | str | bytes):
        raise Wrong(f"The answer is {what}, not {reprlib.repr(answer)}.")
    try:
        value = float(answer)
    except (TypeError, ValueError, OverflowError):
        raise Wrong(f"The answer is {what}.") from None
    if not math.isfinite(value):
        raise Wrong(f"The answer is {what}, and a finite one.")
    return value


def near(answer: Any, right: float, tolerance: float, *, low: str, high: str, what: str = "a number") -> None:
    """Raise Wrong, with what helps, unless the answer is within a relative tolerance."""
    value = number(answer, what)
    if abs(value - right) <= tolerance * abs(right):
        return
    for factor in (100.0, 0.01, 1000.0, 0.001):
        if abs(factor * value - right) <= tolerance * abs(right):
            raise Wrong(f"The digits are right, the unit is not: give {what}.")
    raise Wrong(low if value < right else high)


def names(answer: Any) -> set[str]:
    """A set of names, from any list of them. Raises Wrong."""
    if isinstance(answer, str):
        return {answer}
    try:
        found = set(islice(answer, MOST_NAMES))  # an endless one is wrong too
    except TypeError:
        raise Wrong("The answer is a list of names, such as ['blocks.0'].") from None
    if not all(isinstance(name, str) for name in found):
        raise Wrong("The answer is a list of names, such as ['blocks.0'].")
    return found


def network(answer: Any) -> tuple[dict[str, int | None], tuple[str, ...]]:
    """(choices, removed blocks), from such a pair or from a plan. Raises Wrong."""
    if isinstance(answer, mdp.Plan):
        return dict(answer.choices), answer.removed_blocks
    try:
        choices, removed = answer
        return dict(choices), tuple(names(removed))
    except (TypeError, ValueError):
        raise Wrong("The answer is a pair: a dict of kept units, and a list of removed blocks.") from None
