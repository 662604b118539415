"""The lesson as phones, handouts and the teacher need it: the six steps of the course, of one study. No
widgets."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from mdp.core.errors import MdpError
from mdp.core.study import StudyRecord, list_studies, load_study

from ..teach.opening import FIRST as FIRST_MODEL
from ..teach.quiz import FIRST, LATER, asked, judge
from ..teach.steps import STEPS
from .notes import NOTES, Note


@dataclass(frozen=True)
class Part:
    """One step: the course's own `step` (title, goal, question, prediction, task, check, along, minutes), its
    number from 1, and the teacher's note to it."""

    number: int
    step: Any
    note: Note


@dataclass(frozen=True)
class Lesson:
    """All steps of one study; none where there is no study to make them of.

    Attributes:
        study: its name; `file` the name of its file, by which pages know it.
    """

    study: str = ""
    parts: tuple[Part, ...] = ()
    file: str = ""

    def quiz(self, key: str) -> Any | None:
        """The question of this key."""
        quizzes = (quiz for part in self.parts for quiz in (part.step.prediction, part.step.check))
        return next((quiz for quiz in quizzes if quiz.key == key), None)

    def points(self, key: str, value: Any, tries: int, claim: float | None) -> float:
        """What an answer to a check is worth, after so many others: the page's claim, where it is right
        and no more than the rules allow; 0 for a question that is none of the lesson's."""
        quiz = self.quiz(key)
        if quiz is None or quiz.kind != "check" or not isinstance(value, str):
            return 0.0
        if judge(quiz, value).state != "right":
            return 0.0
        most = float(LATER) if tries else float(FIRST)
        return most if claim is None else max(0.0, min(most, claim))

    def public(self) -> list[dict[str, Any]]:
        """What phones and worksheets may know: no answers."""
        return [
            {
                "step": part.number, "title": part.step.title, "question": part.step.question,
                "prediction": asked(part.step.prediction), "minutes": part.step.minutes,
            }
            for part in self.parts
        ]  # fmt: skip

    def answers(self, numbers: Sequence[int]) -> dict[str, dict[str, str]]:
        """The right answers to the predictions of some steps, and the sentence to take along."""
        return {
            part.step.prediction.key: {
                "right": part.step.prediction.right,
                "because": part.step.prediction.because,
                "along": part.step.along,
            }
            for part in self.parts
            if part.number in numbers
        }


def lesson_of(study: StudyRecord) -> Lesson:
    """The lesson on a study. A step that cannot be made of it is left out; its number stays free."""
    parts = []
    for number, make in enumerate(STEPS, 1):
        try:
            parts.append(Part(number, make(study), NOTES[min(number, len(NOTES)) - 1]))
        except (MdpError, ValueError, ArithmeticError, LookupError):
            continue  # a study without blocks to remove, with one width, …
    return Lesson(study.name, tuple(parts), study.path.stem if study.path else "")


def class_study() -> StudyRecord | None:
    """The study that the course opens: its own ViT where it is at hand, else any; None where there is
    none."""
    whole = [item for item in list_studies() if "error" not in item]
    whole.sort(key=lambda i: (i["model"] != FIRST_MODEL, "vit" not in i["model"], not i.get("measured")))
    for item in whole:
        try:
            return _read(item["path"], Path(item["path"]).stat().st_mtime_ns)
        except (MdpError, OSError):
            continue
    return None


@lru_cache(maxsize=2)
def _read(path: str, _changed: int) -> StudyRecord:
    return load_study(path)


def class_lesson() -> Lesson:
    """The lesson on `class_study`; one without steps where there is none."""
    study = class_study()
    return Lesson() if study is None else lesson_of(study)


class LessonSource:
    """The lesson, made once, in a thread: it takes a second or two, and the server goes on."""

    def __init__(self, make: Callable[[], Lesson] = class_lesson):
        self._make = make
        self._made: Future[Lesson] | None = None
        self._thread = ThreadPoolExecutor(1, "class-lesson")

    def begin(self) -> Future[Lesson]:
        """Have it made, so that nobody waits for it later."""
        if self._made is None:
            self._made = self._thread.submit(self._make)
        return self._made

    async def get(self) -> Lesson:
        return await asyncio.shield(asyncio.wrap_future(self.begin()))
