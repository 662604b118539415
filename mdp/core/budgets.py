"""Budgets as people write them, and the sentence for one that nothing meets. No torch."""

import math

from .errors import Infeasible, MdpError
from .problem import Problem


def parse_budget(text: str | float, problem: Problem) -> float:
    """A budget in the problem's unit from `12.5` or from `40%` of the dense latency.

    Raises:
        MdpError: not a finite number. Whether anything meets the budget is for the solver to say.
    """
    raw = str(text).strip()
    try:
        value = float(raw.removesuffix("%"))
    except ValueError:
        value = float("nan")
    if value != value or value in (float("inf"), float("-inf")):
        unit = problem.latency_unit
        raise MdpError(
            f"The budget {raw!r} is not a number. Write {unit} as 12.5, or a share of dense as 40%."
        )
    return value / 100 * problem.dense_latency if raw.endswith("%") else value


def infeasible(problem: Problem, budget: float, smallest: float | None) -> Infeasible:
    """The one sentence for a budget that nothing meets."""
    unit, asked = problem.latency_unit, float(f"{budget:.4g}")
    if smallest is None:
        return Infeasible(f"No choice meets a budget of {asked:g} {unit}.")
    dense = problem.dense_latency
    share = f" ({100 * smallest / dense:.1f} % of dense)" if dense > 0 else ""
    return Infeasible(
        f"No choice meets a budget of {asked:g} {unit}: the smallest latency possible is "
        f"{_up(smallest):g} {unit}{share}.",
        smallest,
    )


def _up(value: float) -> float:
    """Four digits, rounded up: who then asks for what the sentence says gets it."""
    if not value > 1e-300:
        return value
    scale = 10.0 ** (3 - math.floor(math.log10(value)))
    return math.ceil(value * scale * (1 - 1e-12)) / scale
