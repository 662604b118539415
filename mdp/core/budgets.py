"""Budgets as people write them, and the sentence for one that nothing meets. No torch."""

import math
from collections.abc import Mapping

from .amounts import amount, parsed
from .amounts import example as written
from .errors import Infeasible, MdpError
from .problem import Problem
from .resources import UNITS, budgeted, limits_of
from .unit_names import milliseconds


def parse_budget(text: str | float, problem: Problem) -> float:
    """A budget in the problem's unit from `12.5`, `12M`, `10ms`, or from `40%` of the dense latency.

    Raises:
        MdpError: not a finite number. Whether anything meets the budget is for the solver to say.
    """
    raw, unit = str(text).strip(), problem.latency_unit
    try:
        value = float(raw.removesuffix("%"))
    except ValueError:
        value = parsed(raw, unit, problem.dense_latency)
        if value is not None:
            return value
        value = float("nan")
    if not math.isfinite(value):
        example = "12.5" if milliseconds(unit) or budgeted(unit) == "latency" else written(unit)
        raise MdpError(
            f"The budget {raw!r} is not a number. Write {unit} as {example}, or a share of dense as 40%."
        )
    return value / 100 * problem.dense_latency if raw.endswith("%") else value


def parse_budgets(text: str, problem: Problem) -> list[float]:
    """Several budgets with commas between them: `50%,40%,25%`. Raises MdpError as `parse_budget`."""
    return [parse_budget(word, problem) for word in text.split(",")]


def budget_and_limits(
    problem: Problem, budget: str | float | None, asked: Mapping[str, str | float | None]
) -> tuple[float, dict[str, float]]:
    """(budget, limits beside it) as people write them; one of what the budget is of is a budget, too.

    Without a budget, that limit takes its place; where there is none, the dense network's latency does.

    Raises:
        MdpError: neither a budget nor a limit, or one that is no amount.
    """
    most = limits_of(problem, asked)
    own = next((n for n in most if n in UNITS and UNITS[n] == problem.latency_unit), None)
    limit = most.pop(own) if own else None
    if budget is None:
        if limit is None and not most:
            what = budgeted(problem.latency_unit)
            raise MdpError(f"Give a budget of {what}, in {problem.latency_unit} or as a share of dense: 40%.")
        return (problem.dense_latency if limit is None else limit), most
    value = parse_budget(budget, problem)
    return (value if limit is None else min(value, limit)), most


def infeasible(problem: Problem, budget: float, smallest: float | None) -> Infeasible:
    """The one sentence for a budget that nothing meets."""
    unit, asked = problem.latency_unit, float(f"{budget:.4g}")
    what = budgeted(unit)
    if what != "latency":
        return _infeasible_count(problem, budget, smallest, what)
    if smallest is None:
        return Infeasible(f"No choice meets a budget of {asked:g} {unit}.")
    dense = problem.dense_latency
    share = f" ({100 * smallest / dense:.1f} % of dense)" if dense > 0 else ""
    return Infeasible(
        f"No choice meets a budget of {asked:g} {unit}: the smallest latency possible is "
        f"{_up(smallest):g} {unit}{share}.",
        smallest,
    )


def _infeasible_count(problem: Problem, budget: float, smallest: float | None, what: str) -> Infeasible:
    """As `infeasible`, for a budget of parameters, multiply-adds or bytes."""
    unit = problem.latency_unit
    text = f"No choice meets a budget of {amount(budget, unit)}"
    if smallest is None:
        return Infeasible(f"{text}.")
    share = f" ({100 * smallest / problem.dense_latency:.1f} % of dense)" if problem.dense_latency else ""
    return Infeasible(f"{text}: the least {what} possible is {amount(_up(smallest), unit)}{share}.", smallest)


def _up(value: float) -> float:
    """Four digits, rounded up: who then asks for what the sentence says gets it."""
    if not value > 1e-300:
        return value
    scale = 10.0 ** (3 - math.floor(math.log10(value)))
    return math.ceil(value * scale * (1 - 1e-12)) / scale
