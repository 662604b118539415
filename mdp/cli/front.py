"""`mdp front`: the best plan at many budgets."""

from collections.abc import Sequence
from itertools import groupby

from ..core.errors import MdpError
from ..core.plan import Plan, parse_budget
from ..core.problem import Problem
from ..core.quality import beside, importance_doubt
from ..core.resources import limits_of
from ..core.turned import LATENCY, turned
from . import print_json
from .solve import asked_of, place_of, read_problem, share, summary

MOST_BUDGETS = 10_000


def run(args):
    from ..solve import front

    problem = read_problem(place_of(args))
    asked = asked_of(args)
    if args.over:
        problem = turned(problem, args.over)
    if args.budget is not None:
        if not args.over:
            raise MdpError("--budget limits the latency of a front over something else: give --over, too.")
        asked = {LATENCY: args.budget, **asked}
    result = front(problem, parse_budgets(args.budgets, problem), most=limits_of(problem, asked))
    if args.json:
        return print_json(
            {
                "points": [summary(p.plan, problem) for p in result.points],
                "supported": [
                    {**summary(s.plan, problem), "multiplier": s.multiplier} for s in result.supported
                ],
            }
        )
    print("\n".join(lines([point.plan for point in result.points], problem)))


def lines(plans: Sequence[Plan], problem: Problem) -> list[str]:
    """A line for each plan, in columns; where more budget buys nothing, one for all that are the same."""
    doubt = beside(importance_doubt(problem))
    rows = []
    for _, same in groupby(plans, lambda plan: (plan.choices, plan.removed_blocks, plan.optimal)):
        plan, *more = same
        again = f"; the same at {len(more)} more" if more else ""
        rows.append(
            (
                share(plan.latency, problem.dense_latency, problem.latency_unit),
                f"importance {share(plan.importance, problem.dense_importance)}{doubt}",
                ("proven" if plan.optimal else "not proven") + again,
            )
        )
    wide = [max(len(row[i]) for row in rows) for i in (0, 1)] if rows else []
    return [f"{a:{wide[0]}}  {b:{wide[1]}}  {c}" for a, b, c in rows]


def parse_budgets(text: str, problem) -> int | list[float]:
    """A count (`20`), or budgets with a comma, a point or a percent sign (`12.5,40%`)."""
    if text.strip().isdecimal():
        count = int(text.strip()[:20])
        if not 1 <= count <= MOST_BUDGETS:
            raise MdpError(f"Ask for at least one budget, and at most {MOST_BUDGETS:,}.")
        return count
    return [parse_budget(part, problem) for part in text.split(",") if part.strip()]
