"""Exercises for an evening: three grades, each checked by what the study itself says. Needs no torch.

from mdp_widgets.classroom.exercises import check, study
answer = ...
check(1, answer)
"""

from numbers import Integral
from typing import Any

from .compare import COMPARE
from .exercise import Exercise, Verdict, checked, measured, study, two_studies
from .invent import INVENT
from .look_up import LOOK_UP

EXERCISES: tuple[Exercise, ...] = (*LOOK_UP, *COMPARE, *INVENT)
GRADES = ("look up", "compare", "invent")

__all__ = ["EXERCISES", "GRADES", "Exercise", "Verdict", "check", "measured", "study", "two_studies"]


def check(number: int, answer: Any) -> Verdict:
    """Say what an answer to an exercise is: a sentence that helps, `.right` if it is right. Raises nothing.

    >>> check(1, ...)
    'Not yet: put your answer in place of the dots, and run this cell again.'
    """
    known = isinstance(number, Integral)  # an array equals nothing, and says so in an error
    found = next((e for e in EXERCISES if known and e.number == number), None)
    if found is None:
        return Verdict(f"There is no such exercise: they go from 1 to {len(EXERCISES)}.")
    return checked(found, answer)
