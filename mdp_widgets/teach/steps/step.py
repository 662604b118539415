"""What one step of the course says and asks. Pure; the figure of a step is a widget, see `course`."""

from dataclasses import dataclass

from ..quiz import Quiz


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        title, goal: a few words, and one line about what one can do after it.
        question: what it is about, in plain words.
        prediction: asked before the figure is shown.
        task: what to do with the figure.
        check: asked after it.
        along: one sentence to take along.
        minutes: of the forty-five.
    """

    title: str
    goal: str
    question: str
    prediction: Quiz
    task: str
    check: Quiz
    along: str
    minutes: int
