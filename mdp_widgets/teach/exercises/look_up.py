"""Grade 1: what stands in a study and in a plan."""

import math
from typing import Any

from .exercise import Exercise, Wrong, names, near, number, study


def dense_latency(answer: Any) -> str:
    near(
        answer, study().problem.dense_latency, 0.005, what="milliseconds",
        low="That is too little. Dense means every dim at its last option and no block removed.",
        high="That is too much. study().problem knows it under a name that begins with dense_.",
    )  # fmt: skip
    return "This is the sum of one entry of every table."


def how_many(answer: Any) -> str:
    right = math.prod(len(d.options) for d in study().problem.dims)
    if isinstance(answer, bool) or not isinstance(answer, int | float):
        raise Wrong("The answer is a whole number, and a large one.")
    if answer == right or abs(number(answer) / right - 1) < 0.06:
        return f"{right:.1e}, and blocks that may go are not even counted."
    if abs(answer - sum(len(d.options) for d in study().problem.dims)) < 1e-9:
        raise Wrong("You added the options. Every dim can be combined with every other: multiply.")
    raise Wrong("Not this number. Multiply the numbers of options of all dims in study().problem.dims.")


def speed_up(answer: Any) -> str:
    plan = study().solve("40%")
    near(
        answer, study().problem.dense_latency / plan.latency, 0.01, what="a factor, such as 1.7",
        low="It is faster than that. Divide the dense latency by the plan's.",
        high="It is not so fast. Divide the dense latency by the plan's latency, not by its importance.",
    )  # fmt: skip
    return "A little more than 2.5: the plan does not use its budget to the last microsecond."


def removed(answer: Any) -> str:
    right, given = set(study().solve("25%").removed_blocks), names(answer)
    if given == right:
        return "The proof says that no plan within the budget is better with any of them back."
    known = {b.name for b in study().problem.blocks}
    if given - known:
        raise Wrong(f"The study has no block {sorted(given - known)[0]!r}.")
    if given < right:
        raise Wrong("These go, and more of them do. Look at plan.removed_blocks.")
    raise Wrong("Not these. Solve at a budget of 25% and look at plan.removed_blocks.")


LOOK_UP = (
    Exercise(1, 1, "The dense latency", dense_latency),
    Exercise(2, 1, "How many networks", how_many),
    Exercise(3, 1, "How much faster", speed_up),
    Exercise(4, 1, "What goes", removed),
)
