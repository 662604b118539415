"""`mdp finetune`: train a pruned network on, and say what it is worth.

The same command runs in several processes: `accelerate launch -m mdp finetune ...`.
"""

import os
from dataclasses import asdict
from pathlib import Path

from ..core import processes
from ..core.errors import MdpError
from ..operations import FinetuneOptions
from ..training.recipe import recipe_of
from . import print_json, reporter


def run(args):
    if args.budgets is None and (
        args.side_by_side != 1 or args.methods != FinetuneOptions.methods or args.ray is not None
    ):
        raise MdpError(
            "--methods, --side-by-side and --ray go with --budgets, such as --budgets 60%,40%,25%."
        )
    if not (args.plan or args.budget or args.budgets is not None or os.path.isdir(args.source)):
        raise MdpError(
            f"{args.source} is not a folder with a pruned network. Make one with `mdp extract`, or give a "
            "study with --plan or --budget."
        )
    recipe = recipe_of(args.recipe, epochs=args.epochs, batch=args.batch, rate=args.rate, decay=args.decay,
                       distill=args.distill, seed=args.seed,
                       gentle=None if args.rate is None else 0.0,
                       convolutional=None if args.rate is None else 0.0)  # fmt: skip
    if args.budgets is not None:
        from .finetune_front import run as run_front

        return run_front(args, recipe)
    if recipe.epochs and args.out is None:
        raise MdpError("Give --out FOLDER for the fine-tuned network; --epochs 0 alone does without.")
    report = reporter(args)
    report.step(0, 1, "taking the network out")

    from ..core.study import load_study
    from ..datasets.checking import checked_source
    from ..datasets.labels import check_fit
    from ..training.finetune import finetune
    from ..training.pruned import of_folder, of_plan
    from ..training.recording import recording
    from .extract import read_plan
    from .study_images import images_of

    # The images first: networks take long to make, and a folder that is not there is said at once.
    study = load_study(args.source) if args.plan or args.budget else None
    source = images_of(study, args.data)
    pruned = None if study else of_folder(Path(args.source))
    check_fit(source.train, source, study.model if study else pruned.ref)
    source = checked_source(source, report, images=args.images, seed=args.seed, skip_bad=args.skip_bad)
    if study:
        pruned = of_plan(study, read_plan(study, args.plan, args.budget, report))
    out = Path(args.out) if args.out else None
    with recording(report, out if not processes.rank() else None, tensorboard=args.tensorboard) as recorded:
        outcome = finetune(pruned, source, recipe, out, recorded, images=args.images, repair=args.repair,
                           teacher=args.teacher)  # fmt: skip
    if outcome is None:  # another process of several says it
        return
    if args.json:
        print_json(asdict(outcome))
    else:
        report.message(_sentence(outcome))
    if args.job:
        report.result(**asdict(outcome))


def _sentence(o) -> str:
    def share(value):
        return "unknown" if value is None else f"{100 * value:.2f} %"

    place = f"{o.path}: accuracy" if o.path else "Accuracy"
    tuned = "not" if o.accuracy_tuned is None else share(o.accuracy_tuned)
    if o.kept == "repaired":
        tuned = f"{tuned} (training made it worse: the repaired one is kept)"
    repaired = "" if o.accuracy_repaired is None else f"{share(o.accuracy_repaired)} repaired, "
    text = (
        f"{place} {share(o.accuracy_dense)} dense, {share(o.accuracy_pruned)} as cut, {repaired}"
        f"{tuned} fine-tuned, on {o.test_images:,} test images."
    )
    if o.latency_measured is not None:
        promised = "" if o.latency_predicted is None else f", predicted {o.latency_predicted:.4g} ms"
        text += (
            f" Latency measured {o.latency_measured:.4g} ms{promised}; dense {o.latency_measured_dense:.4g} "
            f"ms ({o.device})."
        )
    return text
