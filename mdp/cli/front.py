"""`mdp front`: the best plan at many budgets."""

from ..core.errors import MdpError
from ..core.plan import parse_budget
from ..core.quality import beside, importance_doubt
from ..core.resources import limits_of
from ..core.turned import LATENCY, turned
from . import print_json
from .solve import asked_of, place_of, read_problem, share, summary


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
    doubt = beside(importance_doubt(problem))
    for point in result.points:
        plan = point.plan
        print(
            f"{share(plan.latency, problem.dense_latency, problem.latency_unit):44} "
            f"importance {share(plan.importance, problem.dense_importance) + doubt:40} "
            f"{'proven' if plan.optimal else 'not proven'}"
        )


def parse_budgets(text: str, problem) -> int | list[float]:
    """A count (`20`), or budgets with a comma, a point or a percent sign (`12.5,40%`)."""
    if text.strip().isdigit():
        if int(text) < 1:
            raise MdpError("Ask for at least one budget.")
        return int(text)
    return [parse_budget(part, problem) for part in text.split(",") if part.strip()]
