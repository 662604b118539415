"""`mdp finetune`: train a pruned network on, and say what it is worth.

The same command runs in several processes: `accelerate launch -m mdp finetune ...`.
"""

from dataclasses import asdict
from pathlib import Path

from ..core.errors import MdpError
from . import print_json, reporter
from .model_args import SKIP_BAD


def add_arguments(parser):
    parser.add_argument("source", help="a folder made by `mdp extract`, or a study with --plan or --budget")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--plan", help="a plan file, made with this study")
    which.add_argument("--budget", help="solve for this budget first: in ms (12.5) or of dense (40%%)")
    parser.add_argument("--data", default="fashion-mnist", help="data set, or folder of class folders")
    parser.add_argument("--skip-bad", action="store_true", help=SKIP_BAD)
    parser.add_argument("--images", type=int, help="training images to use (default: all)")
    parser.add_argument("--epochs", type=int, default=3, help="default 3; 0 only measures the pruned network")
    parser.add_argument("--batch", type=int, default=128, help="images per step and process (default 128)")
    parser.add_argument("--rate", type=float, default=5e-4, help="highest learning rate (default 0.0005)")
    parser.add_argument("--distill", type=float, default=0.0, metavar="SHARE",
                        help="share of the loss that is the dense network's answer (default 0)")  # fmt: skip
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", required=True, type=Path, help="folder for the fine-tuned network")
    parser.add_argument("--json", action="store_true", help="print the outcome as one JSON object")


def run(args):
    _check(args)
    report = reporter(args)
    report.step(0, 1, "taking the network out")

    from ..core.study import load_study
    from ..datasets import find
    from ..datasets.checking import checked_source
    from ..datasets.labels import check_fit
    from ..training.finetune import finetune, of_folder, of_plan
    from ..training.recipe import Recipe
    from .extract import read_plan

    source = find(args.data)
    if args.plan or args.budget:
        study = load_study(args.source)
        pruned = of_plan(study, read_plan(study, args.plan, args.budget))
    else:
        pruned = of_folder(Path(args.source))
    check_fit(source.train, source, pruned.ref)
    recipe = Recipe(epochs=args.epochs, batch=args.batch, rate=args.rate, decay=0.01, distill=args.distill,
                    seed=args.seed)  # fmt: skip
    source = checked_source(source, report, images=args.images, seed=args.seed, skip_bad=args.skip_bad)
    outcome = finetune(pruned, source, recipe, args.out, report, images=args.images)
    if outcome is None:  # another process of several says it
        return
    if args.json:
        print_json(asdict(outcome))
    else:
        report.message(_sentence(outcome))
    if args.job:
        report.result(**asdict(outcome))


def _check(args) -> None:
    """Raises MdpError for numbers that make no sense, before anything is loaded."""
    for name, least in (("epochs", 0), ("batch", 1), ("images", 1)):
        value = getattr(args, name)
        if value is not None and value < least:
            raise MdpError(f"--{name} {value} cannot be used; give {least} or more.")
    if not 0 < args.rate <= 10:
        raise MdpError(f"--rate {args.rate:g} cannot be used; give a learning rate such as 0.0005.")
    if not 0 <= args.distill <= 1:
        raise MdpError(f"--distill {args.distill:g} cannot be used; give a share from 0 to 1.")
    if not (args.plan or args.budget or Path(args.source).is_dir()):
        raise MdpError(
            f"{args.source} is not a folder with a pruned network. Make one with `mdp extract`, or give a "
            "study with --plan or --budget."
        )


def _sentence(o) -> str:
    def share(value):
        return "unknown" if value is None else f"{100 * value:.2f} %"

    text = (
        f"{o.path}: accuracy {share(o.accuracy_dense)} dense, {share(o.accuracy_pruned)} pruned, "
        f"{share(o.accuracy_tuned) if o.epochs else 'not'} fine-tuned, on {o.test_images:,} test images."
    )
    if o.latency_measured is not None:
        promised = "" if o.latency_predicted is None else f", predicted {o.latency_predicted:.4g} ms"
        text += (
            f" Latency measured {o.latency_measured:.4g} ms{promised}; dense {o.latency_measured_dense:.4g} "
            f"ms ({o.device})."
        )
    return text
