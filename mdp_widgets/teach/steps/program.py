"""Step 5: the program, its bound, and the price of a millisecond."""

import math

from mdp.core.problem import Problem
from mdp.core.study import StudyRecord
from mdp.plot import formats as fmt
from mdp.solve import fastest, solve

from ..quiz import Option, Quiz
from .step import Step

SHARES = (0.2, 0.35, 0.5, 0.7, 0.9)
# One more step of so much latency, as a share of dense, is what a price is taken over.
MORE = 0.05
RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
TIMES = ((0.1, "less than a tenth of a second"), (1.0, "up to a second"), (60.0, "up to a minute"))


def networks(problem: Problem) -> float:
    """How many networks the choices make, as a power of ten."""
    widths = sum(math.log10(len(d.options)) for d in problem.dims)
    return widths + math.log10(2) * sum(b.removable for b in problem.blocks)


def program(study: StudyRecord) -> Step:
    """The step of one study."""
    problem = study.problem
    plan = solve(problem, max(0.4 * problem.dense_latency, fastest(problem).latency))
    options = [Option(str(i), text) for i, (_, text) in enumerate(TIMES)]
    options.append(Option(str(len(TIMES)), "longer"))
    right = str(sum(plan.seconds >= limit for limit, _ in TIMES))
    power = networks(problem)
    ours = f"{10 ** (power - int(power)):.1f} × 10{str(int(power)).translate(RAISED)}"
    sure = "and proved that nothing better fits" if plan.optimal else "and could not prove it"
    prediction = Quiz(
        "program-prediction",
        "prediction",
        f"All widths and blocks together make {ours} networks. How long does it take to find the best "
        "one within a budget, and to prove that it is the best?",
        tuple(options),
        right,
        f"The exact solver took {fmt.number(1000 * plan.seconds, 2)} ms here just now, {sure}. The general "
        "solver of the paper (MindtPy) takes seconds and proves nothing.",
    )
    return Step(
        "The program, its bound and its price",
        "You can read the program, and say what “proven” and “shadow price” mean.",
        "Every width is one choice out of a few, every block in or out. Pick for each, so that what is kept "
        "is worth the most and the time meets the budget.",
        prediction,
        "Choose widths of one block and see ω. Then drag the budget: the program is solved at every step.",
        _check(study),
        "A hard budget, one best plan, and a proof; the price says what one more millisecond would buy.",
        8,
    )


def prices(problem: Problem) -> tuple[tuple[float, float], ...]:
    """(share of dense latency, points of importance for one more per cent of latency) at a few budgets."""
    total, dense = problem.dense_importance or 1.0, problem.dense_latency
    least = fastest(problem).latency / dense
    found = []
    for share in SHARES:
        if share < least:
            continue
        low, high = (solve(problem, s * dense).importance / total for s in (share, share + MORE))
        found.append((share, (high - low) / MORE))
    return tuple(found)


def _check(study: StudyRecord) -> Quiz:
    problem = study.problem
    found = prices(problem)
    best_at, best = max(found, key=lambda pair: pair[1])
    offered = [(at, price) for at, price in found if at == best_at or price < 0.95 * best]

    def text(share: float) -> str:
        return (
            f"{fmt.percent(share, 0)} of dense, {fmt.ms(share * problem.dense_latency, problem.latency_unit)}"
        )

    options = [
        Option(
            f"{at:g}",
            text(at),
            f"There {fmt.percent(MORE, 0)} more latency buys {fmt.percent(MORE * price, 2)} of importance. "
            "Elsewhere it buys more: where is the front steepest?",
        )
        for at, price in offered
    ]
    if len(options) == 1:
        options.append(Option("none", "It is the same everywhere", "It is not: look how the front bends."))
    return Quiz(
        "program-check",
        "check",
        "At which of these budgets is a little more time worth the most importance?",
        tuple(options),
        f"{best_at:g}",
        f"At {fmt.percent(best_at, 0)} another {fmt.percent(MORE, 0)} of latency buys "
        f"{fmt.percent(MORE * best, 2)} of importance. That slope of the front is the shadow price.",
    )
