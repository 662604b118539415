"""The solver's plan under a latency budget and, if wanted, a limit on parameters."""

from dataclasses import dataclass

from mdp.core.errors import Infeasible
from mdp.core.plan import Plan
from mdp.core.resources import PARAMETERS
from mdp.core.study import StudyRecord
from mdp.solve import solve

# Seconds for a round's answer: a class waits for it.
PATIENCE = 20.0


@dataclass(frozen=True)
class Answer:
    """What the solver says.

    Attributes:
        plan: of the study's problem.
        bound: no plan within the limits keeps more importance.
        parameters: of the plan, as a share of dense; None where they are not limited.
        proven: whether the plan is the best.
    """

    plan: Plan
    bound: float
    parameters: float | None
    proven: bool


def answer_within(study: StudyRecord, budget: float, parameters: float | None) -> Answer:
    """The plan within a latency budget and a share of dense's parameters; where nothing is so small, the one
    within the latency budget, which uses more.

    Raises:
        Infeasible: nothing meets the latency budget.
    """
    problem = study.problem
    known = study.counts.get(PARAMETERS) and PARAMETERS in problem.resource
    if parameters is None or not known:
        return _answer(study, solve(problem, budget), None)
    most = {PARAMETERS: parameters * problem.dense_use(PARAMETERS)}
    try:
        plan = solve(problem, budget, most=most, time_limit=PATIENCE)
    except Infeasible:
        plan = solve(problem, budget)
    return _answer(study, plan, study.count(PARAMETERS, plan.choices, plan.removed_blocks))


def _answer(study: StudyRecord, plan: Plan, used: float | None) -> Answer:
    bound = plan.importance if plan.bound is None else plan.bound
    share = None if used is None else used / study.count(PARAMETERS)
    return Answer(plan, bound, share, plan.optimal)
