"""The budgets of the contest's rounds, computed from the study. Pure."""

import math
from dataclasses import dataclass

from mdp.core.plan import within
from mdp.core.problem import Problem
from mdp.core.study import StudyRecord
from mdp.solve import fastest

from .two_budgets import Answer, answer_within

FIRST, SECOND = 0.4, 0.3
# What the second round takes off the parameters of the plan that latency alone would choose.
SQUEEZE = 0.75


@dataclass(frozen=True)
class Round:
    """One round with sliders.

    Attributes:
        number: 1 or 2.
        share: the latency budget as a share of dense; `budget` in the problem's unit.
        parameters: the limit on parameters as a share of dense; None for no such limit.
        answer: the solver's.
    """

    number: int
    share: float
    budget: float
    parameters: float | None
    answer: Answer


def first_round(study: StudyRecord) -> Round:
    """Latency alone, at two fifths of dense or a little above the fastest choice."""
    share = reachable(study.problem, FIRST)
    budget = share * study.problem.dense_latency
    return Round(1, share, budget, None, answer_within(study, budget, None))


def second_round(study: StudyRecord) -> Round:
    """A tighter latency and a limit on parameters; without counts of them, the tighter latency alone."""
    share = reachable(study.problem, SECOND)
    budget = share * study.problem.dense_latency
    alone = answer_within(study, budget, None)
    used = parameters_of(study, alone.plan.choices, alone.plan.removed_blocks)
    if used is None:
        return Round(2, share, budget, None, alone)
    limit = math.ceil(100 * SQUEEZE * used) / 100
    answer = answer_within(study, budget, limit)
    if answer.parameters is not None and not within(answer.parameters, limit):  # nothing so small was found
        return Round(2, share, budget, None, alone)
    return Round(2, share, budget, limit, answer)


def reachable(problem: Problem, share: float) -> float:
    """The share of dense, or a tenth above the fastest choice where that is slower; in whole per cent."""
    least = 1.1 * fastest(problem).latency / problem.dense_latency
    return min(1.0, max(share, math.ceil(100 * least) / 100))


def parameters_of(study: StudyRecord, choices, removed=()) -> float | None:
    """Parameters of a choice as a share of dense; None where the study does not count them."""
    if not study.counts.get("parameters"):
        return None
    whole = study.count("parameters")
    return study.count("parameters", choices, removed) / whole if whole else None
