"""`mdp repair`: fit a pruned network to the dense one in closed form, on a few unlabelled images."""

import os
from pathlib import Path

from ..core.errors import MdpError
from ..core.files import check_writable
from ..core.plan import plan_to_json
from ..core.study import load_study
from . import print_json, reporter


def run(args):
    from ..training.pruned import of_folder, of_plan
    from .extract import read_plan
    from .study_images import check_named

    report = reporter(args)
    if args.plan or args.budget:
        study = load_study(args.source)
        check_named(study, args.data)  # before a plan is sought and a folder is made
        pruned = of_plan(study, read_plan(study, args.plan, args.budget, report))
    elif os.path.isdir(args.source):
        pruned = of_folder(Path(args.source))
    else:
        raise MdpError(
            f"{args.source} is not a folder with a pruned network. Make one with `mdp extract`, or give a "
            "study with --plan or --budget."
        )
    check_writable(args.out)
    network, told = repaired(pruned, args, report, args.seed)
    from ..surgery import save

    extra = {"repair": told.to_json()}
    if pruned.study:
        extra["study"] = pruned.study.name
    if pruned.plan:
        extra["plan"] = plan_to_json(pruned.plan)
    folder = save(network, args.out, extra)
    report.message(f"{folder}: {told.text}")
    if args.json:
        print_json({"path": str(folder), "seconds": round(told.seconds, 2), **told.to_json()})
    if args.job:
        report.result(path=str(folder), **told.to_json())


def repaired(pruned, args, report, seed: int = 0):
    """(the network, the report) for the images that the words name.

    Raises:
        MdpError: as `mdp.reconstruction.repair`, for images that cannot be had, and where the dense network's
            weights are not at hand.
    """
    from ..datasets.checking import checked_source
    from ..datasets.labels import check_fit
    from ..datasets.loader import loader
    from ..networks.models import create
    from ..reconstruction import repair
    from .study_images import images_of

    if pruned.trained:
        raise MdpError("This network was repaired or trained on since it was cut; repair it before that.")
    source, ref = images_of(pruned.study, args.data), pruned.ref
    if ref.weights == "none":
        raise MdpError(f"The dense {ref.name} has random weights, which were not kept: it teaches nothing.")
    check_fit(source.train, source, ref)
    source = checked_source(source, report, images=args.images, seed=seed, skip_bad=args.skip_bad)
    report.message(source.summary)
    batches = loader(source.train.sample(args.images, seed), source, ref, 64)
    return repair(pruned.network, create(ref), batches, report, seed=seed)
