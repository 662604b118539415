"""`mdp verify --accuracy`: importance tested on the accuracy of plans of equal latency."""

import dataclasses

from ..core.accuracy_data import kept_for
from ..core.budgets import parse_budgets
from ..core.plan_accuracy import PlanAccuracy, measured_plans, with_plans
from ..core.study import load_study, save_study
from ..solve import SOLVERS
from . import check_out, print_json, reporter

# These need seconds to minutes for what others do in milliseconds.
SLOW = ("milp", "mindtpy", "mindtpy-fp")


def verify_accuracy(args):
    """Test the importance of a study; every measured plan is kept in it at once."""
    from ..latency.device import deployment
    from ..training.importance_check import check_importance
    from ..training.plan_meter import PlanMeter
    from .study_images import images_of

    report = reporter(args)
    study = load_study(args.study)
    path = args.out or study.path
    check_out(path, "studies")
    dense = study.problem.dense_latency
    shares = [budget / dense for budget in parse_budgets(args.budgets, study.problem)]
    device = deployment(args.device).kind
    source = images_of(study, args.data)
    study = kept_for(study, source.name, args.out)
    meter = PlanMeter(study, source, images=args.images, device=device, report=report)
    about = {"dense": meter.dense, "dataset": source.name, "images": meter.images}
    study = dataclasses.replace(study, accuracy={**about, **(study.accuracy or {})})

    def keep(one: PlanAccuracy) -> None:
        nonlocal study
        study = dataclasses.replace(study, accuracy=with_plans(study, [one], more_images_stay=True))
        save_study(study, path)

    result = check_importance(
        meter,
        shares=shares,
        plans=args.plans,
        solvers=[name for name in SOLVERS if name not in SLOW],
        seed=args.seed,
        known=measured_plans(study),
        keep=keep,
        report=report,
    )
    save_study(dataclasses.replace(study, accuracy={**study.accuracy, "check": result}), path)
    report.message(f"Saved in {path}.")
    if args.job:
        report.result(**result)
    if args.json:
        return print_json(result)
    if not args.job:
        print(describe_check(result))


def describe_check(result: dict) -> str:
    """A test of importance in a few words."""
    bands = result["rank_correlation"].items()
    told = [f"{value:.2f} at {100 * float(share):.0f} %" for share, value in bands]
    alike = [f"too alike to tell at {100 * float(share):.0f} %" for share in result["alike"]]
    ranks = ", ".join(told + alike)
    rates = ", ".join(f"{kind} {rate:.2f}" for kind, rate in result["exchange_rates"].items())
    return (
        f"{result['plans']} plans, each {result['as']} and measured on {result['images']:,} test images; "
        f"dense {100 * result['dense']:.1f} %. Rank correlation of importance and accuracy at equal latency: "
        f"{ranks}. "
        f"The optimum is {100 * result['behind']:.1f} points behind the best plan seen, at worst. "
        f"Points of accuracy per 1 % of importance: {rates}."
    )
