"""`mdp solve --candidates 16`: many nearly optimal plans, each repaired and measured; the best is taken."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from ..core.errors import MdpError
from ..core.pins import Pins
from ..core.plan import Plan
from ..core.plan_accuracy import known_of, with_accuracy
from ..core.progress import NOT_KNOWN, PartOf
from ..core.study import StudyRecord
from . import reporter


def chosen_plan(
    args, study: StudyRecord | None, budget: float, pins: Pins, most: Mapping[str, float]
) -> tuple[Plan, dict]:
    """The most accurate of the candidates, and what `--json` says of all of them.

    It is chosen on one half of the test images; the accuracy that is said of it is that on the other half,
    which had no part in the choice.
    """
    if study is None:
        raise MdpError("Candidates are measured on images: give a study, not a problem file.")
    if args.solver != "exact":
        raise MdpError(f"Candidates are listed by the exact solver; leave out --solver {args.solver}.")
    from ..latency.device import deployment
    from ..solve import candidates
    from ..training.choose_plan import choose_plan
    from ..training.plan_meter import PlanMeter
    from .study_images import images_of

    source = images_of(study, args.data)  # at once: the list may take a minute
    test = source.test.sample(args.images, args.seed)
    if len(test) < 2:
        raise MdpError("Candidates are chosen on one half of the test images and judged on the other.")
    halves = [dataclasses.replace(source, test=test.take(np.arange(start, len(test), 2))) for start in (0, 1)]
    report, device = reporter(args), deployment(args.device).kind
    meter = PlanMeter(study, halves[0], device=device, report=report, seed=args.seed)
    report.step(0, 1, "listing plans near the optimum", NOT_KNOWN)
    found = candidates(
        study.problem, budget, args.candidates, pins=pins, time_limit=args.time_limit, most=most
    )
    count = len(found.plans)
    report.message(f"{count} candidate{'s' if count > 1 else ''}: {found.note}.")
    chosen = count / (count + 1)  # the plan that is taken is measured once more
    plan, measured = choose_plan(meter, found, report=PartOf(report, 0, chosen))
    meter = PlanMeter(study, halves[1], device=device, report=report, seed=args.seed)
    known = known_of(meter.measure_plan(plan, PartOf(report, chosen, 1)))
    told = [
        {
            "importance": one.importance,
            "gap": gap,
            "latency": one.latency,
            "cut": one.cut,
            "repaired": one.repaired,
            "removed_blocks": list(one.removed),
        }
        for one, gap in zip(measured, found.gaps, strict=True)
    ]
    about = {"candidates": told, "complete": found.complete, "covered": found.covered, "note": found.note}
    return with_accuracy(study, plan, known), about
