"""`mdp kit`: a folder with everything to time on a device that is not here."""

from . import reporter
from .model_args import model_of


def run(args):
    from ..families import find, outline
    from ..latency.kit import make_kit
    from ..networks.models import create
    from .profile import width_step

    report = reporter(args)
    ref = model_of(args)
    outline(ref, split_blocks=args.split_blocks)
    model = create(ref, load_weights=False)
    found = find(model, ref, width_step=width_step(args.width_step), split_blocks=args.split_blocks)
    told = {"split_blocks": bool(args.split_blocks)}
    kit = make_kit(
        found,
        args.out,
        batch=args.batch,
        entries=args.entries,
        share=args.share,
        found_with=told,
        report=report,
    )
    networks = sum(item["kind"] == "network" for item in kit.items)
    report.message(
        f"{args.out}: {len(kit.items) - networks} parts and {networks} whole networks to time. README.txt "
        "says how; carry the folder there, and results.csv back."
    )
    if args.job:
        report.result(path=str(args.out))
