"""`mdp verify`: predicted against measured latency of whole random sub-networks."""

import dataclasses

from ..study import load_study, save_study
from . import print_json, reporter


def add_arguments(parser):
    parser.add_argument("study", help="a study file or the name of a study")
    parser.add_argument("--subnetworks", type=int, default=30, help="how many (default 30)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=120, help="about how long to measure (default 120)")
    parser.add_argument("--out", metavar="FILE", help="save the verified study there (default: in its place)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args):
    from ..families import find
    from ..latency import verify
    from ..models import create

    report = reporter(args)
    study = load_study(args.study)
    found = find(create(study.model, load_weights=False), study.model)
    result = verify(
        study, found, subnetworks=args.subnetworks, seed=args.seed, seconds=args.seconds, report=report
    )
    if result["same_device"]:
        path = save_study(dataclasses.replace(study, verification=result), args.out or study.path)
        report.message(f"Saved in {path}.")
    else:
        # What another machine says does not belong among the facts about these tables.
        there = study.tables.provenance["device"]
        report.message(
            f"The tables were measured on {there}, and this is {result['device']} with {result['software']}: "
            "the errors include that difference and are not saved in the study."
        )
    if args.job:
        report.result(**{key: value for key, value in result.items() if key != "points"})
    if args.json:
        return print_json(result)
    if not args.job:
        print(describe(result))


def describe(result: dict) -> str:
    """A verification in a few words."""
    tau = "none" if result["tau"] is None else f"{result['tau']:.3f}"
    return (
        f"{result['subnetworks']} sub-networks: median error {100 * result['median_error']:.1f} %, "
        f"worst {100 * result['worst_error']:.1f} %, bias {100 * result['bias']:+.1f} %, "
        f"Kendall's tau {tau}; "
        f"dense {result['dense']['measured']:.4g} ms, predicted {result['dense']['predicted']:.4g} ms"
    )
