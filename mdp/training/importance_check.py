"""The test of importance is accuracy: plans of equal latency, each cut, repaired and measured.

`mdp verify` tests latency tables on whole networks; `mdp verify --accuracy` tests importance on them.
"""

import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from ..core.errors import Infeasible, MdpError
from ..core.plan import Plan
from ..core.plan_accuracy import PlanAccuracy
from ..core.problem import Problem
from ..core.progress import PartOf, Reporter
from ..operations.verify import FEWEST_PLANS as LEAST
from ..solve.analysis.plan_pool import kind_of, plan_of_one_kind, plans_in_band
from .plan_meter import PlanMeter

# What one kind alone loses of importance where its exchange rate is measured.
LOST = 0.05
NONE = "No budget has plans enough to rank. Give other budgets (--budgets 60%,40%) or more plans."


def check_importance(
    meter: PlanMeter,
    *,
    shares: Sequence[float] = (0.5, 0.4, 0.25),
    plans: int = 12,
    solvers: Collection[str],
    seed: int = 1,
    known: Collection[PlanAccuracy] = (),
    keep: Callable[[PlanAccuracy], None] = lambda one: None,
    report: Reporter | None = None,
) -> dict[str, Any]:
    """Measure plans of equal latency, and say how well importance ranks them.

    Args:
        shares: the budgets of the bands, as shares of dense latency.
        plans: how many plans a band.
        solvers: names of those whose plans are measured beside the optimum. "random" is measured, not
            ranked: a plan that nobody would choose is easily told from the others.
        known: measured before, on as many images or more; these are not measured again.
        keep: called with each newly measured plan, at once.

    Returns:
        plain JSON: `rank_correlation` (Spearman's, of importance and accuracy, by share of dense), `worst` of
        these, `alike` (bands whose plans differ less than so many images can tell), `rank_correlation_as_cut`
        (of accuracies without repair), `exchange_rates` (kind -> points of accuracy lost per 1 % of
        importance that this kind alone loses), `behind` (accuracy of the best plan seen minus that of the
        optimum, in the worst band), `plans`, `images`, `as` ("repaired" or "cut"), `dense`, `seed`,
        `created`.

    Raises:
        MdpError: no band holds enough plans.
        Cancelled: on request; `keep` has had what was measured.
    """
    report, problem = report or Reporter(), meter.study.problem
    bands: dict[float, list[Plan]] = {}
    for share in shares:
        try:
            band = plans_in_band(problem, share * problem.dense_latency, plans, solvers, seed)
        except Infeasible:
            report.message(f"Nothing is as fast as {100 * share:.0f} % of dense; that band is left out.")
            continue
        if len(band) >= LEAST:
            bands[share] = band
        else:
            found = f"{len(band)} plan{'' if len(band) == 1 else 's'}"
            report.message(
                f"Just below {100 * share:.0f} % of dense lie {found}, too few to rank; it is left out."
            )
    if not bands:
        raise MdpError(NONE)
    alone = _alone(problem)
    jobs = [plan for band in bands.values() for plan in band] + list(alone.values())
    done: list[PlanAccuracy] = []
    for i, plan in enumerate(jobs):
        text = f"plan {i + 1} of {len(jobs)} ({plan.solver})"
        report.step(i, len(jobs), f"measuring {text}")
        one = next((k for k in known if k.images >= meter.images and k.is_of(plan)), None)
        if one is None:
            one = meter.measure_plan(plan, PartOf(report, i / len(jobs), (i + 1) / len(jobs)))
            keep(one)
        done.append(one)
    measured = iter(done)
    of_band = {share: [next(measured) for _ in band] for share, band in bands.items()}
    told = {share: pair for share, band in bands.items() if (pair := _ranks(band, of_band[share]))}
    if not told:
        raise MdpError(NONE)
    ranks = {f"{share:g}": best for share, (best, _) in told.items() if best is not None}
    return {
        "rank_correlation": ranks,
        "worst": min(ranks.values(), default=None),
        "alike": [f"{share:g}" for share, (best, _) in told.items() if best is None],
        "rank_correlation_as_cut": {f"{share:g}": cut for share, (_, cut) in told.items() if cut is not None},
        "exchange_rates": {
            kind: _rate(meter.dense, one, problem) for kind, one in zip(alone, measured, strict=True)
        },
        "behind": max(max(one.best for one in band) - band[0].best for band in of_band.values()),
        "plans": len(done),
        "images": meter.images,
        "as": "cut" if meter.calibration is None else "repaired",
        "dense": meter.dense,
        "seed": seed,
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _alone(problem: Problem) -> dict[str, Plan]:
    kinds = sorted({kind_of(problem, term) for term in problem.importance} | {"block"})
    found = {kind: plan_of_one_kind(problem, kind, LOST) for kind in kinds}
    return {kind: plan for kind, plan in found.items() if plan is not None}


def _ranks(
    plans: Sequence[Plan], measured: Sequence[PlanAccuracy]
) -> tuple[float | None, float | None] | None:
    """Rank correlations of importance with accuracy, repaired and as cut; random plans aside.

    None for accuracies that are too alike to be ranked; None alone where there are too few plans.
    """
    pairs = [(p.importance, m) for p, m in zip(plans, measured, strict=True) if p.solver != "random"]
    importance = np.array([value for value, _ in pairs])
    if len(pairs) < LEAST or not np.ptp(importance):
        return None
    best, cut = (np.array([of(m) for _, m in pairs]) for of in (lambda m: m.best, lambda m: m.cut))
    images = min(one.images for _, one in pairs)
    return _spearman(importance, best, images), _spearman(importance, cut, images)


def _spearman(importance: np.ndarray, accuracy: np.ndarray, images: int) -> float | None:
    middle = float(accuracy.mean())
    # What one network would spread by on other images of this number: ranks within it are luck.
    if accuracy.std() <= np.sqrt(middle * (1 - middle) / images):
        return None
    return round(float(spearmanr(importance, accuracy).statistic), 4)


def _rate(dense: float, one: PlanAccuracy, problem: Problem) -> float:
    """Points of accuracy lost per 1 % of importance lost."""
    lost = 1 - one.importance / problem.dense_importance
    return round((dense - one.best) / lost, 4)
