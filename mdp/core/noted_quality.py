"""What was measured of plans outside of this project's own commands, as a study keeps it. No torch."""

from collections.abc import Sequence
from typing import Any

from .errors import MdpError
from .plan import Plan, check_plan_fits
from .plan_accuracy import PlanAccuracy, with_plans
from .study import StudyRecord


def noted(
    study: StudyRecord,
    plans: Sequence[tuple[Plan, float, float | None]],
    dense: float | None,
    inputs: int,
    measure: str,
) -> dict[str, Any]:
    """The study's `accuracy` with these in it: (plan, quality as cut, quality repaired or None), shares.

    Raises:
        MdpError: a plan is of another study, or a quality is not between 0 and 1.
    """
    if any(q is not None and not 0 <= q <= 1 for q in (dense, *(q for _, *of in plans for q in of))):
        raise MdpError("A quality is a number between 0 and 1, as mdp.evaluate gives it.")
    if inputs < 1:
        raise MdpError("A quality is measured on 1 input or more.")
    new = []
    for plan, cut, repaired in plans:
        check_plan_fits(plan, study.problem)
        what = plan.choices, plan.removed_blocks, plan.latency, plan.importance
        new.append(PlanAccuracy(*what, inputs, cut, repaired, plan.solver))
    said = {} if dense is None else {"dense": dense}
    return {**with_plans(study, new), **said, **({"measure": measure} if measure else {})}
