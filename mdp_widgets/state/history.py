"""Undo and redo: what one step holds, and the steps in order."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mdp.core.plan import Plan
from mdp.core.study import StudyRecord
from mdp.solve import Pins


@dataclass(frozen=True)
class Kept:
    """A plan kept to compare with, and the budget, pins and limits that it is the answer to."""

    budget: float
    pins: Pins
    plan: Plan
    limits: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class View:
    """One state of undo and redo.

    Studies are told apart by `of`, their file and fingerprint: what was measured of one since makes no step.
    """

    study: StudyRecord = field(compare=False)
    of: str
    budget: float
    pins: Pins
    reference: Kept | None
    limits: Mapping[str, float] = field(default_factory=dict)


@dataclass
class UndoHistory:
    """Steps in order; the last of `past` is the present one."""

    past: list[View] = field(default_factory=list)
    future: list[View] = field(default_factory=list)

    @property
    def can_undo(self) -> bool:
        return len(self.past) > 1

    @property
    def can_redo(self) -> bool:
        return bool(self.future)

    def add(self, step: View) -> None:
        """A new present step; the same one again is none, and what was undone is forgotten."""
        if not self.past or self.past[-1] != step:
            self.past.append(step)
            self.future = []

    def back(self) -> View | None:
        """The step before the present one, which it becomes; None at the beginning."""
        if not self.can_undo:
            return None
        self.future.append(self.past.pop())
        return self.past[-1]

    def forth(self) -> View | None:
        """The step that was undone last; None where there is none."""
        if not self.future:
            return None
        self.past.append(self.future.pop())
        return self.past[-1]
