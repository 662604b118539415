"""A question with exactly one right answer, and what is said to each answer. Pure: no widgets.

Right answers are computed from the study in view. `judge` says what an answer is worth.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

# What a check is worth in a class, at the first try and at a later one.
FIRST, LATER = 10, 5


@dataclass(frozen=True)
class Option:
    """One answer to choose; `words` are said when it was chosen."""

    value: str
    text: str
    words: str = ""


@dataclass(frozen=True)
class Quiz:
    """One question.

    Attributes:
        key: its name in the browser's memory and in a class.
        kind: "prediction", "check" or "contest".
        options: two or more to choose from; () asks for a number.
        right: the value of the right option, or the number as text.
        because: what is right, and why; said with every answer to a prediction, and with a right one else.
        unit: of the number asked for.
        near: how far a number may be off.
        hints: said to a number that is too low, and too high.
    """

    key: str
    kind: str
    prompt: str
    options: tuple[Option, ...]
    right: str
    because: str
    unit: str = ""
    near: float = 0.0
    hints: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Verdict:
    """What an answer is: `state` is "right", "wrong", "told" (a prediction) or "unclear"."""

    state: str
    words: str


def judge(quiz: Quiz, value: str | None) -> Verdict:
    """What to say to an answer; None skips the question.

    >>> quiz = Quiz("k", "check", "Two and two?", (), "4", "It is four.", hints=("More.", "Less."))
    >>> judge(quiz, "5")
    Verdict(state='wrong', words='Less.')
    """
    if value is None:
        return Verdict("told", quiz.because)
    right = _is_right(quiz, value)
    if right is None:
        return Verdict("unclear", "Type a number." if not quiz.options else "Choose one of the answers.")
    if quiz.kind == "prediction":
        start = "You were right. " if right else "Not what you expected. "
        return Verdict("told", start + quiz.because)
    if right:
        return Verdict("right", f"Right. {quiz.because}")
    return Verdict("wrong", _wrong(quiz, value))


def _is_right(quiz: Quiz, value: str) -> bool | None:
    """Whether an answer is right; None where it is no answer at all."""
    if quiz.options:
        return value == quiz.right if value in {o.value for o in quiz.options} else None
    number = _number(value)
    return None if number is None else abs(number - float(quiz.right)) <= quiz.near


def _wrong(quiz: Quiz, value: str) -> str:
    if quiz.options:
        words = next(o.words for o in quiz.options if o.value == value)
        return words or "Not that one. Look at the figure again, and try another."
    number = _number(value)
    low, high = quiz.hints
    words = low if number is not None and number < float(quiz.right) else high
    return words or "Not that number. Look at the figure again."


def _number(text: str) -> float | None:
    try:
        value = float(text.replace(",", ".").removesuffix("%").strip())
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def ranges(edges: Sequence[float], value: float, unit: str = " %") -> tuple[tuple[Option, ...], str]:
    """Options "under a", "a to b", …, "b or more" that cover everything, and which of them holds `value`."""
    texts = [f"under {edges[0]:g}{unit}"]
    texts += [f"{a:g} to {b:g}{unit}" for a, b in pairwise(edges)]
    texts.append(f"{edges[-1]:g}{unit} or more")
    options = tuple(Option(str(i), text) for i, text in enumerate(texts))
    return options, str(sum(value >= edge for edge in edges))


def asked(quiz: Quiz) -> dict[str, Any]:
    """A question as a page or a phone gets it: without the answer."""
    options = [[o.value, o.text] for o in quiz.options]
    return {"key": quiz.key, "kind": quiz.kind, "prompt": quiz.prompt, "options": options, "unit": quiz.unit}
