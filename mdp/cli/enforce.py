"""`mdp enforce`: a plan whose latency, measured on the whole pruned network, meets a budget."""

import dataclasses

from ..core.places import refuse_place
from ..core.resources import limits_of
from ..core.study import load_study, save_study
from ..core.study_files import plan_beside
from ..core.words import many
from . import check_out, print_json, reporter
from .solve import asked_of, place_of


def run(args):
    return enforce_budget(args, args.budget)


def enforce_budget(args, budget: str):
    """Measure, correct the tables, solve again until the measured latency meets `budget`."""
    from ..core.pins import pins_from_text
    from ..core.plan import parse_budget, save_plan
    from ..latency import enforce
    from ..latency.verification import deployment_of, refuse_another
    from ..surgery import find_in

    report = reporter(args)
    if args.out:
        check_out(args.out, "studies")
        refuse_place(plan_beside(args.out))
    limited = "parameters" in args  # not of verify --strict, as it was called before
    study = load_study(place_of(args) if limited else args.study)
    refuse_another(study, deployment_of(study))  # its entries cannot stand in tables of another device
    # Times do not depend on the values of the weights.
    found = find_in(study, load_weights=False)
    limit, pins = parse_budget(budget, study.problem), pins_from_text(args.pins, study.problem)
    most = limits_of(study.problem, asked_of(args)) if limited else {}
    held = enforce(study, found, limit, pins=pins, report=report, limits=most)
    facts = held.to_json()
    if args.out:
        # The plan belongs to the tables as they were corrected, so both are kept.
        kept = dataclasses.replace(held.study, name=args.name or study.name)
        path = save_study(kept, args.out)
        save_plan(held.plan, plan_beside(path))
        facts["path"] = str(path)
    if args.job:
        report.result(**facts)
    if args.json:
        return print_json(facts)
    print(
        f"Measured {held.measured:.4g} ms within the budget of {held.budget:.4g} ms, "
        f"after {many(len(held.steps), 'round')}."
    )
