"""Step 3: latency is a surface, not a line, and what a line costs."""

from mdp.core.study import StudyRecord
from mdp.plot import formats as fmt

from ..figures.linear import linear_info
from ..line_cost import SHARES, LineCost, line_cost
from ..quiz import Option, Quiz, ranges
from .step import Step

EDGES = (40, 50, 60, 70, 80, 90)
POINTS = (0.5, 2, 5, 10, 20, 40)


def surface(study: StudyRecord) -> Step:
    """The step of one study."""
    problem = study.problem
    info = linear_info(problem, 0.5, networks=1)
    takes = info.at_input[-1] / info.at_dense[-1]
    options, right = ranges(EDGES, 100 * takes)
    unit = problem.latency_unit
    prediction = Quiz(
        "surface-prediction",
        "prediction",
        f"The layer {info.term} stays as wide as it is, and takes {fmt.ms(info.at_dense[-1], unit)}. Now "
        f"what feeds it ({info.input_dim}) shrinks from {info.input_dense} to {info.input_width}. How much "
        "of its time is left?",
        options,
        right,
        f"{fmt.ms(info.at_input[-1], unit)}, which is {fmt.percent(takes, 0)}. A price for its own width "
        "alone does not notice.",
    )
    return Step(
        "Latency is a surface, not a line",
        "You can say what a latency table is, and what it costs to do without one.",
        "The usual shortcut (HALP) prices a layer by its own width: one line for each layer. But what feeds "
        "a layer is pruned too.",
        prediction,
        "Narrow the input. The line stays where it is; the measured layer does not.",
        _check(study),
        "A layer's time depends on both its sides: measure a table, not a line.",
        7,
    )


def asked_about(study: StudyRecord) -> LineCost | None:
    """The budget where lines cost the most, of those where HALP finds a plan; None where it finds none."""
    costs = [line_cost(study.problem, share) for share in SHARES]
    found = [c for c in costs if c.line is not None and c.widths is not None]
    return max(found, key=lambda c: c.widths - c.line, default=None)


def _check(study: StudyRecord) -> Quiz:
    problem = study.problem
    cost = asked_about(study)
    if cost is None:
        return _no_plan()
    points = 100 * (cost.widths - cost.line)
    options, right = ranges(POINTS, points, " points")
    at = f"{fmt.percent(cost.share, 0)} of the latency ({fmt.ms(cost.budget, problem.latency_unit)})"
    look = "Choose that budget below the figures, and subtract the first bar from the second."
    return Quiz(
        "surface-check",
        "check",
        f"At {at}, widths alone: how much more importance does the best plan by tables keep than HALP's by "
        "lines?",
        tuple(Option(o.value, o.text, look) for o in options),
        right,
        f"By lines {fmt.percent(cost.line)}, by tables {fmt.percent(cost.widths)}: {points:.1f} points, for "
        "the same time.",
    )


def _no_plan() -> Quiz:
    """Where lines find nothing at any of the budgets, that is the lesson."""
    budget = fmt.percent(SHARES[-1], 0)
    look = "Look at the bars below the figures."
    options = (
        Option("yes", "Yes, a good one.", look),
        Option("no", "No: priced by lines it gets nowhere."),
    )
    return Quiz("surface-check", "check", f"Does HALP find a plan within {budget} of the latency?", options,
                "no", "It ends above the budget.")  # fmt: skip
