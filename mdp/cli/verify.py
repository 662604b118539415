"""`mdp verify`: predicted against measured latency of whole random sub-networks."""

import dataclasses

from ..core.quality import tables_words, verification_words
from ..core.study import load_study, save_study
from . import print_json, reporter
from .solve import PINS_HELP


def add_arguments(parser):
    parser.add_argument("study", help="a study file or the name of a study")
    parser.add_argument("--subnetworks", type=int, default=30, help="how many (default 30)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=120, help="about how long to measure (default 120)")
    parser.add_argument("--again", action="store_true", help="measure once more what was measured before")
    parser.add_argument("--out", metavar="FILE", help="save the study there (verified: default in its place)")
    parser.add_argument(
        "--strict", metavar="BUDGET", help="instead, find a plan whose measured latency meets this budget"
    )
    parser.add_argument("--pins", default="", help=f"with --strict: {PINS_HELP}")
    parser.add_argument("--name", help="with --strict and --out: the name of the saved study")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args):
    from ..latency import verify
    from ..surgery import find_in

    report = reporter(args)
    study = load_study(args.study)
    if args.strict:
        _refuse_elsewhere(study)
    # Times do not depend on the values of the weights.
    found = find_in(study, load_weights=False)
    if args.strict:
        return _strict(args, study, found, report)
    result = verify(
        study,
        found,
        subnetworks=args.subnetworks,
        seed=args.seed,
        seconds=args.seconds,
        report=report,
        again=args.again,
    )
    if result["same_device"]:
        path = save_study(dataclasses.replace(study, verification=result), args.out or study.path)
        report.message(f"Saved in {path}.")
    else:
        # What another machine says does not belong among the facts about these tables.
        report.message(
            f"{result['another']} The errors include that difference and are not saved in the study."
        )
    tables = study.tables
    wrong = tables_words(tables.provenance, tables.details), verification_words(result)
    for sentence in filter(None, wrong):
        report.message(sentence)
    if args.job:
        told = {"wrong": " ".join(filter(None, wrong))} if any(wrong) else {}
        report.result(**{key: value for key, value in result.items() if key != "points"}, **told)
    if args.json:
        return print_json(result)
    if not args.job:
        print(describe(result))


def _strict(args, study, found, report):
    from ..core.pins import pins_from_text
    from ..core.plan import parse_budget, save_plan
    from ..latency import strict

    budget, pins = parse_budget(args.strict, study.problem), pins_from_text(args.pins, study.problem)
    held = strict(study, found, budget, pins=pins, report=report)
    facts = held.to_json()
    if args.out:
        # The plan belongs to the tables as they were corrected, so both are kept.
        kept = dataclasses.replace(held.study, name=args.name or study.name)
        path = save_study(kept, args.out)
        save_plan(held.plan, path.with_suffix(".plan.json"))
        facts["path"] = str(path)
    if args.job:
        report.result(**facts)
    if args.json:
        return print_json(facts)
    print(
        f"Measured {held.measured:.4g} ms within the budget of {held.budget:.4g} ms, "
        f"after {len(held.steps)} round{'s' * (len(held.steps) > 1)}."
    )


def _refuse_elsewhere(study):
    """Raises MdpError if entries measured here and now cannot stand in the study's tables."""
    from ..latency.verification import deployment_of, refuse_another

    refuse_another(study, deployment_of(study))


def describe(result: dict) -> str:
    """A verification in a few words."""
    tau = "none" if result["tau"] is None else f"{result['tau']:.3f}"
    return (
        f"{result['subnetworks']} sub-networks: median error {100 * result['median_error']:.1f} %, "
        f"worst {100 * result['worst_error']:.1f} %, bias {100 * result['bias']:+.1f} % "
        f"(the tables say too {'little' if result['bias'] < 0 else 'much'}), "
        f"Kendall's tau {tau}; "
        f"dense {result['dense']['measured']:.4g} ms, predicted {result['dense']['predicted']:.4g} ms"
    )
