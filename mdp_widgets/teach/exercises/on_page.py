"""The exercises as the course's page asks them: in words, with the place on the page that shows the answer.

A notebook asks in code (`notebooks/exercises.ipynb`); what is judged is the same. Two need a notebook: on
the page the contest takes the place of the ninth, and the last one is a program.
"""

import re
from dataclasses import dataclass
from typing import Any

from ..quiz import Quiz
from ..quiz import Verdict as Said
from .exercise import NOT_YET, Exercise, checked


@dataclass(frozen=True)
class OnPage:
    """How the page asks one exercise.

    Attributes:
        ask: the question. `where`: what shows it.
        reads: "number", "names", "pair", or "" for one that the page only tells of.
        unit: behind the field.
    """

    ask: str
    where: str
    reads: str = "number"
    unit: str = ""


ON_PAGE = {
    1: OnPage("How long does the dense network take?", "Explorer: the right end of the budget.", unit="ms"),
    2: OnPage(
        "Every dim offers some widths. How many networks are there, all blocks kept? Two digits are enough, "
        "such as 3.1e20.",
        "Step 5 says how many there are with blocks that may go: each of them doubles the number.",
        unit="networks",
    ),
    3: OnPage(
        "How many times faster than dense is the best plan at 40 % of the latency?",
        "Explorer: type 40% as the budget.",
        unit="times",
    ),
    4: OnPage(
        "Which blocks does the best plan at 25 % remove?",
        "Explorer: what survives.",
        "names",
        "names, with commas",
    ),
    5: OnPage(
        "blocks.0.mlp is halved, to 256, all else is dense. Which share of the whole latency is saved?",
        "Inspect: choose the block and its latency table; “As a table” has its numbers.",
        unit="a share, such as 0.1",
    ),
    6: OnPage(
        "The embedding, which feeds the part blocks.0.mlp, shrinks to 64. A line for the part's own width "
        "still says its dense time. By which share is that too much?",
        "Inspect: the same table, at an embedding of 128 and of 64.",
        unit="a share, such as 0.1",
    ),
    7: OnPage(
        "Which share of dense is the smallest latency of any network here?",
        "Explorer: ask for a budget of 1% and read what it says.",
        unit="a share, such as 0.1",
    ),
    8: OnPage(
        "At 25 % some blocks go, and somebody insists on keeping one of them. Which one costs the least "
        "importance?",
        "Inspect at a budget of 25%: what the opposite decision would cost.",
        "names",
        "one name",
    ),
    9: OnPage(
        "Make a network within 40 % of the latency that keeps 80 % of what the solver's plan keeps.",
        "That is round 1 of “You against the solver”; in the notebook it is done in code.",
        "",
    ),
    10: OnPage(
        "How many points of importance does the best plan at 25 % lose if every block must stay?",
        "Step 4: every block kept, and free to go.",
        unit="points",
    ),
    11: OnPage(
        "Around 50 % of the latency: how many points of importance does one more millisecond buy?",
        "Step 5 says what 1 % of dense buys; 1 % is so many ms.",
        unit="points",
    ),
    12: OnPage(
        "Find two plans that were measured, so that the first has more importance than the second, and less "
        "accuracy. Type their places in the table below.",
        "The table under this question.",
        "pair",
        "two places, such as 3, 7",
    ),
    13: OnPage(
        "At 30 % the ViT and the ResNet each keep some share of their importance. By how many points is the "
        "ViT's larger?",
        "Explorer: both studies, at a budget of 30%.",
        unit="points",
    ),
    14: OnPage(
        "Write a method of your own: a function of a problem and a budget that finds a network within it.",
        "In the notebook: nothing that a visitor types is run by this server.",
        "",
    ),
}


def quiz_of(exercise: Exercise) -> Quiz:
    """The exercise as a question of the page; `judged` judges it."""
    how = ON_PAGE[exercise.number]
    return Quiz(f"exercise-{exercise.number}", "exercise", how.ask, (), "", "", how.unit)


def judged(exercise: Exercise, text: str | None) -> Said:
    """What is said to an answer as it was typed."""
    answer = read(ON_PAGE[exercise.number].reads, text or "")
    verdict = checked(exercise, answer)
    if verdict == NOT_YET:
        return Said("unclear", "Type an answer.")
    return Said("right" if verdict.right else "wrong", str(verdict))


def read(reads: str, text: str) -> Any:
    """The answer that a text is, or the text itself where it is none; None for an empty one.

    >>> read("number", "12,5 %"), read("names", "blocks.0, blocks.2"), read("pair", "(3; 7)")
    (0.125, ['blocks.0', 'blocks.2'], [3, 7])
    """
    text = text.strip()
    if not text:
        return None
    if reads == "names":
        return [name for name in re.split(r"[,;\s\[\]()'\"]+", text) if name]
    if reads == "pair":
        return [int(digits) for digits in re.findall(r"-?\d{1,9}", text)]
    try:
        number = float(text.replace(",", ".").removesuffix("%").strip())
    except ValueError:
        return text[:100]
    return number / 100 if text.endswith("%") else number
