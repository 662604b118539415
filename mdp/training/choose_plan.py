"""Plans chosen by measurement: many that are nearly optimal, each repaired and measured, the best taken."""

import dataclasses
from collections.abc import Callable, Collection

from ..core.plan import Plan
from ..core.plan_accuracy import PlanAccuracy, known_of, with_accuracy
from ..core.progress import PartOf, Reporter
from ..solve import Candidates
from .plan_meter import PlanMeter


def choose_plan(
    meter: PlanMeter,
    found: Candidates,
    *,
    known: Collection[PlanAccuracy] = (),
    keep: Callable[[PlanAccuracy], None] = lambda one: None,
    report: Reporter | None = None,
) -> tuple[Plan, tuple[PlanAccuracy, ...]]:
    """Measure every candidate, and take the most accurate; of two that are equal, the more important.

    Args:
        found: from `mdp.candidates`.
        known: measured before, on as many images; these are not measured again.
        keep: called with each newly measured plan, at once.

    Returns:
        the plan, with its proof (bound and gap as the solver left them), its accuracy, and a note that says
        what it was chosen from; and what was measured, in the order of the candidates.

    Raises:
        Cancelled: on request; `keep` has had what was measured.
    """
    report, measured = report or Reporter(), []
    count = len(found.plans)
    for i, plan in enumerate(found.plans):
        report.step(i, count, f"measuring plan {i + 1} of {count}")
        one = next((k for k in known if k.images == meter.images and k.is_of(plan)), None)
        if one is None:
            one = meter.measure_plan(plan, PartOf(report, i / count, (i + 1) / count))
            keep(one)
        measured.append(one)
    best = max(range(count), key=lambda i: (measured[i].best, found.plans[i].importance))
    plan, first = found.plans[best], measured[0].best
    note = (
        f"chosen from {count} plans by measuring each on {meter.images:,} held-out images; the optimum by "
        f"importance has {100 * first:.1f} %"
    )
    chosen = dataclasses.replace(plan, note="; ".join(filter(None, [plan.note, note])))
    return with_accuracy(meter.study, chosen, known_of(measured[best])), tuple(measured)
