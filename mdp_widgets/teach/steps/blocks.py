"""Step 4: narrow blocks, or fewer of them."""

from mdp.core.errors import MdpError
from mdp.core.problem import Problem
from mdp.core.study import StudyRecord
from mdp.plot import formats as fmt
from mdp.solve import fastest, solve

from ..line_cost import WIDTHS
from ..quiz import Option, Quiz
from .step import Step

BUDGET = 0.25
# More options than this are put together in pairs, threes, …
MOST = 8


def tight(problem: Problem) -> float:
    """A tight budget, that of this step; the fastest choice where even that is too tight."""
    return max(BUDGET * problem.dense_latency, fastest(problem).latency)


def blocks(study: StudyRecord) -> Step:
    """The step of one study."""
    problem = study.problem
    budget = tight(problem)
    plan = solve(problem, budget)
    gone = len(plan.removed_blocks)
    options, right = counts(sum(b.removable for b in problem.blocks), gone)
    names = ", ".join(plan.removed_blocks) or "none"
    ms = fmt.ms(budget, problem.latency_unit)
    prediction = Quiz(
        "blocks-prediction",
        "prediction",
        f"The budget is {ms}, {fmt.percent(budget / problem.dense_latency, 0)} of the dense latency. The "
        f"network has {len(problem.blocks)} blocks. How many does the best plan remove?",
        options,
        right,
        f"{gone} of {len(problem.blocks)}: {names}.",
    )
    return Step(
        "Narrow blocks, or fewer of them",
        "You can say when a whole block should go, and what that freedom is worth.",
        "A block can be made narrow, or removed: then the data goes around it. A narrow block still pays for "
        "being there.",
        prediction,
        "Keep or remove blocks by hand. The solver makes the best of the rest.",
        _check(study),
        "Under a tight budget some blocks are not worth their time at any width.",
        7,
    )


def counts(most: int, value: int) -> tuple[tuple[Option, ...], str]:
    """Options "none", "1", "2" … or "none", "1 to 3" … up to `most`, and which of them holds `value`."""
    step = max(1, -(-most // MOST))
    options, right = [Option("0", "none")], "0"
    for low in range(1, most + 1, step):
        high = min(most, low + step - 1)
        options.append(Option(str(low), str(low) if low == high else f"{low} to {high}"))
        if low <= value <= high:
            right = str(low)
    if len(options) == 1:
        options.append(Option("1", "one or more"))
    return tuple(options), right


def _check(study: StudyRecord) -> Quiz:
    problem = study.problem
    budget = tight(problem)
    total = problem.dense_importance or 1.0
    free = solve(problem, budget).importance / total
    try:
        kept = solve(WIDTHS.problem(problem), budget).importance / total
    except MdpError:
        kept = None
    least = fmt.ms(fastest(WIDTHS.problem(problem)).latency, problem.latency_unit)
    if kept is None:
        right, told = "none", f"With every block kept nothing is faster than {least}."
    else:
        right = "less" if kept < free - 1e-4 else "same"
        told = (
            f"With every block kept the best plan has {fmt.percent(kept)} of the importance, with blocks "
            f"free to go {fmt.percent(free)}."
        )
    at = fmt.ms(budget, problem.latency_unit)
    look = f"With every block kept the fastest choice takes {least}. Look at the dashed line at {at}."
    texts = {
        "none": "No plan fits any more.",
        "less": "A plan fits, but it keeps less importance.",
        "same": "It makes no difference.",
    }
    return Quiz(
        "blocks-check",
        "check",
        f"Somebody insists that every block stays. What happens at {fmt.ms(budget, problem.latency_unit)}?",
        tuple(Option(key, text, look) for key, text in texts.items()),
        right,
        told,
    )
