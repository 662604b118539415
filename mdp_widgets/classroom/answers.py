"""One answer as a page sends it, checked: nothing in it is trusted."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .refused import Refused

KINDS = ("prediction", "check", "contest")
# A step of the lesson; the last ones are left for pages that come later.
STEPS = range(0, 100)
LONGEST_KEY, LONGEST_STUDY = 64, 300
LARGEST = 1e100  # of a score; what it counts is the server's affair
# Characters of a value as JSON; a contest's holds a width for every dim.
LONGEST_VALUE = {"prediction": 500, "check": 500, "contest": 20_000}


@dataclass(frozen=True)
class Answer:
    """What a pupil said.

    Attributes:
        pupil: the identity that `join` gave.
        step: of the lesson, from 1.
        kind: one of `KINDS`.
        key: of the question.
        value: JSON: a text, a number, a list of them, or for a contest {"study", "choices", "removed"}.
        score: what the page claims that it is worth; None for nothing. A contest is priced by the server.
        study: the file name of the study that the question was made of; "" for the class's own.
    """

    pupil: str
    step: int
    kind: str
    key: str
    value: Any
    score: float | None = None
    study: str = ""


def read_answer(data: Any) -> Answer:
    """An answer from parsed JSON.

    >>> read_answer({"pupil": "p", "step": 1, "kind": "check", "key": "k", "value": "b"}).value
    'b'

    Raises:
        Refused: it is none; the text names what is wrong.
    """
    if not isinstance(data, Mapping):
        raise Refused("An answer is a JSON object with pupil, step, kind, key and value.")
    missing = [name for name in ("pupil", "step", "kind", "key", "value") if name not in data]
    if missing:
        raise Refused(f"The answer lacks {missing[0]!r}.")
    kind, step = data["kind"], data["step"]
    if not isinstance(kind, str) or kind not in KINDS:
        raise Refused(f"The kind of an answer is one of {', '.join(KINDS)}.")
    if type(step) is not int or step not in STEPS:
        raise Refused(f"The step of an answer is a whole number from {STEPS[0]} to {STEPS[-1]}.")
    key, study = _text(data["key"], "key", LONGEST_KEY), data.get("study")
    pupil, value = _text(data["pupil"], "pupil", 64), _value(data["value"], kind)
    of = "" if study is None or study == "" else _text(study, "study", LONGEST_STUDY)
    return Answer(pupil, step, kind, key, value, _score(data), of)


def _text(value: Any, name: str, longest: int) -> str:
    if not isinstance(value, str) or not value or len(value) > longest or not value.isprintable():
        raise Refused(f"The {name} of an answer is a text of 1 to {longest} characters.")
    return value


def _value(value: Any, kind: str) -> Any:
    try:
        text = json.dumps(value, allow_nan=False)
        text.encode("utf-8")
    except (ValueError, TypeError, RecursionError):
        raise Refused("The value of the answer holds what is no number or text.") from None
    if len(text) > LONGEST_VALUE[kind]:
        raise Refused(f"The value of the answer is longer than {LONGEST_VALUE[kind]} characters.", 413)
    if value is None or value == "" or (kind != "contest" and _nested(value)):
        raise Refused("The value of an answer is a text, a number or a list of them.")
    if _half_characters(value):
        raise Refused("The value of the answer holds what is no character.")
    return value


def _nested(value: Any) -> bool:
    parts = value if isinstance(value, list) else [value]
    return any(isinstance(part, dict | list) for part in parts)


def _half_characters(value: Any) -> bool:
    """Whether a text in it holds half of a character, which no file or page takes."""
    return any(0xD800 <= ord(c) <= 0xDFFF for c in json.dumps(value, ensure_ascii=False))


def _score(data: Mapping[str, Any]) -> float | None:
    score = data.get("score")
    if score is None:
        return None
    if isinstance(score, bool) or not isinstance(score, int | float) or not abs(score) < LARGEST:
        raise Refused("The score of an answer is a number.")
    return float(score)


def as_text(value: Any) -> str:
    """A value as the key under which equal answers are counted.

    >>> as_text("b"), as_text(3.0), as_text([2, 1])
    ('b', '3', '[2, 1]')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
