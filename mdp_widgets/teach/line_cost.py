"""What pricing by lines costs: HALP's plan beside the best by tables, widths alone and blocks free to go."""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

from mdp.core.errors import MdpError
from mdp.core.plan import Plan
from mdp.core.plan_accuracy import measured_plans
from mdp.core.problem import Problem
from mdp.core.study import StudyRecord
from mdp.solve import SOLVERS, solve
from mdp.solve.analysis.ablation import Corner

# Every block stays; the same tables.
WIDTHS = Corner(blocks=False, multidimensional=True)

SHARES = (0.25, 0.4, 0.5)
# A measured plan belongs to a budget if its latency is so near to it, as a share of dense.
NEAR = 0.02


@dataclass(frozen=True)
class LineCost:
    """Importance kept within one budget, as shares of dense; None where a method finds no plan.

    Attributes:
        share, budget: as a share of the dense latency, and in the problem's unit.
        line: HALP's, by lines that it renews in its steps; widths alone.
        widths: the best by tables, widths alone.
        blocks: the best by tables, blocks free to go.
    """

    share: float
    budget: float
    line: float | None
    widths: float | None
    blocks: float | None


_costs: WeakKeyDictionary[Problem, dict[float, LineCost]] = WeakKeyDictionary()


def line_cost(problem: Problem, share: float) -> LineCost:
    """The three methods at a share of the dense latency; computed once."""
    known = _costs.setdefault(problem, {})
    if share not in known:
        budget = share * problem.dense_latency
        total = problem.dense_importance or 1.0

        def kept(find) -> float | None:
            try:
                plan: Plan = find()
            except MdpError:
                return None
            return plan.importance / total

        known[share] = LineCost(
            share,
            budget,
            kept(lambda: SOLVERS["halp"](problem, budget)),
            kept(lambda: solve(WIDTHS.problem(problem), budget)),
            kept(lambda: solve(problem, budget)),
        )
    return known[share]


def measured_near(study: StudyRecord, method: str, share: float) -> float | None:
    """Accuracy, the better of as cut and repaired, of a measured plan of a method near a share of the dense
    latency; None where none was measured."""
    dense = study.problem.dense_latency
    close = [
        p for p in measured_plans(study) if p.method == method and abs(p.latency / dense - share) <= NEAR
    ]
    return min(close, key=lambda p: abs(p.latency / dense - share)).best if close else None
