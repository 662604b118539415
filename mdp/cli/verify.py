"""`mdp verify`: tables tested on the latency of whole random sub-networks, importance on accuracy."""

import dataclasses

from ..core.quality import tables_words, verification_words
from ..core.study import load_study, save_study
from . import check_out, print_json, reporter
from .accuracy_check import verify_accuracy
from .enforce import enforce_budget


def run(args):
    from ..latency import verify
    from ..surgery import find_in

    if args.strict:
        return enforce_budget(args, args.strict)
    if args.accuracy:
        return verify_accuracy(args)
    report = reporter(args)
    study = load_study(args.study)
    if args.out:
        check_out(args.out, "studies")
    # Times do not depend on the values of the weights.
    found = find_in(study, load_weights=False)
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
